"""Everything that a deploy needs, checked without changing anything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from mlflow_azure.deployment.checks.finding import Outcome
from mlflow_azure.deployment.checks.machine import compared
from mlflow_azure.deployment.checks.services import tier
from mlflow_azure.errors import MlflowAzureError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.command import Command, Result
    from tests.support.running_emulator import Emulator

pytestmark = pytest.mark.light

JSON = ("--cloud", "emulator", "--output", "json")
HEALTHY: dict[str, Any] = {
    "providers": dict.fromkeys(("Microsoft.Storage", "Microsoft.ContainerRegistry", "Microsoft.Web"), "Registered"),
    "permissions": {"actions": ["*"], "notActions": []},
    "policies": {},
    "quota": {},
    "names": {},
}


@pytest.fixture
def azure(shared_emulator: Emulator) -> Iterator[Emulator]:
    """The module's emulator, in which nothing is wrong and nothing deployed."""
    subscription = shared_emulator.azure.subscription
    enabled = [{"subscriptionId": subscription, "displayName": "Emulator", "state": "Enabled"}]
    for section, value in {**HEALTHY, "subscriptions": enabled}.items():
        shared_emulator.control("PUT", section, value)
    shared_emulator.forget_requests()
    yield shared_emulator
    assert shared_emulator.writes == []


def checks(result: Result) -> dict[str, dict[str, str]]:
    return {row["check"]: row for row in result.answer["data"]["checks"]}


def test_where_nothing_is_wrong_the_doctor_says_so_and_exits_with_0(azure: Emulator, shared_cli: Command) -> None:
    examined = shared_cli("doctor", *JSON)
    assert examined.data["ready"]
    assert {row["outcome"] for row in checks(examined).values()} <= {"ok", "warning"}
    assert all(row["fix"] for row in checks(examined).values() if row["outcome"] != "ok")


def test_each_line_of_the_text_has_its_sign_and_each_failure_its_fix(azure: Emulator, shared_cli: Command) -> None:
    azure.control("PUT", "permissions", {"actions": ["*/read"], "notActions": []})
    lines = shared_cli("doctor", "--cloud", "emulator").stdout.splitlines()
    assert any(line.startswith("✓ sign-in") for line in lines)
    number = next(number for number, line in enumerate(lines) if line.startswith("✗ permissions"))
    assert "Contributor" in lines[number + 1]


@pytest.mark.parametrize(
    ("section", "fault", "check", "detail", "fix"),
    [
        ("permissions", {"actions": ["*/read"], "notActions": []}, "permissions", "sites/write", "Contributor"),
        ("quota", {"cores": 0}, "quota", "0 of 0 used", "Usage + quotas"),
        ("names", {"registry": ["takenbysomeone"]}, "names", "is already in use", "--acr-name NAME"),
        ("policies", {"allowSharedKeyAccess": False}, "policies", "shared keys", "exemption"),
        ("policies", {"deny": ["Microsoft.Web/sites"]}, "policies", "forbids Microsoft.Web/sites", "exemption"),
    ],
)
def test_a_planted_fault_is_found_with_its_fix(
    azure: Emulator, shared_cli: Command, section: str, fault: Any, check: str, detail: str, fix: str
) -> None:
    azure.control("PUT", section, fault)
    examined = shared_cli("doctor", *JSON, "--acr-name", "takenbysomeone")
    assert examined.exit_code == 4
    found = checks(examined)[check]
    assert found["outcome"] == "failed"
    assert detail in found["detail"]
    assert fix in found["fix"]
    assert [error["hint"] for error in examined.errors] == [found["fix"]]


def test_a_policy_of_the_resource_group_alone_is_found(azure: Emulator, shared_cli: Command) -> None:
    group = {"location": "westeurope", "tags": {"managed-by": "mlflow-azure"}}
    azure.azure.resources.resource_groups.create_or_update("governed", group)
    azure.forget_requests()
    azure.control("PUT", "policies", {"deny": ["Microsoft.Web/sites"], "group": "governed"})
    assert "forbids Microsoft.Web/sites" in checks(shared_cli.of("governed")("doctor", *JSON))["policies"]["detail"]
    assert checks(shared_cli("doctor", *JSON))["policies"]["outcome"] == "ok"


def test_a_deny_assignment_is_found_and_stops_a_deploy_before_it_writes(azure: Emulator, shared_cli: Command) -> None:
    group = {"location": "westeurope", "tags": {"managed-by": "mlflow-azure"}}
    azure.azure.resources.resource_groups.create_or_update("locked", group)
    denial = {"name": "stack-lock", "actions": ["Microsoft.Web/sites/write"], "group": "locked"}
    azure.control("PUT", "permissions", {"actions": ["*"], "notActions": [], "denyAssignments": [denial]})
    cli = shared_cli.of("locked")
    assert "deny assignment stack-lock" in checks(cli("doctor", *JSON))["permissions"]["detail"]
    azure.forget_requests()
    refused = cli("deploy", *JSON)
    assert (refused.exit_code, refused.errors[0]["code"]) == (4, "DenyAssignmentAuthorizationFailed")
    assert azure.writes == []
    assert checks(shared_cli("doctor", *JSON))["permissions"]["outcome"] == "ok"


def test_whoever_may_not_register_an_application_is_told_so_before_they_ask_for_sign_in(
    azure: Emulator, shared_cli: Command
) -> None:
    azure.control("PUT", "permissions", {"actions": ["*"], "notActions": [], "graph": "read"})
    found = checks(shared_cli("doctor", *JSON))["registrations"]
    assert found["outcome"] == "warning"
    assert "Application Developer" in found["fix"]


def test_a_disabled_subscription_is_found(azure: Emulator, shared_cli: Command) -> None:
    disabled = {"subscriptionId": azure.azure.subscription, "displayName": "Old", "state": "Disabled"}
    azure.control("PUT", "subscriptions", [disabled])
    examined = shared_cli("doctor", *JSON)
    assert examined.exit_code == 4
    assert "is Disabled" in checks(examined)["subscription"]["detail"]


def test_a_region_without_the_size_is_found_with_those_that_have_it(azure: Emulator, shared_cli: Command) -> None:
    examined = shared_cli("doctor", *JSON, "--rg-location", "belgiumcentral")
    assert examined.exit_code == 4
    assert "westeurope" in checks(examined)["region"]["fix"]


def test_a_provider_that_may_not_be_registered_is_found(azure: Emulator, shared_cli: Command) -> None:
    azure.control("PUT", "providers", {**HEALTHY["providers"], "Microsoft.Web": "NotRegistered"})
    assert "a deploy registers them" in checks(shared_cli("doctor", *JSON))["providers"]["detail"]
    azure.control("PUT", "permissions", {"actions": ["*"], "notActions": ["*/register/action"]})
    examined = shared_cli("doctor", *JSON)
    assert examined.exit_code == 4
    assert "az provider register --namespace Microsoft.Web" in checks(examined)["providers"]["fix"]


def test_several_faults_are_found_at_once(azure: Emulator, shared_cli: Command) -> None:
    azure.control("PUT", "quota", {"cores": 0})
    azure.control("PUT", "policies", {"allowSharedKeyAccess": False})
    azure.control("PUT", "names", {"site": ["takenbysomeone"]})
    examined = shared_cli("doctor", *JSON, "--web-app-name", "takenbysomeone")
    failed = {name for name, row in checks(examined).items() if row["outcome"] == "failed"}
    assert failed == {"quota", "policies", "names"}
    assert len(examined.errors) == 3


def test_a_missing_container_engine_is_a_warning_since_the_registry_can_build(
    azure: Emulator, shared_cli: Command
) -> None:
    examined = shared_cli("doctor", *JSON, DOCKER_HOST="tcp://127.0.0.1:1")
    assert examined.exit_code == 0
    found = checks(examined)["container engine"]
    assert found["outcome"] == "warning"
    assert "--build remote" in found["fix"]


def test_a_missing_right_to_assign_roles_is_a_warning(azure: Emulator, shared_cli: Command) -> None:
    azure.control("PUT", "permissions", {"actions": ["*"], "notActions": ["Microsoft.Authorization/*/write"]})
    examined = shared_cli("doctor", *JSON)
    assert examined.exit_code == 0
    assert checks(examined)["roles"]["outcome"] == "warning"


def test_without_a_sign_in_what_needs_one_is_not_checked(cli: Command) -> None:
    examined = cli("doctor", "--output", "json", AZURE_TOKEN_CREDENTIALS="EnvironmentCredential")
    assert examined.exit_code == 3
    found = checks(examined)
    assert "az login" in found["sign-in"]["fix"]
    assert found["permissions"]["detail"] == "not checked"
    assert found["disk"]["outcome"] != "failed"


@pytest.mark.parametrize(("minutes", "word"), [(10, "ahead of"), (-10, "behind")])
def test_a_clock_that_azure_would_not_accept_is_a_fault(minutes: int, word: str) -> None:
    now = datetime.now(UTC)
    with pytest.raises(MlflowAzureError, match=f"10 minutes {word} Azure's"):
        compared(now + timedelta(minutes=minutes), now)
    assert compared(now + timedelta(minutes=minutes / 10), now).outcome is Outcome.OK


@pytest.mark.parametrize(
    ("sku", "name"),
    [("F1", "Free"), ("B1", "Basic"), ("S1", "Standard"), ("P1v3", "PremiumV3"), ("P1mv3", "PremiumV3"), ("X9", None)],
)
def test_a_size_has_a_tier(sku: str, name: str | None) -> None:
    assert tier(sku) == name


NOT_MINE = "11111111-2222-3333-4444-555555555555"


def test_a_subscription_that_is_not_there_is_told_once(shared_cli: Command, shared_emulator: Emulator) -> None:
    refused = shared_cli("deploy", *JSON, "--subscription-id", NOT_MINE)
    assert refused.exit_code == 4
    (error,) = refused.errors
    assert NOT_MINE in error["message"]
    examined = shared_cli("doctor", *JSON, "--subscription-id", NOT_MINE)
    (error,) = examined.errors
    assert error["code"] == "SubscriptionNotFound"
    assert checks(examined)["quota"]["detail"] == "not checked"
    shown = shared_cli("doctor", "--cloud", "emulator", "--subscription-id", NOT_MINE).stdout
    assert shown.count("could not be found") == 1
    assert shown.count("Fix subscription first") == 1


def test_without_a_network_that_is_told_once(cli: Command) -> None:
    principal = {"AZURE_TENANT_ID": NOT_MINE, "AZURE_CLIENT_ID": NOT_MINE, "AZURE_CLIENT_SECRET": "not-a-secret"}
    offline = {"HTTPS_PROXY": "http://127.0.0.1:9", "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential", **principal}
    examined = cli("doctor", "--output", "json", **offline)
    found = checks(examined)
    assert found["sign-in"]["detail"] == "not checked"
    assert found["network"]["detail"].startswith("no connection to https://")
    assert found["clock"] | {"check": ""} == {
        "check": "",
        "outcome": "warning",
        "detail": "not checked",
        "fix": "Fix network first",
    }
    assert [error["code"] for error in examined.errors] == ["Unreachable"]
    shown = cli("doctor", **offline).stdout
    assert "! sign-in           not checked; nor were clock, subscription" in shown
    assert shown.count("Fix network first") == 1
