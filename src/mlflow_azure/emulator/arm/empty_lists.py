"""Lists of things that are not emulated: none can be created here, so they are always empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.registries import REGISTRY
from mlflow_azure.emulator.arm.storage import ACCOUNT
from mlflow_azure.emulator.arm.web_plans import PLAN, web_list
from mlflow_azure.emulator.arm.web_sites import SITE

if TYPE_CHECKING:
    from collections.abc import Iterator

endpoints = Endpoints("https://learn.microsoft.com/rest/api/azure")

_SCOPES = ("/subscriptions/{subscription}", "/subscriptions/{subscription}/resourceGroups/{group}")
_OF_SCOPES = (
    "Microsoft.Authorization/locks",
    "Microsoft.Resources/deployments",
)
_OF_APP_SERVICE = ("certificates", "hostingEnvironments", "staticSites")
_OF_SITE = (
    *("backups", "deployments", "domainOwnershipIdentifiers", "hybridConnectionRelays", "privateEndpointConnections"),
    *("publicCertificates", "siteextensions", "snapshots", "triggeredwebjobs", "continuouswebjobs", "webjobs"),
)
_OF_REGISTRY = ("cacheRules", "credentialSets", "privateEndpointConnections", "tasks", "tokens")
_OF_ACCOUNT = ("encryptionScopes", "localUsers", "objectReplicationPolicies", "privateEndpointConnections")


def _with_plain_lists() -> Iterator[str]:
    for scope in _SCOPES:
        yield from (f"{scope}/providers/{each}" for each in _OF_SCOPES)
    yield from (f"{REGISTRY}/{each}" for each in _OF_REGISTRY)
    yield from (f"{ACCOUNT}/{each}" for each in _OF_ACCOUNT)


def _with_lists_of_app_service() -> Iterator[str]:
    for scope in _SCOPES:
        yield from (f"{scope}/providers/Microsoft.Web/{each}" for each in _OF_APP_SERVICE)
    yield from (f"{SITE}/{each}" for each in _OF_SITE)


async def _list_nothing(_call: Call) -> Answer:
    """An empty list."""
    return Answer({"value": []})


async def _list_nothing_of_app_service(_call: Call) -> Answer:
    """An empty list."""
    return Answer(web_list([]))


@endpoints.on("GET", PLAN + "/virtualNetworkConnections", lacks="none can be created")
async def list_networks(_call: Call) -> Answer:
    """An empty list, which App Service returns without an envelope."""
    return Answer([])


for _template in _with_plain_lists():
    endpoints.on("GET", _template, lacks="none can be created")(_list_nothing)
for _template in _with_lists_of_app_service():
    endpoints.on("GET", _template, lacks="none can be created")(_list_nothing_of_app_service)
