"""What is available to a subscription, and its usage: usages, SKUs, regions of App Service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.quota import PLAN_TYPE, cores_allowed, cores_used
from mlflow_azure.emulator.arm.regions import REGIONS, display_name
from mlflow_azure.emulator.arm.storage import ACCOUNT_TYPE
from mlflow_azure.emulator.arm.storage_defaults import SKUS
from mlflow_azure.emulator.arm.web_plans import web_list

if TYPE_CHECKING:
    from typing import Any

endpoints = Endpoints("https://learn.microsoft.com/rest/api/storagerp/usages")

_SUBSCRIPTION = "/subscriptions/{subscription}/providers"
# https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits
_ACCOUNT_LIMIT, _PLAN_LIMIT = 250, 100


@endpoints.on("GET", _SUBSCRIPTION + "/Microsoft.Storage/locations/{location}/usages")
async def list_storage_usages(call: Call) -> Answer:
    """The number of storage accounts in a region, and the limit."""
    accounts = call.world.resources.of_type(ACCOUNT_TYPE, f"/subscriptions/{call['subscription']}")
    there = [each for each in accounts if each["location"] == call["location"]]
    name = {"value": "StorageAccounts", "localizedValue": "Storage Accounts"}
    return Answer({"value": [{"unit": "Count", "currentValue": len(there), "limit": _ACCOUNT_LIMIT, "name": name}]})


@endpoints.on(
    "GET", _SUBSCRIPTION + "/Microsoft.Storage/skus", reference="https://learn.microsoft.com/rest/api/storagerp/skus"
)
async def list_storage_skus(_call: Call) -> Answer:
    """The redundancy options of storage accounts, the same in all regions."""
    return Answer({"value": [_storage_sku(name) for name in SKUS]})


@endpoints.on(
    "GET",
    _SUBSCRIPTION + "/Microsoft.Web/geoRegions",
    reference="https://learn.microsoft.com/rest/api/appservice/list-geo-regions",
)
async def list_web_regions(call: Call) -> Answer:
    """The regions of App Service."""
    regions = [_web_region(call, name) for name in REGIONS]
    return Answer(web_list(regions))


@endpoints.on(
    "GET",
    _SUBSCRIPTION + "/Microsoft.Web/locations/{location}/usages",
    reference="https://learn.microsoft.com/rest/api/appservice/get-usages-in-location/list",
)
async def list_web_usages(call: Call) -> Answer:
    """The number of cores of the plans in a region, and the limit.

    Azure counts this way: github.com/Azure/azure-rest-api-specs, Microsoft.Web 2025-05-01, GetUsagesInLocation.json.
    """
    plans = call.world.resources.of_type(PLAN_TYPE, f"/subscriptions/{call['subscription']}")
    there = [each for each in plans if each["location"] == display_name(call["location"])]
    counted = f"Cores usage in {display_name(call['location'])}"
    name = {"value": counted, "localizedValue": counted}
    usage = {"currentValue": cores_used(there), "limit": cores_allowed(call.world), "unit": "Core Count"}
    return Answer({"value": [{"name": name, **usage}], "nextLink": None})


def _storage_sku(name: str) -> dict[str, Any]:
    tier = name.partition("_")[0]
    return {"resourceType": "storageAccounts", "name": name, "tier": tier, "kind": "StorageV2", "locations": [*REGIONS]}


def _web_region(call: Call, name: str) -> dict[str, Any]:
    displayed = REGIONS[name]
    return {
        "id": f"/subscriptions/{call['subscription']}/providers/Microsoft.Web/geoRegions/{displayed}",
        "name": displayed,
        "type": "Microsoft.Web/geoRegions",
        "properties": {
            "name": displayed,
            "description": None,
            "sortOrder": list(REGIONS).index(name),
            "displayName": displayed,
            "orgDomain": "PUBLIC;DYNAMIC;LINUX;LINUXDYNAMIC;DSERIES;ELASTICPREMIUM;LINUXFREE;XENON;XENONV3",
            "subDomains": f"{name}-01.azurewebsites.net",  # recorded in 2025, version 2023-01-01
        },
    }
