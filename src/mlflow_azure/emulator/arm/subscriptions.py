"""Tenants, subscriptions, regions, and the unauthenticated /metadata/endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.region_places import GEOGRAPHIES, OTHERS, PLACES, WITHOUT_ZONES
from mlflow_azure.emulator.arm.regions import REGIONS
from mlflow_azure.emulator.cloud_differences import APP_SERVICE
from mlflow_azure.emulator.tls import STORAGE_SUFFIX

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.world import World

endpoints = Endpoints("https://learn.microsoft.com/rest/api/resources/subscriptions")


@endpoints.on("GET", "/tenants")
async def list_tenants(call: Call) -> Answer:
    """The tenants that the caller may sign in to."""
    return Answer({"value": [_tenant(tenant) for tenant in call.world.tenants()]})


@endpoints.on("GET", "/subscriptions")
async def list_subscriptions(call: Call) -> Answer:
    """The subscriptions visible to the caller: those of its token's tenant, if it has a role in it.

    Without a role, the list is empty: github.com/Azure/azure-sdk-for-python/issues/40403.
    """
    world = call.world
    if world.permissions().get("roles") == []:
        return Answer({"value": []})
    seen = [each for each in world.subscriptions() if world.tenant_of(each["subscriptionId"]) == call.principal["tid"]]
    return Answer({"value": [_described(world, each) for each in seen]})


@endpoints.on("GET", "/subscriptions/{subscription}")
async def get_subscription(call: Call) -> Answer:
    """One subscription."""
    wanted = call["subscription"].lower()
    found = next(each for each in call.world.subscriptions() if each["subscriptionId"].lower() == wanted)
    return Answer(_described(call.world, found))


@endpoints.on("GET", "/subscriptions/{subscription}/locations")
async def list_locations(call: Call) -> Answer:
    """The regions: of those that are recommended, the ones in the United States first. Recorded in 2023 to 2025."""
    names = sorted(REGIONS, key=lambda name: (name in OTHERS, GEOGRAPHIES[name] != "United States"))
    return Answer({"value": [_region(call["subscription"], name) for name in names]})


def metadata(world: World) -> dict[str, Any]:
    """The description of this cloud, for `az cloud register --endpoint-resource-manager`."""
    return {
        "portal": world.url,
        "authentication": {
            "loginEndpoint": world.url,
            "audiences": [f"{world.url}/", world.url],
            "tenant": world.identity.tenant_id,
            "identityProvider": "AAD",
        },
        "resourceManager": world.url,
        "microsoftGraphResourceId": f"{world.url}/",
        "graph": f"{world.url}/",
        "appServiceResourceId": APP_SERVICE,
        "name": "MlflowAzureEmulator",
        "suffixes": {
            "acrLoginServer": "localhost",
            "storage": STORAGE_SUFFIX,
            "azureFrontDoorEndpointSuffix": "",
        },
    }


def _tenant(tenant: str) -> dict[str, Any]:
    return {
        "id": f"/tenants/{tenant}",
        "tenantId": tenant,
        "displayName": "Emulator",
        "defaultDomain": "emulator.onmicrosoft.com",
        "countryCode": "NL",
        "tenantCategory": "Home",
        "domains": ["emulator.onmicrosoft.com"],
    }


def _described(world: World, subscription: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{subscription['subscriptionId']}",
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "tenantId": world.tenant_of(subscription["subscriptionId"]),
        "homeTenantId": world.tenant_of(subscription["subscriptionId"]),
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
        **subscription,
    }


def _region(subscription: str, name: str) -> dict[str, Any]:
    place, locations = PLACES[name], f"/subscriptions/{subscription}/locations"
    zones = [{"logicalZone": number, "physicalZone": f"{name}-az{number}"} for number in ("1", "2", "3")]
    return {
        "id": f"{locations}/{name}",
        "name": name,
        "type": "Region",
        "displayName": REGIONS[name],
        "regionalDisplayName": f"({place.group}) {REGIONS[name]}",
        "metadata": {
            "regionType": "Physical",
            "regionCategory": "Other" if name in OTHERS else "Recommended",
            "geography": GEOGRAPHIES[name],
            "geographyGroup": place.group,
            "longitude": place.longitude,
            "latitude": place.latitude,
            "physicalLocation": place.location,
            "pairedRegion": [{"name": place.pair, "id": f"{locations}/{place.pair}"}] if place.pair else [],
        },
        **({} if name in WITHOUT_ZONES else {"availabilityZoneMappings": zones}),
    }
