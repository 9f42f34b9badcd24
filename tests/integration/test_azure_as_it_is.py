"""What Azure does now and then, or to those with few rights, and a deploy gets over or tells for what it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.command import Command
    from tests.support.running_emulator import Emulator

pytestmark = pytest.mark.light

JSON = ("--cloud", "emulator", "--output", "json")


@pytest.fixture
def azure(shared_emulator: Emulator) -> Iterator[Emulator]:
    """An emulator that is told how to be, and afterwards is as it was."""
    namespaces = ("Microsoft.Storage", "Microsoft.ContainerRegistry", "Microsoft.Web")
    shared_emulator.control("PUT", "providers", dict.fromkeys(namespaces, "Registered"))
    yield shared_emulator
    shared_emulator.control("PUT", "quirks", {})
    shared_emulator.control("PUT", "quota", {})
    shared_emulator.control("PUT", "permissions", {"actions": ["*"], "notActions": []})


def refused(cli: Command, *options: str) -> dict[str, Any]:
    answer = cli("deploy", *JSON, *options)
    assert answer.exit_code == 4, answer.stderr
    return answer.errors[0]


def test_a_quota_of_zero_is_told_as_such_and_not_as_a_missing_sign_in(shared_cli: Command, azure: Emulator) -> None:
    azure.control("PUT", "quota", {"instances": {"PremiumV3": 0}})
    error = refused(shared_cli.of("quota"), "--asp-sku", "P1v3")
    assert "quota of 0" in error["message"]
    assert "--asp-sku" in error["hint"]


def test_a_region_without_machines_is_told_with_what_to_change(shared_cli: Command, azure: Emulator) -> None:
    azure.control("PUT", "quirks", {"no_capacity": True})
    error = refused(shared_cli.of("capacity"))
    assert error["code"] == "NoCapacity"
    assert all(option in error["hint"] for option in ("--asp-sku", "--rg-location", "--rg-name"))


def test_a_busy_plan_and_a_web_app_that_is_busy_after_its_creation_are_waited_for(
    shared_cli: Command, azure: Emulator
) -> None:
    azure.control("PUT", "quirks", {"site_busy": 2})
    said = "Cannot modify this plan because another operation is in progress."
    azure.fail(method="PUT", path="/serverfarms/", kind="status", status=409, code="Conflict", message=said)
    answer = shared_cli.of("busy")("deploy", "--cloud", "emulator")
    assert answer.exit_code == 0, answer.stderr
    assert re.search("app service plan: .*busy with an earlier change", answer.stderr)
    assert re.search("container logs: .*busy with an earlier change", answer.stderr)


def test_a_plan_whose_web_app_was_just_deleted_is_waited_for(shared_cli: Command, azure: Emulator) -> None:
    cli = shared_cli.of("plan-in-use")
    assert cli("deploy", *JSON).data
    azure.control("PUT", "quirks", {"plan_in_use": 1})
    assert cli("destroy", *JSON, "--yes", "--keep-data").data["resources"]


def test_kudu_and_registry_are_asked_with_tokens_of_their_own(shared_cli: Command, azure: Emulator) -> None:
    cli = shared_cli.of("audiences")
    azure.control("PUT", "quirks", {"kudu_refuses_arm_tokens": True})
    assert cli("deploy", *JSON, "--identity").data
    assert cli("logs", "--cloud", "emulator").exit_code == 0


def test_an_identity_is_refused_where_the_registry_takes_no_tokens_for_resource_manager(
    shared_cli: Command, azure: Emulator
) -> None:
    cli = shared_cli.of("arm-tokens")
    registry = next(
        row["name"] for row in cli("deploy", *JSON).data["resources"] if row["kind"] == "container registry"
    )
    disabled = {"properties": {"policies": {"azureADAuthenticationAsArmPolicy": {"status": "disabled"}}}}
    azure.azure.registries.registries.begin_update("arm-tokens", registry, disabled).result()
    assert cli("deploy", *JSON, "--build", "remote").data  # ours asks with a token for registries
    azure.forget_requests()
    error = refused(cli, "--identity")
    assert f"az acr config authentication-as-arm update --registry {registry} --status enabled" in error["hint"]
    assert azure.writes == []
    off = {"properties": {"adminUserEnabled": False}}  # whose password would do as well
    azure.azure.registries.registries.begin_update("arm-tokens", registry, off).result()
    planned = {row["kind"]: row for row in cli("plan", *JSON).data["changes"]}
    assert "image" in planned
    differing = {each["path"]: each["to"] for each in planned["app settings"]["differences"]}
    assert differing == {"DOCKER_REGISTRY_SERVER_PASSWORD": "(known after deploy)"}


def test_a_subscription_of_another_tenant_is_told_with_how_to_sign_in_to_that_one(
    shared_cli: Command, azure: Emulator
) -> None:
    other = "11111111-1111-1111-1111-111111111111"
    own = {"subscriptionId": azure.azure.subscription, "displayName": "Emulator", "state": "Enabled"}
    azure.control("PUT", "subscriptions", [{**own, "tenantId": other}])
    answer = shared_cli.of("tenant")("plan", *JSON)
    azure.control("PUT", "subscriptions", [own])
    assert answer.exit_code == 3
    assert f"az login --tenant {other}." in answer.errors[0]["hint"]


def test_the_log_of_a_build_can_be_an_artifact_of_the_registry(shared_cli: Command, azure: Emulator) -> None:
    azure.control("PUT", "quirks", {"log_in_registry": True})
    assert shared_cli.of("log-link")("deploy", *JSON, "--build", "remote").data


def test_sign_in_waits_for_a_directory_that_knows_later_what_was_made(shared_cli: Command, azure: Emulator) -> None:
    cli = shared_cli.of("directory")
    assert cli("deploy", *JSON).data
    azure.control("PUT", "quirks", {"directory_lag": 1})
    assert cli("auth", "enable", *JSON).data["client_id"]


def test_destroy_needs_no_directory(shared_cli: Command, azure: Emulator) -> None:
    cli = shared_cli.of("no-directory")
    assert cli("deploy", *JSON).data
    azure.fail(method="GET", path="/applications", kind="status", status=400, times=None)
    try:
        assert cli("destroy", *JSON, "--yes").data["resources"]
    finally:
        azure.heal()


def test_a_contributor_of_one_group_deploys_with_one_warning(shared_cli: Command, azure: Emulator) -> None:
    cli = shared_cli.of("mine")
    azure.azure.resources.resource_groups.create_or_update("mine", {"location": "westeurope"})
    azure.control("PUT", "permissions", {"roles": [{"role": "Contributor", "group": "mine"}]})
    for command in ("plan", "deploy"):
        answer = cli(command, "--cloud", "emulator", "--adopt")
        assert answer.exit_code == 0, answer.stderr
        assert answer.stderr.count("so some things were not checked") == 1
    assert cli("status", *JSON).data["healthy"]
    examined = cli("doctor", *JSON)
    assert examined.exit_code == 0
    quota = next(row for row in examined.data["checks"] if row["check"] == "quota")
    assert (quota["outcome"], quota["detail"]) == ("warning", "Azure does not report the quota for plans")
    assert cli("destroy", *JSON, "--yes").data["resources"]


def test_a_reader_of_one_group_sees_what_can_be_seen_and_is_told_what_cannot(
    shared_cli: Command, azure: Emulator
) -> None:
    cli = shared_cli.of("read")
    assert cli("deploy", *JSON).data
    azure.control("PUT", "permissions", {"roles": [{"role": "Reader", "group": "read"}]})
    for command in ("plan", "status"):
        answer = cli(command, "--cloud", "emulator")
        assert answer.exit_code == 0, answer.stderr
        assert answer.stderr.count("Omitted: app settings") == 1
    status = cli("status", *JSON).data
    states = {row["kind"]: row["state"] for row in status["resources"]}
    assert status["healthy"]
    assert (states["storage account"], states["web app"], states["app settings"]) == (
        "Succeeded",
        "Running",
        "not visible",
    )
    actions = {change["kind"]: change["action"] for change in cli("plan", *JSON).data["changes"]}
    assert (actions["web app"], actions["storage account"]) == ("keep", "keep")
    assert "app settings" not in actions
    (listed,) = cli("list", *JSON).data["deployments"]
    assert (listed["group"], listed["state"]) == ("read", "Running")
    failed = {row["check"] for row in cli("doctor", *JSON).answer["data"]["checks"] if row["outcome"] == "failed"}
    assert failed == {"permissions"}
    assert "Contributor" in refused(cli, "--asp-sku", "B1")["hint"]


@pytest.mark.parametrize(
    ("roles", "said"),
    [
        ([{"role": "Owner"}], "Owner on the subscription"),
        ([{"role": "Contributor"}], "Contributor on the subscription"),
        ([{"role": "Contributor", "group": "rights"}], "Contributor on resource group rights"),
        (
            [{"role": "Reader"}, {"role": "Contributor", "group": "rights"}],
            "Contributor on resource group rights alone",
        ),
        ([{"role": "Reader", "group": "rights"}], "Reader on resource group rights"),
    ],
)
def test_the_doctor_says_which_role_one_has(
    shared_cli: Command, azure: Emulator, roles: list[dict[str, str]], said: str
) -> None:
    group = {"location": "westeurope", "tags": {"managed-by": "mlflow-azure"}}
    azure.azure.resources.resource_groups.create_or_update("rights", group)
    azure.control("PUT", "permissions", {"roles": roles})
    examined = shared_cli.of("rights")("doctor", *JSON)
    assert examined.exit_code == (4 if said.startswith("Reader") else 0)
    role = next(row for row in examined.answer["data"]["checks"] if row["check"] == "role")
    assert f"you have the role {said}" in role["detail"]


@pytest.mark.parametrize("identity", [(), ("--identity",)], ids=["admin-user", "identity"])
def test_a_new_registry_whose_name_is_not_known_yet_is_waited_for(
    shared_cli: Command, azure: Emulator, identity: tuple[str, ...]
) -> None:
    azure.control("PUT", "quirks", {"registry_unresolved": 1})
    answer = shared_cli.of(f"name-{len(identity)}")("deploy", "--cloud", "emulator", "--build", "remote", *identity)
    assert answer.exit_code == 0, answer.stderr
    assert "cannot be reached yet" in answer.stderr


def test_a_new_web_app_shows_a_page_until_it_has_its_image(shared_cli: Command, azure: Emulator) -> None:
    cli = shared_cli.of("placeholder")
    azure.fail(method="PATCH", path="/config/web", kind="status", status=400)
    refused(cli)
    half = cli("status", *JSON).data
    assert half["image"] is None
    assert not half["healthy"]
    assert requests.get(half["url"], timeout=30).ok
    assert cli("deploy", *JSON).data
    assert cli("status", *JSON).data["healthy"]


def test_a_web_app_whose_role_does_not_count_yet_is_restarted(shared_cli: Command, azure: Emulator) -> None:
    azure.control("PUT", "quirks", {"role_lag": 2, "overlapped_recycling": True, "restart_pause": 3600})
    answer = shared_cli.of("role")("deploy", "--cloud", "emulator", "--identity", "--timeout", "300")
    assert answer.exit_code == 0, answer.stderr
    assert "cannot pull the image yet" in answer.stderr


def test_a_build_that_docker_hub_refuses_is_tried_at_another_agent(shared_cli: Command, azure: Emulator) -> None:
    azure.control("PUT", "quirks", {"pull_limit": 1})
    answer = shared_cli.of("limit")("deploy", "--cloud", "emulator", "--build", "remote")
    assert answer.exit_code == 0, answer.stderr
    assert "trying again" in answer.stderr
    assert "importing" not in answer.stderr


def test_a_build_that_docker_hub_goes_on_refusing_is_based_on_an_imported_copy(
    shared_cli: Command, azure: Emulator
) -> None:
    azure.control("PUT", "quirks", {"pull_limit": True})
    cli = shared_cli.of("limits")
    answer = cli("deploy", "--cloud", "emulator", "--build", "remote")
    assert answer.exit_code == 0, answer.stderr
    assert "importing library/python:3.11-slim-bookworm from docker.io" in answer.stderr
    assert answer.stderr.count("trying again") == 1
    again = cli("deploy", *JSON, "--build", "remote").data
    assert {row["action"] for row in again["resources"]} == {"keep"}


def test_docker_hubs_limit_is_told_where_the_base_image_cannot_be_imported(
    shared_cli: Command, azure: Emulator
) -> None:
    azure.control("PUT", "quirks", {"pull_limit": True})
    azure.fail(method="POST", path="/importImage", kind="status", status=400, code="Bad", message="No room for it.")
    answer = shared_cli.of("limited")("deploy", *JSON, "--build", "remote")
    assert answer.exit_code == 5, answer.stderr
    assert answer.errors[0]["code"] == "PullLimit"
    assert "toomanyrequests" in answer.errors[0]["message"]
    assert "No room for it." in answer.errors[0]["message"]
    assert "--docker-base-image" in answer.errors[0]["hint"]
