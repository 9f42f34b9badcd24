"""What scripts rely on: streams, the JSON envelope, exit codes, where settings come from. docs/output.md says it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from mlflow_azure.cli.main import command_line
from tests.support.terminal import at_a_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.command import Command, Result
    from tests.support.running_emulator import Emulator

EMULATOR = ("--cloud", "emulator")
JSON = (*EMULATOR, "--output", "json")
EXIT_CODES = {0, 1, 2, 3, 4, 5, 9, 130}


def commands(group: Any, *path: str) -> Iterator[tuple[str, ...]]:
    """The path of every command of the command line: ("settings", "show")."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *path, name)
        else:
            yield (*path, name)


COMMANDS = [path for path in commands(command_line()) if path != ("emulator", "start")]
AZURE_COMMANDS = [path for path in COMMANDS if path[0] not in {"deploy", "emulator", "local-run"}]


def assert_envelope(answer: Result, path: tuple[str, ...]) -> None:
    envelope = answer.answer
    assert set(envelope) == {"version", "command", "status", "data", "errors"}
    assert (envelope["version"], envelope["command"]) == (1, " ".join(path))
    assert answer.exit_code in EXIT_CODES
    assert envelope["status"] == ("failed" if answer.exit_code else "ok")
    assert bool(envelope["errors"]) == bool(answer.exit_code)
    for error in envelope["errors"]:
        assert set(error) == {"code", "message", "hint"}
        assert all(error.values())
        assert error["code"] != "InternalError"
        assert error["message"] in answer.stderr


@pytest.mark.parametrize("path", AZURE_COMMANDS, ids=" ".join)
def test_every_command_answers_with_one_envelope_where_nothing_is_deployed(
    shared_cli: Command, shared_emulator: Emulator, path: tuple[str, ...]
) -> None:
    assert_envelope(shared_cli.of("empty")(*path, *JSON), path)


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_answers_with_one_envelope_to_a_line_that_cannot_be_parsed(
    cli: Command, path: tuple[str, ...]
) -> None:
    answer = cli(*path, "--output", "json", "--no-such-option")
    assert_envelope(answer, path)
    assert (answer.exit_code, answer.errors[0]["code"]) == (2, "Usage")
    assert f"mlflow-azure {' '.join(path)} --help" in answer.errors[0]["hint"]


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_a_help_text(cli: Command, path: tuple[str, ...]) -> None:
    answer = cli(*path, "--help")
    assert answer.exit_code == 0
    assert f"Usage: mlflow-azure {' '.join(path)}" in answer.stdout
    assert "--output" in answer.stdout
    assert answer.stderr == ""


@pytest.mark.parametrize("line", ["nonsense -o json", "deploy --output=json --timeout soon", "plan -o json --cloud x"])
def test_what_is_no_command_line_ends_with_exit_code_2(cli: Command, line: str) -> None:
    assert cli(*line.split()).errors[0]["code"] == "Usage"
    assert cli(*line.split()).exit_code == 2


def test_the_data_of_deploy_plan_and_status_has_the_documented_fields(
    shared_cli: Command, deployed: dict[str, Any]
) -> None:
    assert set(deployed) >= {"url", "tracking_uri", "seconds", "image", "resources"}
    assert set(deployed["image"]) == {"reference", "digest"}
    for row in deployed["resources"]:
        assert set(row) == {"kind", "name", "id", "action", "seconds"}

    changes = shared_cli("plan", *JSON, "--asp-sku", "B1").data["changes"]
    for change in changes:
        assert set(change) == {"kind", "name", "id", "action", "differences"}
    differences = [each for change in changes for each in change["differences"]]
    assert {"path": "sku.name", "from": "S1", "to": "B1"} in differences

    status = shared_cli("status", *JSON).data
    assert (status["url"], status["tracking_uri"], status["healthy"]) == (deployed["url"], deployed["url"], True)
    for row in status["resources"]:
        assert set(row) >= {"kind", "name", "id", "state"}


def test_stdout_carries_the_answer_and_stderr_everything_else(shared_cli: Command, deployed: dict[str, Any]) -> None:
    text = shared_cli("deploy", *EMULATOR)
    assert text.stdout.startswith("Up to date; nothing to change")
    assert deployed["url"] in text.stdout
    assert "unchanged" not in text.stdout
    assert "unchanged" in text.stderr
    assert "Anyone on the internet" not in text.stderr, "the emulator is reached from this machine only"
    for output in (text.stdout, text.stderr, shared_cli("plan", *EMULATOR).stdout):
        assert "\x1b" not in output


def test_a_plan_that_is_asked_for_as_a_dry_run_is_the_same(shared_cli: Command, deployed: dict[str, Any]) -> None:
    assert shared_cli("deploy", "--dry-run", *JSON).data == shared_cli("plan", *JSON).data


def test_a_plan_says_what_a_change_means_and_how_azure_spells_it_where_that_is_asked_for(
    shared_cli: Command, deployed: dict[str, Any]
) -> None:
    changed = ("--asp-sku", "B1", "--allow-ip", "10.0.0.0/8", "--mlflow-workers", "3")
    plain = shared_cli("plan", *EMULATOR, *changed).stdout
    assert "\n      access: anyone → only 10.0.0.0/8\n" in plain
    assert "\n      size: S1 → B1\n" in plain
    assert "\n      MLFLOW_SERVER_WORKERS: 1 → 3\n" in plain
    assert "properties." not in plain
    spelt = shared_cli("plan", *EMULATOR, *changed, "--verbose").stdout
    assert "properties.ipSecurityRestrictionsDefaultAction: (none) → Deny" in spelt
    rows = shared_cli("plan", *JSON, *changed).data["changes"]
    assert "properties.ipSecurityRestrictions" in {each["path"] for row in rows for each in row["differences"]}


def test_a_plan_has_one_line_for_each_resource_that_is_new(shared_cli: Command, deployed: dict[str, Any]) -> None:
    said = shared_cli("plan", *EMULATOR, "--rg-name", "not-yet", "--allow-ip", "10.0.0.0/8").stdout.splitlines()
    resources, total = said[:-2], said[-1]
    assert all(line.startswith("  + ") for line in resources)
    assert total.startswith(f"Plan: {len(resources)} to create")
    assert [line.split()[-2:] for line in resources if "app service plan" in line] == [["S1,", "westeurope"]]
    assert any(line.endswith("access: only 10.0.0.0/8") for line in resources)


def test_no_color_and_ci_are_honoured_at_a_terminal(shared_cli: Command, deployed: dict[str, Any]) -> None:
    colour = re.compile(r"\x1b\[[0-9;]*[34][0-7][0-9;]*m")
    movement = re.compile(r"\x1b\[[0-9]*[A-K]")
    shown = at_a_terminal(shared_cli, "deploy", *JSON, typed="").stderr
    assert colour.search(shown)
    assert movement.search(shown)
    assert not colour.search(at_a_terminal(shared_cli, "deploy", *JSON, typed="", NO_COLOR="1").stderr)
    assert not movement.search(at_a_terminal(shared_cli, "deploy", *JSON, typed="", CI="1").stderr)


def test_without_a_container_engine_what_needs_one_ends_with_exit_code_5(cli: Command) -> None:
    answer = cli("local-run", "--output", "json", DOCKER_HOST="tcp://127.0.0.1:9")
    assert_envelope(answer, ("local-run",))
    assert answer.exit_code == 5
    assert "Docker" in answer.errors[0]["hint"]


def test_settings_come_from_option_environment_file_and_default_in_this_order(
    shared_cli: Command, shared_emulator: Emulator
) -> None:
    wanted = {"ASP_SKU": "B3", "MLFLOW_WORKERS": "3", "STORAGE_FILE_SHARE_SIZE": "5", "RG_LOCATION": "northeurope"}
    file = shared_cli.directory / "our.env"
    file.write_text("".join(f"{name}={value}\n" for name, value in wanted.items()))
    environ = {"ASP_SKU": "B2", "MLFLOW_WORKERS": "2"}
    cli = shared_cli.of("four-sources")
    rows = cli("deploy", *JSON, "--settings", str(file), "--asp-sku", "B1", **environ).data["resources"]

    names = {row["kind"]: row["name"] for row in rows}
    azure, group = shared_emulator.azure, names["resource group"]
    assert azure.web.app_service_plans.get(group, names["app service plan"]).sku.name == "B1"
    settings = azure.web.web_apps.list_application_settings(group, names["web app"]).properties
    assert settings["MLFLOW_SERVER_WORKERS"] == "2"
    assert azure.storage.file_shares.get(group, names["storage account"], names["file share"]).share_quota == 5
    assert azure.resources.resource_groups.get(group).location == "northeurope"
    assert settings["WEBSITES_PORT"] == "5000"
