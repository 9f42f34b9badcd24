"""Identities, roles, and web apps that run a small server, in the emulator."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import requests
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.msi import ManagedServiceIdentityClient

from tests.support.registry_builds import build
from tests.support.runtime_support import TINY_SERVER, TINY_STARTUP
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from tests.support.emulated import Azure

BLOB_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
BLOB_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"


def made_identity(azure: Azure, group: str) -> Any:
    """A new user-assigned identity."""
    identities = azure.client(ManagedServiceIdentityClient).user_assigned_identities
    return identities.create_or_update(group, f"id-{uuid.uuid4().hex[:8]}", {"location": "westeurope"})


def give_role(azure: Azure, role: str, scope: str, principal: str) -> None:
    """Assign a built-in role."""
    definition = f"/subscriptions/{azure.subscription}/providers/Microsoft.Authorization/roleDefinitions/{role}"
    wanted = {"roleDefinitionId": definition, "principalId": principal, "principalType": "ServicePrincipal"}
    assignments = azure.client(AuthorizationManagementClient).role_assignments
    assignments.create(scope, str(uuid.uuid4()), {"properties": wanted})


def running_site(azure: Azure, group: str, plan: Any = None, server: str = TINY_SERVER, **more: Any) -> Any:
    """A web app that runs a small server of an image of its own, and answers."""
    registry = azure.registry(group)
    image = {"Dockerfile": "FROM scratch\n", "requirements.lock": "", "startup.sh": TINY_STARTUP, "server.py": server}
    build(azure, group, registry.name, image)
    credentials = azure.registries.registries.list_credentials(group, registry.name)
    settings = {
        "DOCKER_REGISTRY_SERVER_USERNAME": credentials.username,
        "DOCKER_REGISTRY_SERVER_PASSWORD": credentials.passwords[0].value,
    }
    configuration = {
        "linuxFxVersion": f"DOCKER|{registry.login_server}/mlflowimage:latest",
        "appSettings": [{"name": name, "value": value} for name, value in settings.items()],
    }
    site = azure.site(group, plan, siteConfig={**configuration, **more})
    wait_until(lambda: requests.get(f"http://{site.default_host_name}", timeout=60).ok)
    return site


def attach(azure: Azure, group: str, site: Any, *identities: Any, kind: str = "UserAssigned") -> None:
    """Give a web app identities."""
    attached: dict[str, Any] = {"userAssignedIdentities": {each.id: {} for each in identities}} if identities else {}
    azure.web.web_apps.update(group, site.name, {"identity": {"type": kind, **attached}})


def variable(site: Any, name: str) -> str:
    """An environment variable of the web app's process, of the next one where one is just replaced."""
    found: list[str] = []

    def answered() -> bool:
        answer = requests.get(f"http://{site.default_host_name}/settings/{name}", timeout=60)
        if answer.status_code == 200:
            found.append(answer.text)
        return answer.ok

    wait_until(answered)
    return found[-1]
