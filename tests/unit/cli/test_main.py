"""What a line answers with that ends before its command begins."""

from __future__ import annotations

import atexit
import json
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

import pytest

from mlflow_azure.cli.main import main
from mlflow_azure.cli.signals import SignalledError
from mlflow_azure.cli.start import ENDING

if TYPE_CHECKING:
    from collections.abc import Iterator

MODULE = "mlflow_azure.cli.commands.status"


class Ending:
    """An import system in which the import of one module ends like that."""

    def __init__(self, module: str, by: BaseException) -> None:
        self.module = module
        self.by = by

    def find_spec(self, name: str, *_: Any) -> None:
        if name == self.module:
            raise self.by


@pytest.fixture(autouse=True)
def _signals_as_they_were() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in ENDING}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(autouse=True)
def _the_process_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which `main` ends at once, after it did what is to be done before: pytest's own is to be done later."""
    monkeypatch.setattr(os, "_exit", sys.exit)
    monkeypatch.setattr(atexit, "_run_exitfuncs", lambda: None)


def ended(monkeypatch: pytest.MonkeyPatch, by: BaseException, *options: str, module: str = MODULE) -> int:
    """The exit code of a line during which the import of a module ends like that."""
    monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setattr(sys, "meta_path", [Ending(module, by), *sys.meta_path])
    with pytest.raises(SystemExit) as end:
        main(["status", "--output", "json", *options])
    return int(str(end.value.code))


@pytest.mark.parametrize(
    ("by", "exit_code", "code", "words"),
    [
        (EOFError("marshal data too short"), 1, "InternalError", "EOFError: marshal data too short"),
        (ImportError("no such thing"), 1, "InternalError", "ImportError: no such thing"),
        (KeyboardInterrupt(), 130, "Interrupted", "stopped by Ctrl+C"),
        (SignalledError(signal.SIGTERM), 143, "Interrupted", "stopped by SIGTERM"),
    ],
    ids=["cut-off module", "missing module", "Ctrl+C", "SIGTERM"],
)
def test_what_ends_the_import_of_a_command_is_answered_as_what_it_is(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    by: BaseException,
    exit_code: int,
    code: str,
    words: str,
) -> None:
    assert ended(monkeypatch, by) == exit_code
    answer = json.loads(capsys.readouterr().out)
    assert answer["command"] == "status"
    assert [each["code"] for each in answer["errors"]] == [code]
    assert words in answer["errors"][0]["message"]


def test_the_traceback_of_a_command_that_cannot_be_imported_is_shown_when_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(monkeypatch, EOFError("marshal data too short")) == 1
    assert "Traceback" not in capsys.readouterr().err
    assert ended(monkeypatch, EOFError("marshal data too short"), "--verbose") == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(("by", "exit_code"), [(KeyboardInterrupt(), 130), (SignalledError(signal.SIGHUP), 129)])
def test_a_signal_while_typer_loads_what_it_parses_with_leaves_an_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], by: BaseException, exit_code: int
) -> None:
    monkeypatch.delattr("typer._adapters", raising=False)
    assert ended(monkeypatch, by, "--timeout", "1", module="typer._adapters") == exit_code
    assert json.loads(capsys.readouterr().out)["errors"][0]["code"] == "Interrupted"
