from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.msi import ManagedServiceIdentityClient

from tests.support.emulated import Azure
from tests.support.registry_builds import build
from tests.support.runtime_support import TINY_SERVER, TINY_STARTUP

ACR_PULL = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
IMAGE = {"Dockerfile": "FROM scratch\n", "requirements.lock": "", "startup.sh": TINY_STARTUP, "server.py": TINY_SERVER}


@dataclass
class Puller:
    """A site whose managed identity pulls its image, and the registry that holds it."""

    azure: Azure
    group: str
    registry: Any
    site: Any
    principal: str

    def give_role(self) -> None:
        """Let the identity pull."""
        role = f"/subscriptions/{self.azure.subscription}/providers/Microsoft.Authorization/roleDefinitions/{ACR_PULL}"
        wanted = {"properties": {"roleDefinitionId": role, "principalId": self.principal}}
        assignments = self.azure.client(AuthorizationManagementClient).role_assignments
        assignments.create(self.registry.id, str(uuid.uuid4()), wanted)

    def restarted(self) -> bool:
        """Whether the site answers after a restart."""
        self.azure.web.web_apps.restart(self.group, self.site.name)
        return requests.get(f"http://{self.site.default_host_name}", timeout=60).ok

    @property
    def log(self) -> str:
        return b"".join(self.azure.web.web_apps.get_web_site_container_logs(self.group, self.site.name)).decode()


@pytest.fixture
def puller(azure: Azure) -> Puller:
    azure.control("PUT", "quirks", {"restart_pause": 3600})  # only a test tries again
    group = azure.group()
    registry = azure.registry(group)
    build(azure, group, registry.name, IMAGE)
    azure.registries.registries.begin_update(group, registry.name, {"properties": {"adminUserEnabled": False}}).result()
    configuration = {
        "linuxFxVersion": f"DOCKER|{registry.login_server}/mlflowimage:latest",
        "acrUseManagedIdentityCreds": True,
    }
    site = azure.site(group, siteConfig=configuration)
    identity = azure.web.web_apps.update(group, site.name, {"identity": {"type": "SystemAssigned"}}).identity
    assert requests.get(f"http://{site.default_host_name}", timeout=60).status_code == 503  # its first pull is over
    return Puller(azure, group, registry, site, identity.principal_id)


def test_an_identity_pulls_once_it_has_the_role(puller: Puller) -> None:
    assert not puller.restarted()
    assert "unauthorized" in puller.log
    puller.give_role()
    assert puller.restarted()


def test_a_role_that_was_just_assigned_does_not_count_yet(puller: Puller) -> None:
    puller.azure.control("PUT", "quirks", {"role_lag": 2, "restart_pause": 3600})
    puller.give_role()
    assert [puller.restarted() for _ in range(3)] == [False, False, True]


def test_an_attached_identity_pulls_where_the_configuration_names_it(puller: Puller) -> None:
    azure, group = puller.azure, puller.group
    identities = azure.client(ManagedServiceIdentityClient).user_assigned_identities
    identity = identities.create_or_update(group, "puller", {"location": "westeurope"})
    named = {"acrUseManagedIdentityCreds": True, "acrUserManagedIdentityID": identity.client_id}
    azure.web.web_apps.update_configuration(group, puller.site.name, {"properties": named})
    puller.give_role()  # to the system-assigned identity, which pulls no longer
    assert not puller.restarted()
    puller.principal = identity.principal_id
    puller.give_role()
    assert not puller.restarted()
    attached = {"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": {identity.id: {}}}
    azure.web.web_apps.update(group, puller.site.name, {"identity": attached})
    assert puller.restarted()


def test_an_identity_cannot_pull_where_the_registry_takes_no_tokens_for_resource_manager(puller: Puller) -> None:
    puller.give_role()
    policies = {"azureADAuthenticationAsArmPolicy": {"status": "disabled"}}
    registries = puller.azure.registries.registries
    registries.begin_update(puller.group, puller.registry.name, {"properties": {"policies": policies}}).result()
    assert not puller.restarted()
    assert "unauthorized" in puller.log
