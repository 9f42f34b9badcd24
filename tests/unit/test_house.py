"""The shape of the code, where no linter looks at it."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

from mlflow_azure.cli.names import NAMES

PACKAGE = Path(__file__).parents[2] / "src" / "mlflow_azure"
COMMANDS = Path("cli", "commands")
MOST_LINES = 300
WITHOUT_POLL = {
    "client/environment.py",  # renews a token as long as the user's program runs
    "deadline.py",  # is it
    "kudu/logs.py",  # hands on the log meanwhile
    "local/log.py",  # likewise
}
VOCABULARY = {"__init__", "__main__", "deadline", "error_codes", "errors", "events", "secret"}


def test_a_file_is_short_enough_to_be_read_at_once() -> None:
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in PACKAGE.rglob("*.py")}
    assert {str(path): lines for path, lines in lengths.items() if lines > MOST_LINES} == {}


def test_beside_the_packages_there_is_only_what_all_of_them_speak_of() -> None:
    assert {path.stem for path in PACKAGE.glob("*.py")} == VOCABULARY


def test_each_command_or_group_is_one_file_that_is_named_as_it_is_typed() -> None:
    typed = {name.partition(" ")[0].replace("-", "_") for name in NAMES}
    assert {path.stem for path in (PACKAGE / COMMANDS).glob("*.py")} - {"__init__"} == typed


def test_modules_share_a_name_only_where_it_means_the_same() -> None:
    """A command is named like what it does. The emulator, which is sealed, has names of its own."""
    places: dict[str, set[str]] = defaultdict(set)
    for path in [*PACKAGE.rglob("*.py"), *(each.parent for each in PACKAGE.glob("*/**/__init__.py"))]:
        module = path.relative_to(PACKAGE).with_suffix("")
        if module.name != "__init__" and not module.is_relative_to("emulator") and module.parent != COMMANDS:
            places[module.name].add(str(module))
    assert {name: found for name, found in places.items() if len(found) > 1} == {
        "errors": {"errors", "data/errors"},
        "writes": {"resources/database/writes", "resources/web/writes"},
    }


def test_what_waits_for_something_to_come_about_waits_with_poll() -> None:
    """The emulator is another program."""
    files = [path for path in PACKAGE.rglob("*.py") if not path.is_relative_to(PACKAGE / "emulator")]
    looping = {path.relative_to(PACKAGE).as_posix() for path in files if _sleeps_in_a_loop(path)}
    assert looping == WITHOUT_POLL


def _sleeps_in_a_loop(path: Path) -> bool:
    loops = [each for each in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(each, ast.While | ast.For)]
    within = (node for loop in loops for node in ast.walk(loop))
    return any(isinstance(node, ast.Attribute) and node.attr == "sleep" for node in within)
