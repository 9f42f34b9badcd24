from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from mlflow_azure.console import text
from mlflow_azure.deadline import Deadline
from mlflow_azure.errors import ContainerEngineError, TimedOutError
from mlflow_azure.events import Action, Failed, Finished, Planned, Progressed, Started, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlflow_azure.errors import AzureRefusedError
    from mlflow_azure.events import Event
    from tests.support.consoles import Steps, Terminal

WARNING = """\
Warning: the registry's admin user is on
Next: mlflow-azure deploy --identity
"""
WIDE = f"""\
{WARNING}\
  ✓ resource group      mlflow-rg             unchanged
  ✓ container registry  mlflow3f9a1c02        created           10 s
  ✓ App Service plan    mlflowappserviceplan  created          6.1 s
  ✓ image               mlflowimage:latest    replaced    1 min 38 s
  ✓ web app             mlflow-3f9a1c02       updated           25 s
  ✓ health              mlflow-3f9a1c02       responding        31 s
"""
NARROW = f"""\
{WARNING}\
  ✓ resource group      mlflow-rg     unchanged
  ✓ container registry  mlflow3f9a1…  created           10 s
  ✓ App Service plan    mlflowappse…  created          6.1 s
  ✓ image               mlflowimage…  replaced    1 min 38 s
  ✓ web app             mlflow-3f9a…  updated           25 s
  ✓ health              mlflow-3f9a…  responding        31 s
"""
FAILED = f"""\
{WARNING}\
  ✓ resource group      mlflow-rg             unchanged
  ✓ container registry  mlflow3f9a1c02        created           10 s
  ✓ App Service plan    mlflowappserviceplan  created          6.1 s
  ✓ image               mlflowimage:latest    replaced    1 min 38 s
  ✗ web app             mlflow-3f9a1c02       failed            23 s
  - health              mlflow-3f9a1c02       skipped     waits for web app

Error: creating web app mlflow-3f9a1c02: the name is taken
Next: choose another: --web-app-name NAME
"""


def test_a_deploy_ends_with_every_step_on_the_screen(
    terminal: Callable[[int, int], Terminal], steps: type[Steps]
) -> None:
    screen = terminal(100, 30)
    screen.console().watch(steps.deploy())
    screen.hang_up()
    assert screen.shown == WIDE


def test_names_give_way_to_a_narrow_terminal(terminal: Callable[[int, int], Terminal], steps: type[Steps]) -> None:
    screen = terminal(60, 30)
    screen.console().watch(steps.deploy())
    screen.hang_up()
    assert screen.shown == NARROW


def test_a_failed_deploy_ends_with_the_failure_and_its_error(
    terminal: Callable[[int, int], Terminal], steps: type[Steps], name_taken: AzureRefusedError
) -> None:
    screen = terminal(100, 30)
    console = screen.console()
    console.watch(steps.failed_deploy())
    console.failure("deploy", name_taken)
    screen.hang_up()
    assert screen.shown == FAILED
    assert screen.colour("✗ web app", "✗") == "red"
    assert screen.colour("Error:", "Error:") == "red"


def test_why_a_step_failed_is_shown_while_others_still_run(
    terminal: Callable[[int, int], Terminal], steps: type[Steps], name_taken: AzureRefusedError
) -> None:
    screen = terminal(60, 30)

    def deploy() -> Iterator[Event]:
        yield Planned((steps.image, steps.site))
        yield from (Started(steps.image), Started(steps.site), Failed(steps.site, 2.0, name_taken))
        screen.wait_for("web app mlflow-3f9a1c02 failed: creating web app")
        yield Finished(steps.image, 5.0)

    screen.console().watch(deploy())
    screen.hang_up()
    assert screen.shown.startswith(
        "web app mlflow-3f9a1c02 failed: creating web app\nmlflow-3f9a1c02: the name is taken\n"
    )


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_no_word_is_broken_and_a_command_is_left_in_one_piece(
    terminal: Callable[[int, int], Terminal], columns: int
) -> None:
    screen = terminal(columns, 30)
    command = "mlflow-azure destroy --cloud emulator --rg-name team-mlflow"
    said = f"what was made is kept, and what was begun goes on. To take everything down: {command}. It asks before."
    screen.console().warn("the deployment to resource group team-mlflow was left half way, as it was asked", said)
    screen.hang_up()
    words = "\n".join(screen.lines).split()
    assert " ".join(words) == (
        "Warning: the deployment to resource group team-mlflow was left half way, as it was asked Next: "
        + said.replace(f"{command}.", command)
    )
    assert any(command in line for line in screen.lines)


def test_a_command_with_no_room_beside_its_label_stands_below_it(terminal: Callable[[int, int], Terminal]) -> None:
    screen = terminal(44, 30)
    command = "mlflow-azure deploy --rg-name team-mlflow"
    screen.console().warn("it is stopped", command)
    screen.hang_up()
    assert screen.lines == ["Warning: it is stopped", "Next:", command]


def test_a_long_value_goes_on_below_its_own_beginning(terminal: Callable[[int, int], Terminal]) -> None:
    screen = terminal(60, 30)
    shown = text.fields(
        [("Server", "answers"), ("Image", "localhost:25402/mlflowimage:latest (19e98a0420bc, the newest)")]
    )
    screen.console().result("status", {}, shown)
    screen.hang_up()
    assert screen.shown == (
        "Server  answers\nImage   localhost:25402/mlflowimage:latest (19e98a0420bc,\n        the newest)\n"
    )


def test_while_it_runs_every_step_is_there_with_its_state(
    terminal: Callable[[int, int], Terminal], steps: type[Steps]
) -> None:
    screen = terminal(80, 30)

    def deploy() -> Iterator[Event]:
        yield from steps.until_the_image_is_pushed()
        shown = screen.wait_for("pushing 55 MB of 100 MB", "3 of 6 done · ")
        assert shown[2] == "  ✓ resource group      mlflow-rg             unchanged"
        assert shown[4].startswith("  ✓ App Service plan")
        assert "image               mlflowimage:latest    replacing" in shown[5]
        assert shown[6] == "    ━━━━━━━━━━━─────────  55%  pushing 55 MB of 100 MB"
        assert shown[7] == "  · web app             mlflow-3f9a1c02       update"
        assert shown[8] == "  · health              mlflow-3f9a1c02       check"
        assert shown[10].startswith("  3 of 6 done · ")
        assert screen.screen.cursor.hidden

    screen.console().watch(deploy())
    screen.hang_up()
    assert "interrupted" in screen.shown
    assert not screen.screen.cursor.hidden


def test_the_time_of_a_running_step_ticks(terminal: Callable[[int, int], Terminal], steps: type[Steps]) -> None:
    screen = terminal(80, 30)

    def seconds() -> int:
        found = re.search(r"creating +(\d+) s", screen.shown)
        return int(found[1]) if found else -1

    def deploy() -> Iterator[Event]:
        yield Planned((steps.plan,))
        yield Started(steps.plan)
        screen.wait_until(lambda: seconds() >= 0)
        first = seconds()
        screen.wait_until(lambda: seconds() > first)
        yield Finished(steps.plan, 1.0)

    screen.console().watch(deploy())


def test_the_lines_of_a_build_are_shown_without_what_moves_the_cursor(
    terminal: Callable[[int, int], Terminal], steps: type[Steps]
) -> None:
    screen = terminal(60, 30)

    def deploy() -> Iterator[Event]:
        yield Planned(steps.every)
        yield Started(steps.image)
        yield Progressed(steps.image, f"\x1b[2J\x1b[31mStep 2/2 : RUN {'x' * 80}\x1b[0m\r\n")
        shown = screen.wait_for("    Step 2/2 : RUN xxx", "of 6 done")
        assert max(map(len, shown)) <= 60
        assert sum("xxx" in line for line in shown) == 1
        yield Finished(steps.image, 1.0)

    screen.console().watch(deploy())


def test_a_run_longer_than_the_terminal_stays_on_one_screen_until_it_ends(
    terminal: Callable[[int, int], Terminal],
) -> None:
    screen = terminal(60, 8)
    steps = [Step(str(i), "file share", f"share{i:02}", Action.CREATE) for i in range(20)]

    def deploy() -> Iterator[Event]:
        yield Planned(tuple(steps))
        for done, step in enumerate(steps):
            yield Started(step)
            screen.wait_for(f"{step.name}  creating")
            screen.wait_for(f"{done} of 20 done")
            assert not screen.screen.history.top
            yield Finished(step, 1.0)

    screen.console().watch(deploy())
    screen.hang_up()
    assert screen.lines == [f"  ✓ file share  share{i:02}  created   1 s" for i in range(20)]


def test_no_color_takes_only_the_colours_away(terminal: Callable[[int, int], Terminal], steps: type[Steps]) -> None:
    screens = {"": terminal(100, 30), "1": terminal(100, 30)}
    for value, screen in screens.items():
        console = screen.console(environ={"NO_COLOR": value})
        console.watch(steps.deploy())
        console.result("plan", {}, text.changes(steps.every))
        screen.hang_up()
    assert screens[""].shown == screens["1"].shown
    assert screens[""].colour("✓ web app", "✓") == "green"
    assert screens[""].colour("+ App Service plan", "+") == "green"
    assert screens[""].colour("~ web app", "~") == "brown"  # what terminals call their yellow
    assert screens["1"].colour("✓ web app", "✓") == "default"
    assert screens["1"].colour("+ App Service plan", "+") == "default"


@pytest.mark.parametrize("environ", [{"CI": "true"}, {"TERM": "dumb"}])
def test_in_ci_and_on_dumb_terminals_nothing_is_drawn_in_place(
    terminal: Callable[[int, int], Terminal], steps: type[Steps], environ: dict[str, str]
) -> None:
    screen = terminal(100, 30)
    screen.console(environ=environ).watch(steps.deploy())
    screen.hang_up()
    assert "web app             mlflow-3f9a1c02       updated in 25 s" in screen.lines
    assert "✓" not in screen.shown


def test_warnings_and_notes_during_a_run_appear_above_it(
    terminal: Callable[[int, int], Terminal], steps: type[Steps]
) -> None:
    screen = terminal(80, 30)
    console = screen.console(verbose=True)

    def deploy() -> Iterator[Event]:
        yield Planned((steps.plan,))
        yield Started(steps.plan)
        screen.wait_for("creating")
        console.note("using Docker")
        console.detail("GET [/bold] 200")
        console.warn("slow")
        yield Finished(steps.plan, 3.0)

    console.watch(deploy())
    screen.hang_up()
    assert screen.lines == [
        "using Docker",
        "GET [/bold] 200",
        "Warning: slow",
        "  ✓ App Service plan  mlflowappserviceplan  created   3 s",
    ]


def test_silent_work_shows_a_line_that_is_gone_afterwards(terminal: Callable[[int, int], Terminal]) -> None:
    screen = terminal(80, 30)
    console = screen.console()
    with console.busy("Reading what is in Azure"):
        screen.wait_for("Reading what is in Azure")
        console.note("a note")
    console.result("plan", {}, "the plan")
    screen.hang_up()
    assert screen.lines == ["a note", "the plan"]
    assert not screen.screen.cursor.hidden


def test_an_error_that_quotes_escape_sequences_cannot_paint_the_terminal(
    terminal: Callable[[int, int], Terminal],
) -> None:
    screen = terminal(80, 30)
    error = ContainerEngineError("building:\n\x1b[31mpip failed\x1b[0m\n\x1b[2Jcode 1", hint="see the log")
    screen.console().failure("deploy", error)
    screen.hang_up()
    assert screen.lines == ["Error: building:", "pip failed", "code 1", "Next: see the log"]
    assert screen.colour("pip failed", "pip") == "default"


@pytest.mark.parametrize("raised", [KeyboardInterrupt, RuntimeError])
def test_whatever_a_run_raises_the_terminal_is_restored(
    terminal: Callable[[int, int], Terminal], steps: type[Steps], raised: type[BaseException]
) -> None:
    screen = terminal(80, 30)

    def deploy() -> Iterator[Event]:
        yield Planned((steps.plan, steps.site))
        yield Started(steps.plan)
        screen.wait_for("creating")
        raise raised

    console = screen.console()
    with pytest.raises(raised):
        console.watch(deploy())
    console.note("after")
    screen.hang_up()
    assert not screen.screen.cursor.hidden
    assert screen.lines[0].startswith("  ! App Service plan  mlflowappserviceplan  interrupted")
    assert screen.lines[-1] == "after"


def test_a_fault_in_the_drawing_restores_the_terminal(
    terminal: Callable[[int, int], Terminal], steps: type[Steps]
) -> None:
    screen = terminal(80, 30)
    unprintable = Step("x", None, "no kind", Action.CREATE)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        screen.console().watch([Planned((steps.plan, unprintable))])
    screen.hang_up()
    assert not screen.screen.cursor.hidden


def test_a_question_is_answered_on_the_keyboard(terminal: Callable[[int, int], Terminal]) -> None:
    screen = terminal(80, 30)
    console = screen.console(output="json")
    for keys, answer in ((b"y\n", True), (b"YES\n", True), (b"\n", False), (b"n\n", False), (b"\x04", False)):
        screen.type(keys)
        assert console.confirm("Delete 9 resources?") is answer
    screen.hang_up()
    assert screen.shown.count("Delete 9 resources? [y/N]") == 5


def test_a_question_that_nobody_answers_ends_at_the_deadline(terminal: Callable[[int, int], Terminal]) -> None:
    screen = terminal(80, 30)
    console = screen.console(deadline=Deadline(0.1))
    with pytest.raises(TimedOutError):
        console.confirm("Delete 9 resources?")
    console.note("the next line")
    screen.type(b"\n")  # to whoever still reads the keyboard
    screen.hang_up()
    assert screen.lines[:2] == ["Delete 9 resources? [y/N]", "the next line"]
