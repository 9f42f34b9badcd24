from __future__ import annotations

import stat
from pathlib import Path

from mlflow_azure.emulator.state import State, previous


def test_what_was_saved_is_read_again(tmp_path: Path) -> None:
    state = State(tmp_path / "state.json")
    state.section("resources")["a"] = {"keys": ["ä"]}
    state.save()
    assert State(tmp_path / "state.json").section("resources") == {"a": {"keys": ["ä"]}}


def test_what_was_not_saved_is_not(tmp_path: Path) -> None:
    State(tmp_path / "state.json").section("resources")["a"] = 1
    assert not State(tmp_path / "state.json").section("resources")


def test_the_file_is_for_its_owner_only_and_is_not_written_without_a_change(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    state = State(file)
    state.section("resources")["a"] = 1
    state.save()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.unlink()
    state.save()
    assert not file.exists()


def test_a_draft_that_a_killed_process_left_does_no_harm(tmp_path: Path) -> None:
    state = State(tmp_path / "state.json")
    (tmp_path / "state.json.draft").write_text('{"resources": {"half')
    state.section("resources")["a"] = 1
    state.save()
    assert State(tmp_path / "state.json").section("resources") == {"a": 1}


def test_the_document_before_the_last_change_is_kept_beside_it(tmp_path: Path) -> None:
    state = State(tmp_path / "state.json")
    for number in (1, 2):
        state.section("resources")["a"] = number
        state.save()
    assert State(previous(tmp_path / "state.json")).section("resources") == {"a": 1}
    assert State(tmp_path / "state.json").section("resources") == {"a": 2}


def test_a_save_that_was_killed_between_its_two_steps_did_not_happen(tmp_path: Path) -> None:
    state = State(tmp_path / "state.json")
    state.section("resources")["a"] = 1
    state.save()
    (tmp_path / "state.json").replace(previous(tmp_path / "state.json"))
    state = State(tmp_path / "state.json")
    assert state.section("resources") == {"a": 1}
    state.save()
    assert State(tmp_path / "state.json").section("resources") == {"a": 1}
