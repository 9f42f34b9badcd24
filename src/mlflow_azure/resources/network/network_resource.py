"""Base of the resources of Microsoft.Network, which are read and written by id.

This uses the generic client of Azure Resource Manager, which is loaded anyway: azure-mgmt-network has 300 kinds of
resource, of which two are needed here, and private DNS zones are in yet another package.
https://learn.microsoft.com/rest/api/resources/resources/create-or-update-by-id
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from mlflow_azure.azure.refusals import doing, error_code, is_busy
from mlflow_azure.azure.rest import eventually
from mlflow_azure.resources import arm
from mlflow_azure.resources.tagged import TaggedResource, merged_tags

if TYPE_CHECKING:
    from azure.core.exceptions import HttpResponseError

    from mlflow_azure.engine.node import Given, Properties, Report

PROVIDER = "Microsoft.Network"
BUSY_SECONDS = 120.0


class NetworkResource(TaggedResource):
    """A resource of Microsoft.Network.

    Attributes:
        api_version: The version of its API.

    """

    api_version: ClassVar[str]

    def read(self, given: Given) -> Properties | None:
        """Return the live resource, once an earlier run's operation is done."""
        resources = self.azure.resources.resources
        return arm.get_settled(
            self.azure, str(self), lambda: resources.get_by_id(self.id, api_version=self.api_version)
        )

    def desired(self, given: Given) -> Properties:
        return {"location": self.location, "tags": self.tags}

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        return self.put(f"creating {self}", desired, report)

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        return self.put(f"updating {self}", {**desired, "tags": merged_tags(live, desired)}, report)

    def put(self, what: str, body: Properties, report: Report) -> Properties:
        """Write all of it: omitted properties are deleted. Retry while the network is busy."""
        azure = self.azure

        def write() -> Any:
            poller = azure.resources.resources.begin_create_or_update_by_id(
                resource_id=self.id,
                api_version=self.api_version,
                parameters=arm.sent(body),
                polling=azure.polling(),
            )
            return azure.wait(poller)

        def tell() -> None:
            report("Azure is still busy with an earlier change", None)

        with doing(what):
            return arm.body(eventually(azure.deadline, write, _is_busy, patience=BUSY_SECONDS, tell=tell))


def _is_busy(error: HttpResponseError) -> bool:
    """Whether the network is being written, such as for a new server's address."""
    return error_code(error) == "ReferencedResourceNotProvisioned" or is_busy(error)
