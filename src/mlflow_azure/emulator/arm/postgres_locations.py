"""Microsoft.DBforPostgreSQL: what a region offers, and whether a name is free."""

from __future__ import annotations

from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.postgres_defaults import capabilities
from mlflow_azure.emulator.arm.postgres_operations import PROVIDER
from mlflow_azure.emulator.arm.postgres_rules import refuse_name, refuse_taken
from mlflow_azure.emulator.arm.regions import region_name, require_region

endpoints = Endpoints("https://learn.microsoft.com/rest/api/postgresql/name-availability")


@endpoints.on("POST", PROVIDER + "/checkNameAvailability")
@endpoints.on("POST", PROVIDER + "/locations/{location}/checkNameAvailability")
async def check_name(call: Call) -> Answer:
    """Whether a name is globally free."""
    name = str(call.body.get("name", ""))
    answer = {"name": name, "type": str(call.body.get("type", ""))}
    if refusal := refuse_name(name) or refuse_taken(call.world, name):
        return Answer(answer | {"nameAvailable": False, "reason": refusal[0], "message": refusal[1]})
    return Answer(answer | {"nameAvailable": True, "message": ""})


@endpoints.on(
    "GET",
    PROVIDER + "/locations/{location}/capabilities",
    reference="https://learn.microsoft.com/rest/api/postgresql/capabilities-by-location",
    lacks="memory-optimized servers, newer series, Premium SSD v2",
)
async def list_capabilities(call: Call) -> Answer:
    """Sizes, versions and features that a region offers.

    A region in which the subscription may not have servers lists none, with `OfferRestricted`:
    github.com/hashicorp/terraform-provider-azurerm/issues/21306.
    """
    location = require_region("Microsoft.DBforPostgreSQL/flexibleServers", call["location"])
    restricted = map(region_name, call.world.settings.get("quota", {}).get("offerRestricted", []))
    return Answer({"value": [capabilities(restricted=location in restricted)]})
