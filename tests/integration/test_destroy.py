"""destroy: it shows what goes and asks, deletes what deploy made and nothing else, and can be run again."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

import pytest

from mlflow_azure.resources.entra.app_registration import deployment_tag
from tests.support.directory import registration
from tests.support.disturbed import held
from tests.support.terminal import at_a_terminal
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from tests.support.command import Command
    from tests.support.running_emulator import Emulator

pytestmark = pytest.mark.light

EMULATOR = ("--cloud", "emulator")
JSON = (*EMULATOR, "--output", "json")
DESTROY = ("destroy", *JSON, "--yes")
MADE = {"storage account", "container registry", "app service plan", "web app"}


@pytest.fixture
def cli(shared_cli: Command, request: pytest.FixtureRequest) -> Command:
    """The command line for a deployment of the test's own, in the emulator of the module."""
    return shared_cli.of(f"rg-{abs(hash(request.node.name))}")


@pytest.fixture
def emulator(shared_emulator: Emulator) -> Emulator:
    return shared_emulator


@pytest.fixture
def half(cli: Command, emulator: Emulator) -> dict[str, str]:
    """A deployment that came as far as the image: the names of what is there, by kind."""
    resources = cli("deploy", *JSON, "--build", "none").answer["data"]["resources"]
    emulator.forget_requests()
    return {row["kind"]: row["name"] for row in resources}


def groups(emulator: Emulator) -> set[str]:
    return {group.name for group in emulator.azure.resources.resource_groups.list()}


def in_group(emulator: Emulator, group: str) -> set[str]:
    return {resource.name for resource in emulator.azure.resources.resources.list_by_resource_group(group)}


def test_destroy_shows_what_goes_and_deletes_it_only_when_the_user_agrees(
    cli: Command, emulator: Emulator, half: dict[str, str]
) -> None:
    unasked = cli("destroy", *JSON)
    assert (unasked.exit_code, unasked.errors[0]["code"]) == (2, "ConfirmationNeeded")
    assert "--yes" in unasked.errors[0]["hint"]
    for kind in MADE | {"resource group"}:
        assert half[kind] in unasked.stderr

    refused = at_a_terminal(cli, "destroy", *JSON, typed="n\n")
    assert (refused.exit_code, refused.errors[0]["code"]) == (2, "NotConfirmed")
    assert "Delete all of this, with every run and artifact in the storage account? [y/N]" in refused.stderr
    assert emulator.writes == []

    agreed = at_a_terminal(cli, "destroy", *JSON, typed="y\n")
    assert [row["kind"] for row in agreed.data["resources"]] == ["resource group"]
    assert half["resource group"] not in groups(emulator)
    again = cli(*DESTROY).data
    assert (again["resources"], again["kept"], again["group_deleted"]) == ([], [], False)


def test_what_others_made_in_the_group_stays_and_keeps_the_group(
    cli: Command, emulator: Emulator, half: dict[str, str]
) -> None:
    group = half["resource group"]
    theirs = emulator.azure.account(group).name
    data = cli(*DESTROY).data
    assert {row["kind"] for row in data["resources"]} == MADE
    assert [row["name"] for row in data["kept"]] == [theirs]
    assert in_group(emulator, group) == {theirs}


@pytest.mark.parametrize("where", ["in the group", "in another group"])
def test_a_plan_on_which_another_site_runs_stays(
    cli: Command, emulator: Emulator, half: dict[str, str], where: str
) -> None:
    azure, group = emulator.azure, half["resource group"]
    plan = azure.web.app_service_plans.get(group, half["app service plan"])
    theirs = azure.site(group if where == "in the group" else azure.group(), plan)
    data = cli(*DESTROY).data
    assert {row["kind"] for row in data["resources"]} == MADE - {"app service plan"}
    assert plan.name in [row["name"] for row in data["kept"]]
    assert [site.name for site in azure.web.app_service_plans.list_web_apps(group, plan.name)] == [theirs.name]


def test_a_webhook_that_others_made_goes_with_our_registry_and_is_shown(
    cli: Command, emulator: Emulator, half: dict[str, str]
) -> None:
    wanted = {"location": "westeurope", "properties": {"serviceUri": "https://example.invalid", "actions": ["push"]}}
    registries, registry = emulator.azure.registries, half["container registry"]
    registries.webhooks.begin_create(half["resource group"], registry, "theirs", wanted).result()
    answer = cli(*DESTROY)
    assert f"{registry}/theirs" in answer.stderr
    assert answer.data["kept"] == []
    assert half["resource group"] not in groups(emulator)


def test_a_storage_account_that_is_kept_is_used_by_the_next_deploy(
    cli: Command, emulator: Emulator, half: dict[str, str]
) -> None:
    data = cli(*DESTROY, "--keep-data").data
    assert {row["kind"] for row in data["resources"]} == MADE - {"storage account"}
    assert in_group(emulator, half["resource group"]) == {half["storage account"]}

    again = cli("deploy", *JSON, "--build", "none").answer["data"]["resources"]
    kept = {row["kind"] for row in again if row["action"] == "keep"}
    assert kept >= {"resource group", "storage account", "blob container", "file share"}


def test_what_was_deleted_by_hand_is_not_missed(cli: Command, emulator: Emulator, half: dict[str, str]) -> None:
    azure, group = emulator.azure, half["resource group"]
    azure.account(group)  # keeps the group, so that the parts are deleted one by one
    azure.web.web_apps.delete(group, half["web app"], delete_empty_server_farm=True)
    assert {row["kind"] for row in cli(*DESTROY).data["resources"]} == {"storage account", "container registry"}


def test_what_someone_deletes_at_the_same_time_counts_as_deleted(
    cli: Command, emulator: Emulator, half: dict[str, str]
) -> None:
    emulator.azure.account(half["resource group"])
    for method, path in (("DELETE", "/registries/"), ("GET", "/serverfarms/[^/]+/sites$")):
        emulator.fail(method=method, path=path, kind="status", status=404, code="ResourceNotFound")
    assert cli(*DESTROY).exit_code == 0


FAULTS: list[dict[str, Any]] = [
    {"kind": "operation-failed"},
    {"kind": "cut-before", "times": 5},
    {"kind": "status", "status": 409, "code": "ScopeLocked", "message": "The scope is locked."},
]


def test_what_another_command_creates_meanwhile_outside_the_group_is_told(
    cli: Command, emulator: Emulator, half: dict[str, str]
) -> None:
    group = half["resource group"]
    with held(cli, *DESTROY, pattern=f"/resourcegroups/{group}/resources") as destroy:
        tag = deployment_tag(emulator.azure.endpoint["subscription_id"], group)
        made = registration(emulator.azure, tags=[tag])  # as `auth enable` does
    answer, _ = destroy.communicate()
    [error] = json.loads(answer)["errors"]
    assert (destroy.returncode, error["code"]) == (1, "ChangedMeanwhile")
    assert made["displayName"] in error["message"]
    assert group not in groups(emulator)
    assert [row["name"] for row in cli(*DESTROY).data["resources"]] == [made["displayName"]]
    assert cli(*DESTROY).data["resources"] == []


def test_a_destroy_that_fails_says_so_and_can_be_run_again(
    cli: Command, emulator: Emulator, half: dict[str, str]
) -> None:
    for fault in FAULTS:
        emulator.fail(method="DELETE", path="/resourcegroups/", **fault)
        answer = cli(*DESTROY)
        assert answer.exit_code in {1, 4}
        assert half["resource group"] in answer.errors[0]["message"]
        assert answer.answer["data"]["resources"] == []
        emulator.heal()
    assert cli(*DESTROY).exit_code == 0
    assert half["resource group"] not in groups(emulator)


def test_parts_that_cannot_be_deleted_do_not_hold_up_the_others(
    cli: Command, emulator: Emulator, half: dict[str, str]
) -> None:
    emulator.azure.account(half["resource group"])
    locked = {"kind": "status", "status": 409, "code": "ScopeLocked", "message": "The scope is locked."}
    emulator.fail(method="DELETE", path="/sites/", **locked)
    emulator.fail(method="DELETE", path="/registries/", **locked)
    answer = cli(*DESTROY)
    assert answer.exit_code == 4
    assert {row["kind"] for row in answer.answer["data"]["resources"]} == {"storage account"}
    assert {error["code"] for error in answer.errors} == {"ScopeLocked"}
    assert len(answer.errors) == 2
    assert {row["kind"] for row in cli(*DESTROY).data["resources"]} == MADE - {"storage account"}


def test_a_destroy_begins_nothing_after_its_deadline_and_goes_on_when_run_again(
    cli: Command, emulator: Emulator, half: dict[str, str]
) -> None:
    emulator.azure.account(half["resource group"])  # so that the parts go one by one, the plan after its web app
    emulator.forget_requests()
    later = {"status": 429, "headers": {"Retry-After": "100000"}}
    emulator.fail(method="DELETE", path="/sites/", kind="status", times=None, **later)
    answer = cli(*DESTROY, "--timeout", "5")
    assert (answer.exit_code, {error["code"] for error in answer.errors}) == (9, {"TimedOut"})
    assert not [write for write in emulator.writes if half["app service plan"] in write]
    emulator.heal()
    assert {row["kind"] for row in cli(*DESTROY).data["resources"]} >= {"web app", "app service plan"}


def test_an_interrupted_destroy_ends_with_130_and_goes_on_when_run_again(
    cli: Command, emulator: Emulator, half: dict[str, str]
) -> None:
    emulator.control("PUT", "latency", {"profile": "none", "reads": 100})
    destroy = cli.start(*DESTROY)
    wait_until(lambda: emulator.writes, destroy)
    destroy.send_signal(signal.SIGINT)
    destroy.communicate()
    assert destroy.returncode == 130
    emulator.control("PUT", "latency", {"profile": "none"})
    assert cli(*DESTROY).exit_code == 0
    assert half["resource group"] not in groups(emulator)
