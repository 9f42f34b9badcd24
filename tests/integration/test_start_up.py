"""The command line starts without what it does not need: the packages that take long to import, and other commands."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mlflow_azure.cli.lazy import LazyCommand
from mlflow_azure.cli.main import command_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.command import Command

SLOW = {"azure", "docker", "requests", "mlflow", "paramiko"}
DRAWING = {"rich.markdown", "rich.syntax", "rich.traceback", "markdown_it", "pygments"}
COMMANDS = "mlflow_azure.cli.commands."


AT_THE_END = (
    "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr));"
    "from mlflow_azure.cli.start import main; main()"
)


def imported(*arguments: str) -> set[str]:
    """The modules that are there when a command has done its work."""
    line = [sys.executable, "-c", AT_THE_END, *arguments]
    return set(subprocess.run(line, capture_output=True, text=True, check=True).stderr.split())


def packages(modules: set[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}


@pytest.mark.parametrize(
    "arguments", [["--version"], ["--help"], ["deploy", "--help"], ["settings", "show"]], ids=" ".join
)
def test_asking_for_help_imports_no_azure_sdk(arguments: list[str]) -> None:
    modules = imported(*arguments)
    assert "typer" in modules
    assert not packages(modules) & SLOW
    assert not modules & DRAWING


@pytest.mark.parametrize(
    "arguments", [["--help"], ["deploy", "--help"], ["auth", "--help"], ["settings", "show", "--help"]], ids=" ".join
)
def test_help_is_shown_without_what_reads_the_values_of_options(arguments: list[str]) -> None:
    assert "pydantic" not in packages(imported(*arguments))


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["auth", "--help"]], ids=" ".join)
def test_what_is_about_no_command_imports_typer_and_the_names_of_the_commands(arguments: list[str]) -> None:
    modules = imported(*arguments)
    assert {module for module in modules if module.startswith("mlflow_azure.")} == {
        "mlflow_azure.cli",
        "mlflow_azure.cli.lazy",
        "mlflow_azure.cli.main",
        "mlflow_azure.cli.names",
        "mlflow_azure.cli.signals",
        "mlflow_azure.cli.start",
        "mlflow_azure.errors",
    } | ({"mlflow_azure.cli.commands"} & modules)
    assert "rich" not in packages(modules)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["settings", "show"], ["settings"]),
        (["status", "--help"], ["status"]),
        (["deploy", "--help"], ["deploy", "plan"]),  # a deploy with --dry-run is a plan
    ],
    ids=" ".join,
)
def test_a_command_imports_no_other(arguments: list[str], expected: list[str]) -> None:
    modules = imported(*arguments)
    assert sorted(module.removeprefix(COMMANDS) for module in modules if module.startswith(COMMANDS)) == expected


def commands() -> Iterator[LazyCommand]:
    """Every command, none of them imported."""
    for each in command_line().commands.values():
        inner = getattr(each, "commands", {})
        yield from (command for command in (*inner.values(), each) if isinstance(command, LazyCommand))


@pytest.mark.parametrize("command", list(commands()), ids=lambda command: command.path)
def test_a_command_is_listed_with_the_help_that_it_has_itself(command: LazyCommand) -> None:
    assert command.help
    assert command.help == command.load().help


def completions(cli: Command, line: str) -> list[str]:
    """What a shell offers for the last word of a line."""
    words = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1), "_MLFLOW_AZURE_COMPLETE": "complete_bash"}
    return cli(**words).stdout.split()


def test_a_shell_completes_commands_of_groups_options_and_their_values(cli: Command) -> None:
    assert completions(cli, "mlflow-azure de") == ["deploy", "destroy"]
    assert completions(cli, "mlflow-azure auth ") == ["enable", "disable", "token"]
    assert completions(cli, "mlflow-azure deploy --build-") == ["--build-ca"]
    assert completions(cli, "mlflow-azure deploy --build ") == ["auto", "local", "remote", "none"]


def test_a_command_that_is_misspelt_is_told_with_what_may_be_meant(cli: Command) -> None:
    assert "Did you mean deploy?" in cli("deplyo").stderr


def test_the_options_of_a_command_and_its_settings_have_sections_of_their_own(cli: Command) -> None:
    options, settings = cli("deploy", "--help").stdout.split("\nSettings:\n")
    assert "--dry-run" in options.partition("\nOptions:\n")[2]
    assert "--rg-name" in settings


def test_importing_the_settings_imports_no_azure_sdk_and_no_console() -> None:
    code = "import sys, mlflow_azure.settings; print(*{name.partition('.')[0] for name in sys.modules})"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"azure", "rich", "typer", "requests"} & set(modules)


ASSIGNING = """
import sys
from types import SimpleNamespace

from mlflow_azure.deadline import Deadline
from mlflow_azure.resources.role_assignment import RoleAssignment


class Azure:
    deadline, subscription_id = Deadline(), "subscription"

    @property
    def authorization(self):
        print("azure.mgmt.authorization.v2022_04_01.models" in sys.modules)
        return SimpleNamespace(role_assignments=self)

    def create_by_id(self, assignment, wanted):
        print(wanted.principal_id)


role = object.__new__(RoleAssignment)
role.azure, role.name = Azure(), "Role"
role.role = SimpleNamespace(guid="8f7e8d2c-0d6f-4b0b-9d58-6a2a2d4f6d3e")
role.scope = role.principal = SimpleNamespace(id="/scope")
role.create({"principalId": "somebody"}, None, None)
"""


def test_what_roles_are_assigned_with_is_imported_by_the_client_in_one_thread() -> None:
    """Two threads that import parts of a package at once may see half of it."""
    line = [sys.executable, "-c", ASSIGNING]
    assert subprocess.run(line, capture_output=True, text=True, check=True).stdout.split() == ["False", "somebody"]
