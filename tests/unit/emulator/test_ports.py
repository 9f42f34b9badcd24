from __future__ import annotations

import socket
from pathlib import Path

from mlflow_azure.emulator.ports import FIRST_PORT, LAST_PORT, Ports, is_free
from mlflow_azure.emulator.state import State


def ports_of(directory: Path, name: str) -> tuple[State, Ports]:
    home = directory / name
    home.mkdir(exist_ok=True)
    state = State(home / "state.json")
    return state, Ports(state, home, directory / "claims")


def test_a_purpose_keeps_its_port_when_the_state_is_read_again(tmp_path: Path) -> None:
    state, ports = ports_of(tmp_path, "home")
    port = ports.of("site/one")
    state.save()
    again = ports_of(tmp_path, "home")[1]
    assert again.of("site/one") == port
    assert again.of("site/two") != port
    assert FIRST_PORT <= port <= LAST_PORT


def test_two_homes_are_never_given_the_same_port(tmp_path: Path) -> None:
    first, second = ports_of(tmp_path, "first")[1], ports_of(tmp_path, "second")[1]
    taken = {first.of(f"site/{number}") for number in range(20)}
    assert taken.isdisjoint({second.of(f"site/{number}") for number in range(20)})


def test_a_port_that_something_listens_on_is_not_given(tmp_path: Path) -> None:
    wanted = ports_of(tmp_path, "home")[1].of("first try")
    with socket.create_server(("127.0.0.1", wanted)):
        assert not is_free(wanted)
        (tmp_path / "home" / "state.json").unlink(missing_ok=True)
        assert ports_of(tmp_path, "home")[1].of("second try") != wanted
    assert is_free(wanted)


def test_the_ports_of_a_home_that_is_gone_are_given_again(tmp_path: Path) -> None:
    gone = ports_of(tmp_path, "gone")[1]
    port = gone.of("site/one")
    (tmp_path / "gone").rmdir()
    claims = tmp_path / "claims" / str(port)
    assert claims.exists()
    heir = ports_of(tmp_path, "gone")[1]
    assert heir.of("site/one") == port


def test_a_released_port_is_free_for_others(tmp_path: Path) -> None:
    ports = ports_of(tmp_path, "home")[1]
    port = ports.of("site/one")
    ports.release("site/one")
    assert not (tmp_path / "claims" / str(port)).exists()
    assert ports.of("site/two") == port
