"""Deletes a deployment: the contents of its inventory, as engine nodes that are no longer wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlflow_azure import engine
from mlflow_azure.azure.refusals import doing
from mlflow_azure.deployment.inventory import (
    AUTOSCALE,
    DNS_LINK,
    DNS_ZONE,
    IDENTITY,
    NETWORK,
    PLAN,
    POSTGRES_SERVER,
    REGISTRATION,
    REGISTRY,
    RESOURCE_GROUP,
    SITE,
    STORAGE_ACCOUNT,
    WEBHOOK,
    Found,
    appeared,
)
from mlflow_azure.engine.node import Removable
from mlflow_azure.errors import MlflowAzureError, SettingsError
from mlflow_azure.resources import arm
from mlflow_azure.resources.base import AzureResource
from mlflow_azure.resources.entra.app_registration import delete_registration
from mlflow_azure.resources.network.private_dns_zone import PrivateDnsZone, PrivateDnsZoneLink
from mlflow_azure.resources.network.virtual_network import VirtualNetwork
from mlflow_azure.resources.web.web_app import leave_network
from mlflow_azure.resources.web.writes import when_free

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.deployment.dialog import Dialog
    from mlflow_azure.deployment.inventory import Inventory
    from mlflow_azure.engine.node import Given, Node, Properties, Report
    from mlflow_azure.resources.network.network_resource import NetworkResource


def plan_destroy(azure: Azure, inventory: Inventory) -> engine.Plan:
    """Return the plan that deletes the inventory. Nothing is read again.

    Deleting the group deletes everything in it with one request. Otherwise a plan is deleted after its web apps, and a
    part together with its parent.
    """
    connected = [found.name for found in inventory.ours if found.type == SITE and inventory.has_network]
    if inventory.group_goes:
        group = Found(arm.group_id(azure, inventory.group), inventory.group, RESOURCE_GROUP)
        registrations = [found for found in inventory.ours if found.type == REGISTRATION]
        whole = Remnant(azure, inventory.group, group, connected=connected)
        others = [Remnant(azure, inventory.group, each) for each in registrations]
        return engine.plan([whole, *others], azure.deadline)
    nodes: list[Remnant] = []
    for found in sorted(inventory.ours, key=lambda each: [*_USERS].index(each.type) if each.type in _USERS else -1):
        home = next((node for node in nodes if found.lives_in(node.found)), None)
        users = tuple(node for node in nodes if node.found.type in _USERS.get(found.type, ()))
        own = [name for name in connected if found.type == SITE and found.name == name]
        nodes.append(Remnant(azure, inventory.group, found, parent=home, after=users, connected=own))
    return engine.plan(nodes, azure.deadline)


_USERS: Mapping[str, Collection[str]] = {
    PLAN: (SITE,),
    IDENTITY: (SITE,),
    DNS_ZONE: (POSTGRES_SERVER, DNS_LINK),
    NETWORK: (SITE, POSTGRES_SERVER, DNS_LINK),
}
"""Resource types that are deleted after those that use them."""


class Remnant(AzureResource, Removable):
    """A resource to delete, known only by its id.

    Args:
        connected: The web apps that are deleted with it, and may be connected to a network.

    """

    wanted = False

    def __init__(
        self,
        azure: Azure,
        group: str,
        found: Found,
        *,
        parent: Remnant | None = None,
        after: Sequence[Node] = (),
        connected: Sequence[str] = (),
    ) -> None:
        super().__init__(azure, found.name, parent=parent, after=tuple(after))
        self.kind = found.kind
        self.group = group
        self.found = found
        self.connected = connected

    @property
    def id(self) -> str:
        """Its id in Azure Resource Manager or Microsoft Entra ID."""
        return self.found.id

    def read(self, given: Given) -> Properties | None:
        """Return it as it was listed."""
        return {"id": self.id}

    def desired(self, given: Given) -> Properties:
        """Return nothing."""
        return {}

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        """Never called: it is not wanted."""
        raise AssertionError(self)

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        """Never called: it is not wanted."""
        raise AssertionError(self)

    def delete(self, live: Properties) -> None:
        """Delete it. If it is already gone, that is a success."""
        from azure.core.exceptions import ResourceNotFoundError

        for site in self.connected:
            leave_network(self.azure, self.group, site)
        with doing(f"deleting {self}"):
            try:
                _DELETE[self.found.type](self.azure, self.group, self.found)
            except ResourceNotFoundError:
                return


def _delete_webhook(azure: Azure, group: str, found: Found) -> None:
    registry, name = found.name.split("/")  # as Azure lists it
    azure.wait(azure.registries.webhooks.begin_delete(group, registry, name, polling=azure.polling()))


def _delete_site(azure: Azure, group: str, found: Found) -> None:
    # By default, Azure would delete the plan along with its last site.
    azure.web.web_apps.delete(group, found.name, delete_empty_server_farm=False)


def _delete_of_network(kind: type[NetworkResource]) -> Callable[[Azure, str, Found], Any]:
    def delete(azure: Azure, _group: str, found: Found) -> None:
        resources = azure.resources.resources
        azure.wait(resources.begin_delete_by_id(found.id, api_version=kind.api_version, polling=azure.polling()))

    return delete


_DELETE: Mapping[str, Callable[[Azure, str, Found], Any]] = {
    RESOURCE_GROUP: lambda azure, group, _: azure.wait(
        azure.resources.resource_groups.begin_delete(group, polling=azure.polling())
    ),
    STORAGE_ACCOUNT: lambda azure, group, found: azure.storage.storage_accounts.delete(group, found.name),
    SITE: _delete_site,
    PLAN: lambda azure, group, found: when_free(azure, lambda: azure.web.app_service_plans.delete(group, found.name)),
    REGISTRY: lambda azure, group, found: azure.wait(
        azure.registries.registries.begin_delete(group, found.name, polling=azure.polling())
    ),
    WEBHOOK: _delete_webhook,
    POSTGRES_SERVER: lambda azure, group, found: azure.wait(azure.postgres.servers.begin_delete(group, found.name)),
    IDENTITY: lambda azure, group, found: azure.identities.user_assigned_identities.delete(group, found.name),
    AUTOSCALE: lambda azure, group, found: azure.monitor.autoscale_settings.delete(group, found.name),
    NETWORK: _delete_of_network(VirtualNetwork),
    DNS_ZONE: _delete_of_network(PrivateDnsZone),
    DNS_LINK: _delete_of_network(PrivateDnsZoneLink),
    REGISTRATION: lambda azure, _, found: delete_registration(azure.directory, found.name, found.id),
}


def refuse_newcomers(azure: Azure, inventory: Inventory, *, keep_data: bool) -> None:
    """Raise MlflowAzureError if another command created something while the inventory was deleted.

    An app registration, for example, lives outside the group, and would be left behind.
    """
    if left := appeared(azure, inventory, keep_data=keep_data):
        raise MlflowAzureError(
            f"{', '.join(map(str, left))}: created by another command while this one was running, and still there",
            hint="Run destroy again, once the other command has ended.",
            code="ChangedMeanwhile",
        )


def agree(dialog: Dialog, inventory: Inventory, *, delete_database: bool) -> None:
    """Ask for confirmation, twice for a database unless --delete-database was given. `--yes` alone does not delete one.

    Raises:
        SettingsError: The user does not agree.

    """
    databases = "" if delete_database else ", ".join(map(str, inventory.databases))
    if dialog.agreed_beforehand and databases:
        raise SettingsError(
            f"{databases} would be deleted, with every run, model and trace; --yes alone does not confirm that",
            hint="To delete it too: --yes --delete-database. To keep it, with the storage account: --keep-data",
            code="ConfirmationNeeded",
        )
    data = ", with every run and artifact in the storage account" if inventory.has_data else ""
    dialog.require_consent(f"Delete all of this{data}?")
    if databases:
        dialog.require_consent(f"Delete {databases} as well, with every run, model and trace in it?")
