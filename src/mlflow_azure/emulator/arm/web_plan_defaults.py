"""The fields of an App Service plan in App Service's responses, in addition to those computed in `web_plans`.

Seen in recordings of Azure: of 2023 and 2024, api-version 2023-01-01 (azure-cli, command module appservice), and of
2026 (azure-service-operator), which have more fields, whatever the api-version.
"""

from __future__ import annotations

import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

from mlflow_azure.emulator.arm.web_site_defaults import STAMP

# Sizes of plans, and the tier of each.
TIERS = {
    "F1": "Free",
    "D1": "Shared",
    **dict.fromkeys(("B1", "B2", "B3"), "Basic"),
    **dict.fromkeys(("S1", "S2", "S3"), "Standard"),
    **dict.fromkeys(("P1v2", "P2v2", "P3v2"), "PremiumV2"),
    **dict.fromkeys(("P0v3", "P1v3", "P2v3", "P3v3", "P1mv3", "P2mv3", "P3mv3", "P4mv3", "P5mv3"), "PremiumV3"),
    **dict.fromkeys(("P0v4", "P1v4", "P2v4", "P3v4", "P1mv4", "P2mv4", "P3mv4"), "PremiumV4"),
    **dict.fromkeys(("EP1", "EP2", "EP3"), "ElasticPremium"),
}
_WORKERS = {"Free": 1, "Shared": 1, "Basic": 3, "Standard": 10, "ElasticPremium": 20}
_SITE_MODES = {"Free": "Limited", "Shared": "Basic"}
_UNSET = (
    *("workerTierName", "adminSiteName", "hostingEnvironment", "hostingEnvironmentProfile", "adminRuntimeSiteName"),
    *("hostingEnvironmentId", "spotExpirationTime", "webSiteId", "existingServerFarmIds"),
    *("kubeEnvironmentProfile", "migrateToVMSS", "targetWorkerSku"),
)
_FIXED: dict[str, Any] = {
    "workerSize": "Default",
    "workerSizeId": 0,
    "currentWorkerSize": "Default",
    "currentWorkerSizeId": 0,
    "status": "Ready",
    "planName": "VirtualDedicatedPlan",
    "isSpot": False,
    "targetWorkerCount": 0,
    "targetWorkerSizeId": 0,
    "provisioningState": "Succeeded",
    "vnetConnectionsUsed": 0,
    "vnetConnectionsMax": 2,
    "maximumNumberOfZones": 1,
    "currentNumberOfZonesUtilized": 1,
    "isCustomMode": False,
    "powerState": "Running",
    "eligibleLogCategories": "",
}
# Fields of a plan that a request may set, with defaults.
SETTABLE: dict[str, Any] = {
    "hyperV": False,
    "isXenon": False,
    "perSiteScaling": False,
    "zoneRedundant": False,
    "asyncScalingEnabled": False,
    "elasticScaleEnabled": False,
    "maximumElasticWorkerCount": 1,
}
# Not known yet when App Service answers the PUT of a new plan.
_UNKNOWN_AT_FIRST = {"maximumNumberOfWorkers": 0, "vnetConnectionsUsed": None, "vnetConnectionsMax": None}


def plan_fields(plan_id: str, sku: dict[str, Any], *, linux: bool) -> dict[str, Any]:
    """Return the fields derived from the plan and its size."""
    number = zlib.crc32(plan_id.lower().encode()) % 100_000
    free_until = _in_a_month() if linux and sku["name"] == "B1" else None  # the first month of a Linux B1 is free
    return {
        **dict.fromkeys(_UNSET),
        **_FIXED,
        "serverFarmId": number,
        "mdmId": f"{STAMP}_{number}",
        "maximumNumberOfWorkers": _WORKERS.get(sku["tier"], 30),
        "numberOfWorkers": sku["capacity"],
        "currentNumberOfWorkers": sku["capacity"],
        "siteMode": _SITE_MODES.get(sku["tier"]),
        "computeMode": "Shared" if sku["tier"] in ("Free", "Shared") else "Dedicated",
        "freeOfferExpirationTime": free_until,
    }


def as_written(plan: dict[str, Any], location: str, *, new: bool) -> dict[str, Any]:
    """The answer to a PUT: the region as it was asked for, the size twice, and of a new plan some numbers not yet."""
    unknown = _UNKNOWN_AT_FIRST if new else {}
    return {**plan, "location": location, "properties": {**plan["properties"], "sku": plan["sku"], **unknown}}


def kind_of_plan(tier: str, *, linux: bool, windows_containers: bool) -> str:
    """What App Service calls a plan; what the request calls it does not count."""
    if tier == "ElasticPremium":
        return "elastic"
    return "linux" if linux else "windows" if windows_containers else "app"


def _in_a_month() -> str:
    return (datetime.now(UTC) + timedelta(days=30)).replace(tzinfo=None).isoformat()
