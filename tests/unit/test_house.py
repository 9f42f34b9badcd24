"""The shape of the code, where no linter looks at it."""

from __future__ import annotations

from pathlib import Path

from mlflow_azure.cli.names import NAMES

PACKAGE = Path(__file__).parents[2] / "src" / "mlflow_azure"
MOST_LINES = 300
VOCABULARY = {"__init__", "__main__", "deadline", "error_codes", "errors", "events", "secret"}


def test_a_file_is_short_enough_to_be_read_at_once() -> None:
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in PACKAGE.rglob("*.py")}
    assert {str(path): lines for path, lines in lengths.items() if lines > MOST_LINES} == {}


def test_beside_the_packages_there_is_only_what_all_of_them_speak_of() -> None:
    assert {path.stem for path in PACKAGE.glob("*.py")} == VOCABULARY


def test_each_command_or_group_is_one_file_that_is_named_as_it_is_typed() -> None:
    typed = {name.partition(" ")[0].replace("-", "_") for name in NAMES}
    assert {path.stem for path in (PACKAGE / "cli" / "commands").glob("*.py")} - {"__init__"} == typed
