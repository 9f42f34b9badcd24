"""Every command that a text of the package shows can be pasted: the real parser takes it, for the same deployment."""

from __future__ import annotations

import ast
import re
import shlex
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mlflow_azure.azure.clouds import CloudName
from mlflow_azure.cli.invocation import Common
from mlflow_azure.cli.lazy import LazyCommand
from mlflow_azure.cli.names import NAMES, PROGRAM
from mlflow_azure.cli.options import chosen
from mlflow_azure.cli.target import HOME, RUNTIME, aimed, program
from mlflow_azure.settings import SETTINGS, Loaded, load

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(__file__).parents[3] / "src" / "mlflow_azure"
NO_HINTS = {
    "data/manifest.py",  # what a backup says made it
    "settings/render.py",  # a comment in a file that may move to another machine
}
OF_NO_DEPLOYMENT = tuple(f"{PROGRAM} {name}" for name in ("settings init", "settings import", "emulator"))
ASKS_NO_CLOUD = f"{PROGRAM} settings show"
NAME = "|".join(re.escape(name) for name in sorted(NAMES, key=len, reverse=True))
COMMAND = re.compile(rf"(?<![\w/.-]){PROGRAM} (?:{NAME})(?![\w-])")
ENDING = re.compile(r"\.?$|\. |\n|, |; |`| ?[()]")
UNKNOWN = "3"
"""What is only known at run time: it may be a port as well as a name."""
GIVEN = {"RG_NAME": "team(1)", "WEB_APP_NAME": "mlflow-team", "MLFLOW_VERSION": "3", "ALLOW_IP": "10.0.0.0/8,::1"}


def texts(node: ast.AST) -> Iterator[str]:
    """The texts in a module, but for docstrings. What is put into one is UNKNOWN; beside a word, it is left out."""
    if isinstance(node, ast.JoinedStr):
        text = ""
        for part in node.values:
            text += str(part.value) if isinstance(part, ast.Constant) else "" if text[-1:].isalpha() else UNKNOWN
        yield text
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    else:
        for child in ast.iter_child_nodes(node):
            if not (isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)):
                yield from texts(child)


@cache
def hints() -> tuple[str, ...]:
    """Each text that shows a command."""
    files = [path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).as_posix() not in NO_HINTS]
    found = {text for path in files for text in texts(ast.parse(path.read_text("utf-8")))}
    return tuple(sorted(text.replace("PORT", "5001") for text in found if COMMAND.search(text)))


def commands(text: str) -> Iterator[str]:
    """Each command in a text, with its options and arguments."""
    for match in COMMAND.finditer(text):
        ending = ENDING.search(text, match.end())
        assert ending
        yield text[match.start() : ending.start()]


def parsed(pasted: str) -> tuple[dict[str, str], dict[str, Any]]:
    """The variables in front of a command, and what the parser takes from its words. Raises what it refuses."""
    words = shlex.split(pasted)
    start = words.index(shlex.split(program())[0])
    variables, rest = dict(each.split("=", 1) for each in words[:start]), words[start + 1 :]
    name = next(name for name in NAMES if rest[: len(name.split())] == name.split())
    arguments = [word for word in rest[len(name.split()) :] if word != "--help"]
    asked_for_help = len(arguments) < len(rest) - len(name.split())
    context = LazyCommand(name).load().make_context(name, arguments, resilient_parsing=asked_for_help)
    return variables, context.params


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Loaded:
    """The settings of a run in a shell that has a home of the emulator of its own, with a settings file."""
    monkeypatch.setenv(HOME, str(tmp_path / "it's home"))
    monkeypatch.setenv(RUNTIME, "process")
    file = tmp_path / "the team's.env"
    file.write_text("ASP_NAME=plan\n", encoding="utf-8")
    return load({}, GIVEN, file, tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_each_command_that_is_shown_is_about_the_same_deployment(name: str, run: Loaded, tmp_path: Path) -> None:
    """Its own options are those that it is shown for, such as another group."""
    common = Common(cloud=CloudName.EMULATOR, settings=run.file)
    for hint in hints():
        whole = aimed(hint, common, lambda: run)
        assert aimed(whole, common, lambda: run) == whole
        for command in commands(hint):
            if command.startswith(f"{PROGRAM} {name}"):
                pasted = aimed(command, common, lambda: run)
                assert pasted in whole
                variables, arguments = parsed(pasted)
                assert variables == {HOME: str(tmp_path / "it's home"), RUNTIME: "process"}, hint
                _check_target(command, arguments, run)


def test_each_example_of_the_help_is_a_line_that_the_parser_takes() -> None:
    shown = [line for path in PACKAGE.rglob("cli/commands/*.py") for line in _examples(path.read_text("utf-8"))]
    assert len(shown) > len(NAMES)
    for line in shown:
        parsed(line.replace(PROGRAM, program(), 1))


def _examples(module: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(module)):
        if isinstance(node, ast.FunctionDef):
            examples = (ast.get_docstring(node) or "").partition("Examples:\n")[2]
            yield from (match[0] for match in re.finditer(rf"{PROGRAM} [^|)#\n]*", examples))


def _check_target(command: str, arguments: dict[str, Any], run: Loaded) -> None:
    if command.startswith(OF_NO_DEPLOYMENT):
        return
    assert arguments["cloud"] == CloudName.EMULATOR or command.startswith(ASKS_NO_CLOUD), command
    assert arguments["settings"] == run.file, command
    again = load(chosen(dict(arguments)), {}, arguments["settings"], Path("/"))
    own = {name for name, setting in SETTINGS.items() if {setting.option, *setting.spellings} & set(command.split())}
    wrong = {name for name in SETTINGS if again.given(name) != run.given(name)}
    assert wrong <= own, command


def test_a_message_shows_no_command_because_only_hints_are_made_to_name_the_deployment() -> None:
    found = {text for path in PACKAGE.rglob("*.py") for text in _messages(ast.parse(path.read_text("utf-8")))}
    assert not [text for text in found if COMMAND.search(text)]


def _messages(module: ast.AST) -> Iterator[str]:
    """What the errors and warnings of a module say happened."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and node.args and ast.unparse(node.func).endswith(("Error", "Warned", ".warn")):
            yield from texts(node.args[0])
