"""The questions of `init`, and what `list` finds afterwards."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.support.terminal import at_a_terminal

if TYPE_CHECKING:
    from tests.support.command import Command
    from tests.support.deployment import Deployment
    from tests.support.running_emulator import Emulator

JSON = ("--cloud", "emulator", "--output", "json")


def test_without_a_terminal_it_says_how_to_do_without_questions(cli: Command) -> None:
    refused = cli("init", "--output", "json", SUBSCRIPTION_ID="00000000-0000-0000-0000-000000000001")
    assert refused.exit_code == 2
    assert refused.errors[0]["code"] == "ConfirmationNeeded"
    assert "settings init" in refused.errors[0]["hint"]
    assert not (cli.directory / "mlflow-azure.env").exists()


def test_a_name_that_no_file_system_takes_is_refused_before_anything_is_asked(cli: Command) -> None:
    refused = cli("init", "--settings", "a" * 300, "--output", "json")
    assert (refused.exit_code, refused.errors[0]["code"]) == (1, "CannotWrite")


def test_the_answers_become_the_settings_file_and_the_plan_is_what_a_deploy_with_it_would_do(
    shared_cli: Command, shared_emulator: Emulator
) -> None:
    typed = "rg-asked\nnorth!europe\nNorth Europ\nNorth Europe\n\n2\nten\n10.0.0.0/8\n"
    asked = at_a_terminal(shared_cli, "init", *JSON, typed=typed)
    answer = json.loads(asked.stdout)
    assert asked.exit_code == 0, asked.stderr
    assert "must be an Azure region" in asked.stderr
    assert 'Your subscription has no region "North Europ". Did you mean northeurope?' in asked.stderr
    assert '"ten" is not a valid CIDR network' in asked.stderr
    assert answer["data"]["settings"] == {
        "RG_NAME": "rg-asked",
        "RG_LOCATION": "North Europe",
        "MLFLOW_VERSION": "1.5.0",
        "ALLOW_IP": "10.0.0.0/8",
    }
    assert {each["action"] for each in answer["data"]["changes"] if each["kind"] == "web app"} == {"create"}
    planned = shared_cli("plan", *JSON).data["changes"]
    assert planned == answer["data"]["changes"]

    typed_over = {"RG_LOCATION": "westeurope"}
    set_too = at_a_terminal(shared_cli, "init", *JSON, typed="\nNorth Europe\n\n2\n\ny\n", **typed_over)
    assert "The environment overrides the settings file: RG_LOCATION=westeurope." in set_too.stderr
    assert "unset RG_LOCATION" in set_too.stderr

    again = at_a_terminal(shared_cli, "init", *JSON, typed="\n\n\n1\nn\n")
    assert "Resource group [rg-asked]" in again.stderr
    assert "Overwrite mlflow-azure.env? [y/N]" in again.stderr
    assert "RG_NAME=rg-asked\n" in (shared_cli.directory / "mlflow-azure.env").read_text(encoding="utf-8")
    (shared_cli.directory / "mlflow-azure.env").unlink()


def test_a_new_settings_file_of_another_name_is_part_of_the_command_that_deploys(
    shared_cli: Command, shared_emulator: Emulator
) -> None:
    asked = at_a_terminal(shared_cli, "init", *JSON, "--settings", "team.env", typed="rg-team\n\n\n\n")
    deploy = json.loads(asked.stdout)["data"]["deploy"]
    assert f"--settings {shared_cli.directory / 'team.env'}" in deploy
    assert deploy.endswith(" --auth")
    assert "ALLOW_IP" not in (shared_cli.directory / "team.env").read_text(encoding="utf-8")


def test_the_list_has_each_deployment_and_the_emulator_on_this_machine(deployment: Deployment) -> None:
    data = deployment.json("list").data
    (found,) = data["deployments"]
    assert (found["group"], found["url"], found["mlflow"]) == ("mlflow-rg", deployment.url, "1.5.0")
    assert found["state"] == "Running"
    assert [(each["running"], each["urls"]) for each in data["emulators"]] == [(True, [deployment.url])]
    assert deployment.url in deployment("list").stdout


def test_where_there_is_nothing_the_list_says_so_and_starts_nothing(cli: Command) -> None:
    listed = cli("list", *JSON)
    assert listed.data == {"deployments": [], "emulators": []}
    assert cli("emulator", "status", "--output", "json").data["running"] is False


def test_a_list_that_starts_the_emulator_says_that_it_runs(cli: Command, emulator: Emulator) -> None:
    cli("emulator", "stop")
    listed = cli("list", *JSON)
    assert [(each["running"], each["home"]) for each in listed.data["emulators"]] == [(True, str(emulator.home.root))]


def test_a_deploy_opens_the_server_where_there_is_a_browser(deployment: Deployment) -> None:
    browser, shown = deployment.cli.directory / "browser", deployment.cli.directory / "shown"
    browser.write_text(f'#!/bin/sh\necho "$1" > {shown}\n', encoding="utf-8")
    browser.chmod(0o755)
    assert deployment("deploy", "--open", BROWSER=f"{browser} %s").exit_code == 0
    assert shown.read_text(encoding="utf-8").strip() == deployment.url
