"""The web app pulls its image with its managed identity, without a registry password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from tests.support.command import Command
    from tests.support.running_emulator import Emulator

pytestmark = pytest.mark.light

JSON = ("--cloud", "emulator", "--output", "json")
GROUP = "mlflow-rg"
PROBE = "/api/2.0/mlflow/experiments/list"
ACR_PULL = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
PASSWORD = "DOCKER_REGISTRY_SERVER_PASSWORD"


def actions(rows: list[dict[str, str]]) -> dict[str, str]:
    return {row["kind"]: row["action"] for row in rows}


class Live:
    """What Azure has, asked of it directly."""

    def __init__(self, emulator: Emulator) -> None:
        self.azure = emulator.azure
        self.site = next(iter(self.azure.web.web_apps.list_by_resource_group(GROUP)))
        self.registry = next(iter(self.azure.registries.registries.list_by_resource_group(GROUP)))

    @property
    def app_settings(self) -> dict[str, str]:
        return dict(self.azure.web.web_apps.list_application_settings(GROUP, self.site.name).properties)

    @property
    def pulls_with_identity(self) -> bool:
        found = self.azure.web.web_apps.get_configuration(GROUP, self.site.name)
        return bool(found.properties.acr_use_managed_identity_creds)

    @property
    def roles(self) -> list[str]:
        """The roles on the registry of the web app's identity."""
        from azure.mgmt.authorization import AuthorizationManagementClient

        listed = self.azure.client(AuthorizationManagementClient).role_assignments.list_for_scope(self.registry.id)
        principal = self.site.identity.principal_id if self.site.identity else None
        return [str(each.role_definition_id).rpartition("/")[2] for each in listed if each.principal_id == principal]


def test_a_first_deploy_with_identity_serves_without_any_registry_password(cli: Command, emulator: Emulator) -> None:
    data = cli("deploy", *JSON, "--identity").data
    assert "registry admin user" not in actions(data["resources"])  # there never was one
    assert requests.get(data["url"] + PROBE, timeout=30).status_code == 200
    live = Live(emulator)
    assert live.pulls_with_identity
    assert live.roles == [ACR_PULL]
    assert not live.registry.properties.admin_user_enabled
    assert not {PASSWORD, "DOCKER_REGISTRY_SERVER_USERNAME"} & live.app_settings.keys()

    emulator.forget_requests()
    assert set(actions(cli("deploy", *JSON).data["resources"]).values()) == {"keep"}
    assert emulator.writes == []
    assert "missing" not in {row["state"] for row in cli("status", *JSON).data["resources"]}


def test_a_deployment_moves_to_an_identity_and_back_and_serves_all_the_while(cli: Command, emulator: Emulator) -> None:
    url = cli("deploy", *JSON).data["url"]
    assert Live(emulator).app_settings[PASSWORD]

    emulator.forget_requests()
    there = actions(cli("deploy", *JSON, "--identity").data["resources"])
    written = [write.rpartition("/")[2] for write in emulator.writes]
    assert written.index("web") < written.index("appsettings")  # else a container that starts between cannot be pulled
    assert (there["role assignment"], there["registry admin user"], there["image"]) == ("create", "update", "keep")
    live = Live(emulator)
    assert live.pulls_with_identity
    assert PASSWORD not in live.app_settings
    assert not live.registry.properties.admin_user_enabled
    assert requests.get(url + PROBE, timeout=30).status_code == 200

    back = actions(cli("deploy", *JSON, "--no-identity").data["resources"])
    assert back["role assignment"] == "delete"
    live = Live(emulator)
    assert not live.pulls_with_identity
    assert live.app_settings[PASSWORD]
    assert live.roles == []
    assert requests.get(url + PROBE, timeout=30).status_code == 200
    assert set(actions(cli("deploy", *JSON).data["resources"]).values()) == {"keep"}


def test_without_the_right_to_assign_roles_it_says_so_and_goes_on_with_the_admin_user(
    cli: Command, emulator: Emulator
) -> None:
    rights: dict[str, Any] = {"actions": ["*"], "notActions": ["Microsoft.Authorization/*/Write"]}
    emulator.control("PUT", "permissions", rights)
    answer = cli("deploy", *JSON, "--identity")
    assert "You cannot assign roles" in answer.stderr
    assert "Role Based Access Control Administrator" in answer.stderr
    assert requests.get(answer.data["url"] + PROBE, timeout=30).status_code == 200
    live = Live(emulator)
    assert live.app_settings[PASSWORD]
    assert live.registry.properties.admin_user_enabled


def test_when_azure_refuses_the_role_it_says_so_and_goes_on_with_the_admin_user(
    cli: Command, emulator: Emulator
) -> None:
    emulator.fail(method="PUT", path="/roleAssignments/", status=403, code="AuthorizationFailed", message="Condition.")
    answer = cli("deploy", *JSON, "--identity")
    assert "Continuing with the registry's admin user" in answer.stderr
    assert requests.get(answer.data["url"] + PROBE, timeout=30).status_code == 200
    live = Live(emulator)
    assert not live.pulls_with_identity
    assert live.registry.properties.admin_user_enabled

    assert cli("deploy", *JSON, "--identity").exit_code == 0
    assert Live(emulator).roles == [ACR_PULL]


def test_destroy_takes_the_role_along(cli: Command, emulator: Emulator) -> None:
    assert cli("deploy", *JSON, "--identity").exit_code == 0
    keeper = {"location": "westeurope", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
    emulator.azure.storage.storage_accounts.begin_create(GROUP, "someoneelses", keeper).result()
    assert cli("destroy", *JSON, "--yes").exit_code == 0
    left = emulator.azure.resources.resources.list_by_resource_group(GROUP)
    assert [each.name for each in left] == ["someoneelses"]


def test_a_role_that_a_stopped_deploy_left_behind_is_taken_away_by_the_next(cli: Command, emulator: Emulator) -> None:
    assert cli("deploy", *JSON, "--identity").exit_code == 0
    emulator.fail(method="DELETE", path="/roleAssignments/", status=403, code="AuthorizationFailed", message="No.")
    assert cli("deploy", *JSON, "--no-identity").exit_code == 4
    assert Live(emulator).roles == [ACR_PULL]

    assert actions(cli("deploy", *JSON).data["resources"])["role assignment"] == "delete"
    assert Live(emulator).roles == []
    emulator.forget_requests()
    assert "role assignment" not in actions(cli("deploy", *JSON).data["resources"])
    assert emulator.writes == []


def test_without_an_identity_nobody_asks_for_its_roles(cli: Command, emulator: Emulator) -> None:
    assert cli("deploy", *JSON).exit_code == 0
    emulator.forget_requests()
    assert cli("deploy", *JSON).exit_code == 0
    assert not [each for each in emulator.requests if "roleAssignments" in each["path"]]
