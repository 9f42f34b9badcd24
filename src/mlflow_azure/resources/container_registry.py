"""The container registry that holds the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.refusals import doing
from mlflow_azure.resources import arm
from mlflow_azure.resources.names import refuse_taken
from mlflow_azure.resources.tagged import TaggedResource, merged_tags
from mlflow_azure.secret import Secret

if TYPE_CHECKING:
    from mlflow_azure.resources.base import Given, Properties, Report


class ContainerRegistry(TaggedResource):
    """A Basic registry with its admin user, whose password the web app pulls with."""

    kind = "container registry"
    type = "Microsoft.ContainerRegistry/registries"

    def read(self, given: Given) -> Properties | None:
        """The live registry."""
        return arm.get_settled(
            self.azure, str(self), lambda: self.azure.registries.registries.get(self.group.name, self.name)
        )

    def desired(self, given: Given) -> Properties:
        """Region, tags, admin user."""
        return {
            "location": self.location,
            "tags": self.tags,
            "properties": {"adminUserEnabled": True},
        }

    def check_before_create(self, given: Given) -> None:
        """The name must be free in the whole world."""
        refuse_taken(
            self,
            given,
            "ACR_NAME",
            lambda: self.azure.registries.registries.check_name_availability(
                {"name": self.name, "type": "Microsoft.ContainerRegistry/registries"}
            ),
        )

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        """Create the registry; it takes 8 to 30 seconds."""
        body = {**desired, "sku": {"name": "Basic"}}
        with doing(f"creating {self}"):
            poller = self.azure.registries.registries.begin_create(self.group.name, self.name, body)
            return arm.body(self.azure.wait(poller))

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        """Change what differs; the SKU that an owner chose is kept."""
        body = {"tags": merged_tags(live, desired), "properties": desired["properties"]}
        with doing(f"updating {self}"):
            poller = self.azure.registries.registries.begin_update(self.group.name, self.name, body)
            return arm.body(self.azure.wait(poller))

    def outputs(self, live: Properties) -> Properties:
        """login_server, and username and password of the admin user (None while it is disabled)."""
        username = password = None
        if live["properties"].get("adminUserEnabled"):
            with doing(f"reading the credentials of {self}"):
                credentials = self.azure.registries.registries.list_credentials(self.group.name, self.name)
            username = str(credentials.username)
            password = Secret(str((credentials.passwords or [])[0].value))
        return {"login_server": live["properties"]["loginServer"], "username": username, "password": password}
