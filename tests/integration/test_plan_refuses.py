"""What keeps a deploy from working is told before the first write, and by a plan with the same code."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from mlflow_azure.image.context import mlflow_release
from mlflow_azure.resources.arm import MLFLOW_VERSION, RELEASE, our_tags

if TYPE_CHECKING:
    from tests.support.command import Command, Result
    from tests.support.running_emulator import Emulator

pytestmark = pytest.mark.light

JSON = ("--cloud", "emulator", "--output", "json")
THREE = ("--mlflow", "3", "--public")
PROVIDERS = ("ContainerRegistry", "DBforPostgreSQL", "ManagedIdentity", "Storage", "Web")
REGISTERED = {f"Microsoft.{name}": "Registered" for name in PROVIDERS}
ALL_RIGHTS: dict[str, Any] = {"actions": ["*"], "notActions": []}
WEST = {"location": "westeurope"}
FOREIGN, ELSEWHERE, LOCKED, REGISTRY, NEWER = "theirs", "elsewhere", "locked", "arm-tokens", "newer"
NOBODY = "11111111-2222-3333-4444-555555555555"
DENIAL = {"name": "stack-lock", "actions": ["Microsoft.Web/sites/write"], "group": LOCKED}

SETTINGS = {
    "a malformed name": ("--acr-name", "no-hyphens"),
    "a malformed subscription": ("--subscription-id", "mine"),
    "a plan too small for MLflow 3": (*THREE, "--asp-sku", "F1"),
    "a size that does not scale by its load": (*THREE, "--asp-sku", "B1", "--autoscale", "1-3"),
    "a size of PostgreSQL that there is not": (*THREE, "--postgres-sku", "Z9"),
    "a user that there is not": ("--auth", "--allow-user", "ann@example.com"),
    "a database for MLflow 1.5.0": ("--backend-uri-secret", "https://theirs.vault.azure.net/secrets/mlflow"),
    "a registry's password for MLflow 3": (*THREE, "--no-identity"),
    "a build here without containers": ("--build", "local"),
    "certificates that there are not": ("--build-ca", "nowhere.pem"),
    "a group of someone else": ("--rg-name", FOREIGN),
    "a registry in another region": ("--rg-name", ELSEWHERE, "--acr-name", "elsewhere0"),
    "another MLflow than the deployed one": ("--rg-name", NEWER, "--web-app-name", "newer-app"),
    "a newer release of MLflow": ("--rg-name", NEWER, "--web-app-name", "newer-app", *THREE),
}
"""Arguments that are wrong: exit code 2."""
REFUSED: dict[str, tuple[str, Any, tuple[str, ...], str]] = {
    "a storage account's name": (
        *("names", {"storage": ["taken0"]}, ("--storage-account-name", "taken0")),
        "AlreadyExists",
    ),
    "a registry's name": ("names", {"registry": ["taken0"]}, ("--acr-name", "taken0"), "AlreadyExists"),
    "a web app's name": ("names", {"site": ["taken0"]}, ("--web-app-name", "taken0"), "AlreadyExists"),
    "a server's name": (
        *("names", {"postgres": ["taken0"]}, (*THREE, "--postgres-server-name", "taken0")),
        "AlreadyExists",
    ),
    "a region that there is not": ("names", {}, ("--rg-location", "nowhere"), "LocationNotAvailableForResourceType"),
    "a region without the size": (
        "names",
        {},
        ("--rg-location", "belgiumcentral"),
        "LocationNotAvailableForResourceType",
    ),
    "a region without PostgreSQL": ("quota", {"offerRestricted": ["westeurope"]}, THREE, "PostgresNotOffered"),
    "no cores left": ("quota", {"cores": 0}, (), "QuotaExceeded"),
    "no cores left for MLflow 3": ("quota", {"cores": 0}, THREE, "QuotaExceeded"),
    "the rights of a reader": ("permissions", {"actions": ["*/read"], "notActions": []}, (), "AuthorizationFailed"),
    "a right that is lacking": (
        *("permissions", {**ALL_RIGHTS, "notActions": ["Microsoft.Web/sites/config/write"]}, ()),
        "AuthorizationFailed",
    ),
    "a deny assignment": (
        *("permissions", {**ALL_RIGHTS, "denyAssignments": [DENIAL]}, ("--rg-name", LOCKED)),
        "DenyAssignmentAuthorizationFailed",
    ),
    "no right to assign roles": (
        *("permissions", {**ALL_RIGHTS, "notActions": ["Microsoft.Authorization/*/write"]}, THREE),
        "RoleAssignmentRefused",
    ),
    "a registry that takes no tokens": (
        *("names", {}, ("--rg-name", REGISTRY, "--acr-name", "armtokens0", "--identity")),
        "RegistryRefusesArmTokens",
    ),
    "a subscription that is not there": ("names", {}, ("--subscription-id", NOBODY), "SubscriptionNotFound"),
}
"""What is ordered, with which arguments, and the code: exit code 4."""
RIGHTS = {"the rights of a reader", "a right that is lacking", "a deny assignment", "no right to assign roles"}
"""What a plan warns of: whoever looks at it need not be who carries it out."""
FORBIDDEN: dict[str, tuple[dict[str, Any], tuple[str, ...], str]] = {
    "a policy": ({"deny": ["Microsoft.Storage/storageAccounts"]}, (), "RequestDisallowedByPolicy"),
    "a policy against keys": ({"allowSharedKeyAccess": False}, (), "KeyBasedAuthenticationNotPermitted"),
    "a policy of the group": (
        *({"deny": ["Microsoft.Web/sites"], "group": LOCKED}, ("--rg-name", LOCKED)),
        "RequestDisallowedByPolicy",
    ),
}
"""Policies, and the code with which Azure refuses what they forbid."""


@pytest.fixture(scope="module")
def subscription(shared_emulator: Emulator) -> Emulator:
    """A subscription in which something is, but no deployment."""
    azure = shared_emulator.azure
    shared_emulator.control("PUT", "providers", REGISTERED)
    groups = azure.resources.resource_groups
    for name, where, tags in (
        (FOREIGN, "westeurope", {"team": "research"}),
        *((name, "westeurope", our_tags(name)) for name in (ELSEWHERE, LOCKED, REGISTRY, NEWER)),
    ):
        groups.create_or_update(name, {"location": where, "tags": tags})
    registries = azure.registries.registries
    policies = {"azureADAuthenticationAsArmPolicy": {"status": "disabled"}}
    for group, name, where in (ELSEWHERE, "elsewhere0", "northeurope"), (REGISTRY, "armtokens0", "westeurope"):
        basic = {"sku": {"name": "Basic"}, "properties": {"adminUserEnabled": True}}
        registries.begin_create(group, name, {**basic, "location": where, "tags": our_tags(group)}).result()
    registries.begin_update(REGISTRY, "armtokens0", {"properties": {"policies": policies}}).result()
    site = {**WEST, "properties": {"serverFarmId": azure.plan(NEWER).id}}
    release = f"{int(mlflow_release().partition('.')[0]) + 1}.0.0"
    tags = {**our_tags(NEWER), MLFLOW_VERSION: "3", RELEASE: release}
    azure.web.web_apps.begin_create_or_update(NEWER, "newer-app", {**site, "tags": tags}).result()
    return shared_emulator


def both(cli: Command, arguments: tuple[str, ...]) -> tuple[Result, Result]:
    """A plan and a deploy with the same arguments, at the same time."""
    with ThreadPoolExecutor(2) as pool:
        plan, deploy = (pool.submit(cli, command, *JSON, *arguments) for command in ("plan", "deploy"))
        return plan.result(), deploy.result()


def ending(result: Result) -> tuple[int, list[str]]:
    """The exit code, and the codes of the errors."""
    return result.exit_code, sorted(each["code"] for each in result.errors)


@pytest.mark.parametrize("arguments", SETTINGS.values(), ids=SETTINGS.keys())
def test_wrong_arguments_are_refused_alike(
    shared_cli: Command, subscription: Emulator, arguments: tuple[str, ...]
) -> None:
    subscription.forget_requests()
    plan, deploy = both(shared_cli, arguments)
    assert ending(plan) == ending(deploy)
    assert deploy.exit_code == 2
    assert subscription.writes == []


@pytest.mark.parametrize("case", REFUSED)
def test_what_azure_would_refuse_is_told_alike(shared_cli: Command, subscription: Emulator, case: str) -> None:
    section, order, arguments, code = REFUSED[case]
    subscription.control("PUT", section, order)
    subscription.forget_requests()
    try:
        plan, deploy = both(shared_cli, arguments)
    finally:
        subscription.control("PUT", section, ALL_RIGHTS if section == "permissions" else {})
    assert ending(deploy) == (4, [code])
    if order and section == "names":
        assert arguments[-2] in deploy.errors[0]["hint"]
    assert subscription.writes == []
    if case in RIGHTS:
        assert plan.data["changes"]
        assert f"Warning: {deploy.errors[0]['message']}" in plan.stderr
    else:
        assert ending(plan) == ending(deploy)


@pytest.mark.parametrize("case", FORBIDDEN)
def test_a_plan_asks_what_policies_forbid(shared_cli: Command, subscription: Emulator, case: str) -> None:
    order, arguments, code = FORBIDDEN[case]
    subscription.control("PUT", "policies", order)
    subscription.forget_requests()
    plan = shared_cli("plan", *JSON, *arguments)
    subscription.control("PUT", "policies", {})
    assert ending(plan) == (4, [code])
    assert subscription.writes == []


def test_a_disabled_subscription_is_told_alike(shared_cli: Command, subscription: Emulator) -> None:
    found = {"subscriptionId": subscription.azure.subscription, "displayName": "Old", "state": "Enabled"}
    subscription.control("PUT", "subscriptions", [{**found, "state": "Disabled"}])
    plan, deploy = both(shared_cli, ())
    subscription.control("PUT", "subscriptions", [found])
    assert ending(plan) == ending(deploy)
    assert [each["code"] for each in plan.errors] == ["ReadOnlyDisabledSubscription"]


def test_a_provider_that_may_not_be_registered_is_told_alike(shared_cli: Command, subscription: Emulator) -> None:
    subscription.control("PUT", "providers", {**REGISTERED, "Microsoft.Storage": "NotRegistered"})
    subscription.control("PUT", "permissions", {**ALL_RIGHTS, "notActions": ["*/register/action"]})
    subscription.forget_requests()
    plan, deploy = both(shared_cli, ())
    subscription.control("PUT", "providers", REGISTERED)
    subscription.control("PUT", "permissions", ALL_RIGHTS)
    assert deploy.exit_code == 4
    assert "Microsoft.Storage/register/action" in deploy.errors[0]["message"]
    assert deploy.errors[0]["message"] in plan.stderr
    assert subscription.writes == []


def test_a_plan_says_that_an_image_is_lacking_which_is_not_to_be_built(
    shared_cli: Command, subscription: Emulator
) -> None:
    plan = shared_cli("plan", *JSON, "--build", "none")
    assert (plan.exit_code, [each["code"] for each in plan.errors]) == (1, ["ImageNotFound"])
    assert plan.answer["data"]["changes"]


def test_whoever_may_not_register_an_application_is_warned(shared_cli: Command, subscription: Emulator) -> None:
    subscription.control("PUT", "permissions", {**ALL_RIGHTS, "graph": "read"})
    plan = shared_cli("plan", "--cloud", "emulator", "--auth")
    subscription.control("PUT", "permissions", ALL_RIGHTS)
    assert plan.exit_code == 0
    assert "--auth may be refused" in plan.stderr
