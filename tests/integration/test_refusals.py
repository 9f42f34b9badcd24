"""What Azure refuses, and what is wrong before it is asked: exit code, reason, next step, and nothing written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.command import Command
    from tests.support.running_emulator import Emulator

pytestmark = pytest.mark.light

JSON = ("--cloud", "emulator", "--output", "json")


def registered(emulator: Emulator) -> None:
    """As in a subscription that was used before."""
    namespaces = ("Microsoft.Storage", "Microsoft.ContainerRegistry", "Microsoft.Web")
    emulator.control("PUT", "providers", dict.fromkeys(namespaces, "Registered"))


def test_every_wrong_setting_is_told_at_once_and_nothing_is_sent(cli: Command, emulator: Emulator) -> None:
    (cli.directory / "mlflow-azure.env").write_text("ACR_NAME=no-hyphens\nMLFLOW_WORKERS=many\n")
    errors = cli("deploy", *JSON, "--rg-name", "ends.in.", STORAGE_ACCOUNT_NAME="UPPER")
    assert errors.exit_code == 2
    told = " ".join(error["message"] for error in errors.errors)
    for setting in ("RG_NAME", "--rg-name", "ACR_NAME", "mlflow-azure.env", "MLFLOW_WORKERS", "STORAGE_ACCOUNT_NAME"):
        assert setting in told
    assert emulator.requests == []


def test_without_a_credential_the_exit_code_is_3_and_the_hint_says_how_to_sign_in(cli: Command) -> None:
    answer = cli("plan", "--output", "json", AZURE_TOKEN_CREDENTIALS="EnvironmentCredential")
    assert answer.exit_code == 3
    assert "az login" in answer.errors[0]["hint"]


def test_a_plan_quota_of_zero_is_told_as_quota(cli: Command, emulator: Emulator) -> None:
    registered(emulator)
    emulator.control("PUT", "quota", {"serverfarms": 0})
    answer = cli("deploy", *JSON, "--build", "none")
    assert answer.exit_code == 4
    assert any("quota" in error["message"].lower() and "--asp-sku" in error["hint"] for error in answer.errors)


def test_a_group_that_others_made_is_not_touched_unless_adopted(cli: Command, emulator: Emulator) -> None:
    group = ("--rg-name", "theirs")
    emulator.azure.resources.resource_groups.create_or_update(
        "theirs", {"location": "westeurope", "tags": {"team": "research"}}
    )
    emulator.forget_requests()
    answer = cli("deploy", *JSON, *group)
    assert answer.exit_code == 2
    assert "--adopt" in answer.errors[0]["hint"]
    assert emulator.writes == []

    changes = cli("plan", *JSON, *group, "--adopt").data["changes"]
    assert {change["kind"]: change["action"] for change in changes}["resource group"] == "update"


def test_a_subscription_is_chosen_only_where_there_is_no_choice(cli: Command, emulator: Emulator) -> None:
    answer = cli("plan", *JSON, SUBSCRIPTION_ID="11111111-1111-1111-1111-111111111111")
    assert answer.exit_code == 4
    assert "--subscription-id" in answer.errors[0]["hint"]


def test_a_deploy_that_azure_throttles_goes_on_when_azure_says(cli: Command, emulator: Emulator) -> None:
    emulator.fail(method="PUT", path="resourcegroups", times=2, kind="status", status=429, headers={"Retry-After": "1"})
    answer = cli("deploy", *JSON, "--build", "none")
    created = [row["kind"] for row in answer.answer["data"]["resources"] if row["action"] == "create"]
    assert "resource group" in created


def test_what_takes_longer_than_the_timeout_ends_with_exit_code_9(cli: Command, emulator: Emulator) -> None:
    emulator.control("PUT", "latency", {"profile": "azure", "scale": 1})
    answer = cli("deploy", *JSON, "--timeout", "2")
    assert answer.exit_code == 9
    assert "--timeout" in answer.errors[0]["hint"]


def test_a_malformed_subscription_is_refused_before_signing_in(cli: Command) -> None:
    answer = cli("plan", "--output", "json", SUBSCRIPTION_ID="mine", AZURE_TOKEN_CREDENTIALS="EnvironmentCredential")
    assert answer.exit_code == 2
    assert "SUBSCRIPTION_ID" in answer.errors[0]["message"]
