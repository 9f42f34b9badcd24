from __future__ import annotations

import uuid

import requests
from azure.mgmt.authorization import AuthorizationManagementClient
from emulated import Azure
from registry_builds import build
from runtime_support import TINY_SERVER, TINY_STARTUP, wait_until

ACR_PULL = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
IMAGE = {"Dockerfile": "FROM scratch\n", "requirements.lock": "", "startup.sh": TINY_STARTUP, "server.py": TINY_SERVER}


def test_an_identity_pulls_once_it_has_the_role(azure: Azure) -> None:
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
    url = f"http://{site.default_host_name}"
    assert requests.get(url, timeout=60).status_code == 503
    log = b"".join(azure.web.web_apps.get_web_site_container_logs(group, site.name)).decode()
    assert "unauthorized" in log
    role = f"/subscriptions/{azure.subscription}/providers/Microsoft.Authorization/roleDefinitions/{ACR_PULL}"
    wanted = {"properties": {"roleDefinitionId": role, "principalId": identity.principal_id}}
    assignments = azure.client(AuthorizationManagementClient).role_assignments
    assignments.create(registry.id, str(uuid.uuid4()), wanted)
    azure.web.web_apps.restart(group, site.name)
    wait_until(lambda: requests.get(url, timeout=60).ok)
