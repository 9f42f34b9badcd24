"""Resource providers, and their registration in a subscription."""

from __future__ import annotations

from typing import Any

from mlflow_azure.emulator.arm.arm_errors import ArmError
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.regions import REGIONS
from mlflow_azure.emulator.arm.world import ALWAYS_REGISTERED, World

endpoints = Endpoints("https://learn.microsoft.com/rest/api/resources/providers")

_PROVIDERS = "/subscriptions/{subscription}/providers"
_TYPES = {
    "Microsoft.ClassicInfrastructureMigrate": ["classicInfrastructureResources"],
    "Microsoft.Authorization": ["roleAssignments", "roleDefinitions", "permissions"],
    "Microsoft.ContainerRegistry": ["registries", "registries/webhooks", "registries/runs"],
    "Microsoft.DBforPostgreSQL": [
        "flexibleServers",
        *(f"flexibleServers/{part}" for part in ("administrators", "configurations", "databases", "firewallRules")),
    ],
    "Microsoft.Insights": ["autoscalesettings"],
    "Microsoft.ManagedIdentity": [
        "userAssignedIdentities",
        "userAssignedIdentities/federatedIdentityCredentials",
        "identities",
    ],
    "Microsoft.Network": [
        "virtualNetworks",
        "virtualNetworks/subnets",
        "privateDnsZones",
        "privateDnsZones/virtualNetworkLinks",
    ],
    "Microsoft.Resources": ["subscriptions", "resourceGroups", "tags"],
    "Microsoft.Storage": ["storageAccounts", "storageAccounts/blobServices", "storageAccounts/fileServices"],
    "Microsoft.Web": ["serverfarms", "sites", "sites/config"],
    # Listed for `az provider`; not emulated.
    **{
        f"Microsoft.{name}": []
        for name in (
            *("ApiManagement", "App", "AppConfiguration", "Cache", "Cdn", "CognitiveServices", "Compute"),
            *("ContainerInstance", "ContainerService", "DBforMySQL", "DocumentDB", "EventGrid"),
            *("EventHub", "KeyVault", "Logic", "MachineLearningServices", "Monitor"),
            *("OperationalInsights", "PolicyInsights", "Search", "ServiceBus", "SignalRService", "Sql"),
        )
    },
}
# A provider's application, and the role that it gets on registration. Recorded for the first;
# https://learn.microsoft.com/troubleshoot/entra/entra-id/governance/verify-first-party-apps-sign-in for the other.
_APPLICATIONS = {
    "Microsoft.ClassicInfrastructureMigrate": {
        "applicationId": "5e5abe2b-83cd-4786-826a-a05653ebb103",
        "roleDefinitionId": "766c4d9b-ef83-4f73-8352-1450a506a69b",
    },
    "Microsoft.Web": {
        "applicationId": "abfa0a7c-a6b6-4736-8310-5855508787cd",
        "roleDefinitionId": "f47ed98b-b063-4a5b-9e10-4b9b44fa7735",
    },
}
_API_VERSIONS = [
    "2025-11-01",
    "2025-05-01",
    "2025-04-01",
    "2024-11-30",
    "2024-11-01",
    "2023-12-01",
    "2023-05-01",
    "2022-09-01",
]


@endpoints.on("GET", _PROVIDERS, lacks="all but name and state of providers that are not emulated")
async def list_providers(call: Call) -> Answer:
    """All providers that the emulator knows."""
    return Answer({"value": [_described(call, namespace) for namespace in _TYPES]})


@endpoints.on("GET", _PROVIDERS + "/{namespace}", lacks="all but name and state of providers that are not emulated")
async def get_provider(call: Call) -> Answer:
    """One provider."""
    return Answer(_described(call, _namespace(call)))


@endpoints.on("POST", _PROVIDERS + "/{namespace}/register")
async def register(call: Call) -> Answer:
    """Begin to register a provider."""
    return await _change(call, "Registering", "register provider")


@endpoints.on("POST", _PROVIDERS + "/{namespace}/unregister")
async def unregister(call: Call) -> Answer:
    """Begin to unregister a provider."""
    return await _change(call, "Unregistering", "unregister provider")


def register_effects(world: World) -> None:
    """Register the effects of this module's long-running operations."""

    async def registered(provider_id: str, succeeded: bool) -> None:  # noqa: FBT001 - the signature of an effect
        _set(world, provider_id, "Registered" if succeeded else "NotRegistered")

    async def unregistered(provider_id: str, succeeded: bool) -> None:  # noqa: FBT001 - the signature of an effect
        _set(world, provider_id, "Unregistered" if succeeded else "Registered")

    world.operations.register("register provider", registered)
    world.operations.register("unregister provider", unregistered)


async def _change(call: Call, state: str, effect: str) -> Answer:
    namespace = _namespace(call)
    provider_id = _id(call, namespace)
    done = {"Registering": "Registered", "Unregistering": "Unregistered"}[state]
    if call.world.registration(namespace) != done and namespace not in ALWAYS_REGISTERED:
        _set(call.world, provider_id, state)
        described = _described(call, namespace)
        await call.begin(provider_id, effect)
        return Answer(described)
    return Answer(_described(call, namespace))


def _set(world: World, provider_id: str, state: str) -> None:
    world.settings.setdefault("providers", {})[provider_id.rpartition("/")[2]] = state


def _namespace(call: Call) -> str:
    wanted = call["namespace"]
    for namespace in _TYPES:
        if namespace.lower() == wanted.lower():
            return namespace
    raise ArmError(404, "InvalidResourceNamespace", f"The resource namespace '{wanted}' is invalid.")


def _id(call: Call, namespace: str) -> str:
    return f"/subscriptions/{call['subscription']}/providers/{namespace}"


def _described(call: Call, namespace: str) -> dict[str, Any]:
    kinds = [
        {
            "resourceType": kind,
            "locations": list(REGIONS.values()),
            "apiVersions": _API_VERSIONS,
            "capabilities": "None",
        }
        for kind in _TYPES[namespace]
    ]
    application = {"authorization": _APPLICATIONS[namespace]} if namespace in _APPLICATIONS else {}
    return {
        "id": _id(call, namespace),
        "namespace": namespace,
        **application,
        "resourceTypes": kinds,
        "registrationState": call.world.registration(namespace),
        "registrationPolicy": "RegistrationRequired",
    }


def newest_api_version() -> str:
    """The newest API version that providers list."""
    return _API_VERSIONS[0]
