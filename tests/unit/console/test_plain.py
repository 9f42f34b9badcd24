from __future__ import annotations

import io
import re
import threading
from typing import TYPE_CHECKING

import pytest

from mlflow_azure.console.plain import PlainDisplay
from mlflow_azure.console.printers import PlainPrinter
from mlflow_azure.console.streams import OutputStream
from mlflow_azure.events import Finished, Planned, Progressed, Started
from tests.support.consoles import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow_azure.events import Event
    from tests.support.consoles import Steps, Streams

DEPLOY = """\
resource group      mlflow-rg             unchanged
Warning: the registry's admin user is on
Next: mlflow-azure deploy --identity
container registry  mlflow3f9a1c02        created in 10 s
App Service plan    mlflowappserviceplan  created in 6.1 s
    image: Step 1/2 : FROM python:3.11-slim-bookworm
    image: Step 2/2 : RUN pip install
    image: 50 %  pushing 55 MB of 100 MB
image               mlflowimage:latest    replaced in 1 min 38 s
"""


def test_a_deploy_is_one_line_per_change(streams: type[Streams], steps: type[Steps]) -> None:
    given = streams()
    given.console.watch(steps.deploy())
    assert given.err == DEPLOY + (
        "web app             mlflow-3f9a1c02       updated in 25 s\n"
        "health              mlflow-3f9a1c02       responding in 31 s\n"
    )
    assert given.out == ""


def test_a_failed_deploy_says_what_failed_and_what_was_not_tried(streams: type[Streams], steps: type[Steps]) -> None:
    given = streams(output="json")
    given.console.watch(steps.failed_deploy())
    assert given.err == DEPLOY + (
        "web app             mlflow-3f9a1c02       failed after 23 s: creating web app mlflow-3f9a1c02: the "
        "name is taken\n"
        "health              mlflow-3f9a1c02       skipped: waits for web app\n"
    )
    assert given.out == ""


def test_a_message_that_repeats_is_written_once(streams: type[Streams], steps: type[Steps]) -> None:
    given = streams()
    events = steps.until_the_image_is_pushed()
    step_two = events[-3]
    given.console.watch([*events[:-3], step_two, step_two, step_two])
    assert given.err.count("Step 2/2") == 1


def test_a_count_that_goes_on_is_told_with_the_signs_of_life_only(steps: type[Steps]) -> None:
    mentioned = threading.Event()

    class Log(io.StringIO):
        def write(self, text: str) -> int:
            written = super().write(text)
            if "1,200 files" in self.getvalue():
                mentioned.set()
            return written

    def copying() -> Iterator[Event]:
        yield Planned((steps.plan,))
        yield Started(steps.plan)
        yield Progressed(steps.plan, "1 file, 10 B")
        yield Progressed(steps.plan, "2 files, 3.1 KiB, 12 files/s")
        yield Progressed(steps.plan, "1,200 files, 2.0 GiB, 8.2 MiB/s, 3 min left")
        assert mentioned.wait(PATIENCE)
        yield Progressed(steps.plan, "comparing")
        yield Finished(steps.plan, 61.0)

    log = Log()
    PlainDisplay(PlainPrinter(OutputStream(log, {})), silence=0.02).watch(copying())
    told = [line for line in log.getvalue().splitlines() if "still" not in line]
    assert told == [
        "    App Service plan: 1 file, 10 B",
        "    App Service plan: comparing",
        "App Service plan  mlflowappserviceplan  created in 1 min 01 s",
    ]
    assert re.search(r"still creating after \d+ s: 1,200 files, 2.0 GiB, 8.2 MiB/s, 3 min left\n", log.getvalue())


def test_a_silent_step_shows_that_it_lives(steps: type[Steps]) -> None:
    """The run goes on only once the silent step was mentioned twice, so no clock decides this test."""
    mentioned_twice = threading.Event()

    class Log(io.StringIO):
        def write(self, text: str) -> int:
            written = super().write(text)
            if self.getvalue().count("still creating") == 2:
                mentioned_twice.set()
            return written

    def slow_run() -> Iterator[Event]:
        yield Planned((steps.plan,))
        yield Started(steps.plan)
        assert mentioned_twice.wait(PATIENCE)
        yield Finished(steps.plan, 61.0)

    log = Log()
    PlainDisplay(PlainPrinter(OutputStream(log, {})), silence=0.02).watch(slow_run())
    lines = log.getvalue().splitlines()
    assert re.fullmatch(r"App Service plan  mlflowappserviceplan  still creating after \d+ s", lines[0])
    assert lines[-1] == "App Service plan  mlflowappserviceplan  created in 1 min 01 s"


@pytest.mark.parametrize("raised", [KeyboardInterrupt, RuntimeError])
def test_what_a_run_raises_is_raised_on_and_no_thread_is_left(
    streams: type[Streams], steps: type[Steps], raised: type[BaseException]
) -> None:
    def broken_run() -> Iterator[Event]:
        yield Planned((steps.plan,))
        raise raised

    before = set(threading.enumerate())
    with pytest.raises(raised):
        streams().console.watch(broken_run())
    assert set(threading.enumerate()) <= before
