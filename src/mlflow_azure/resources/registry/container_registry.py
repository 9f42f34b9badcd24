"""The container registry that holds the image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from mlflow_azure.azure.refusals import doing
from mlflow_azure.engine.compare import UNKNOWN
from mlflow_azure.image.registry_api import wait_until_reachable
from mlflow_azure.image.registry_credentials import exchange
from mlflow_azure.resources import arm
from mlflow_azure.resources.availability import refuse_taken
from mlflow_azure.resources.tagged import TaggedResource, merged_tags
from mlflow_azure.secret import Secret

if TYPE_CHECKING:
    from azure.mgmt.containerregistry.models import RegistryListCredentialsResult

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.engine.node import Given, Properties, Report
    from mlflow_azure.resources.tagged import Place


class ContainerRegistry(TaggedResource):
    """A Basic registry.

    Args:
        admin_user: Whether the web app pulls with the admin user's password. If not, the user is not touched
            here, since whatever still uses it comes first (admin_user.py).

    """

    kind = "container registry"
    type = "Microsoft.ContainerRegistry/registries"

    def __init__(self, azure: Azure, name: str, *, admin_user: bool, **place: Unpack[Place]) -> None:
        super().__init__(azure, name, **place)
        self.admin_user = admin_user

    def read(self, given: Given) -> Properties | None:
        return arm.get_settled(self.azure, str(self), lambda: self.azure.registries.registries.get(*self.where))

    def desired(self, given: Given) -> Properties:
        properties = {"adminUserEnabled": True} if self.admin_user else {}
        return {"location": self.location, "tags": self.tags, "properties": properties}

    def check_before_create(self, given: Given) -> None:
        check = self.azure.registries.registries.check_name_availability
        refuse_taken(self, given, "ACR_NAME", lambda: check(arm.sent({"name": self.name, "type": self.type})))

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        """Create the registry, which takes 8 to 30 seconds, and wait until it can be reached."""
        registries, body = self.azure.registries.registries, {**desired, "sku": {"name": "Basic"}}
        with doing(f"creating {self}"):
            poller = registries.begin_create(*self.where, body, polling=self.azure.polling(lasts=True))
            live = arm.body(self.azure.wait(poller))
        wait_until_reachable(self.azure.cloud, live["properties"]["loginServer"], self.azure.deadline, report)
        return live

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        """Change what differs; a SKU chosen by the owner is kept."""
        body = {"tags": merged_tags(live, desired), "properties": desired["properties"]}
        with doing(f"updating {self}"):
            poller = self.azure.registries.registries.begin_update(*self.where, body, polling=self.azure.polling())
            return arm.body(self.azure.wait(poller))

    def outputs(self, live: Properties) -> Properties:
        """login_server, username, password, and passwords by name; pull_username and pull_passwords.

        They are the admin user's, whose two passwords are both always valid; if it is disabled, the signed-in user's,
        which the web app must not use. Microsoft does not say whether the passwords survive disabling; the username
        is the registry's name:
        https://learn.microsoft.com/azure/container-registry/container-registry-authentication#admin-account
        """
        server = live["properties"]["loginServer"]
        if live["properties"].get("adminUserEnabled"):
            username, passwords = self._admin()
        else:
            username, exchanged = exchange(self.azure, server)
            passwords = {"password": exchanged}
        comes = self.admin_user and not live["properties"].get("adminUserEnabled")
        return {
            "login_server": server,
            "username": username,
            "password": next(iter(passwords.values())),
            "passwords": passwords,
            "pull_username": self.name if comes else username,
            "pull_passwords": UNKNOWN if comes else passwords,
        }

    def _admin(self) -> tuple[str, dict[str, Secret]]:
        with doing(f"reading the credentials of {self}"):
            credentials = self.azure.registries.registries.list_credentials(*self.where)
        return str(credentials.username), passwords_of(credentials)


def passwords_of(credentials: RegistryListCredentialsResult) -> dict[str, Secret]:
    """Return the passwords of an admin user: `password` and `password2`."""
    return {each["name"]: Secret(each["value"]) for each in credentials.as_dict()["passwords"]}
