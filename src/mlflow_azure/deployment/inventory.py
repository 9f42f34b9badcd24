"""The contents of a resource group: tagged resources of a deployment, and those of others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mlflow_azure.azure.refusals import doing
from mlflow_azure.deadline import Deadline
from mlflow_azure.errors import AzureRefusedError
from mlflow_azure.resources import arm
from mlflow_azure.resources.entra import registrations

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlflow_azure.azure.clients import Azure

RESOURCE_GROUP = "Microsoft.Resources/resourceGroups"
STORAGE_ACCOUNT = "Microsoft.Storage/storageAccounts"
SITE = "Microsoft.Web/sites"
PLAN = "Microsoft.Web/serverfarms"
REGISTRY = "Microsoft.ContainerRegistry/registries"
WEBHOOK = "Microsoft.ContainerRegistry/registries/webhooks"
POSTGRES_SERVER = "Microsoft.DBforPostgreSQL/flexibleServers"
AUTOSCALE = "Microsoft.Insights/autoscalesettings"
NETWORK = "Microsoft.Network/virtualNetworks"
DNS_ZONE = "Microsoft.Network/privateDnsZones"
DNS_LINK = "Microsoft.Network/privateDnsZones/virtualNetworkLinks"
IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"
KINDS = {
    RESOURCE_GROUP: "resource group",
    STORAGE_ACCOUNT: "storage account",
    SITE: "web app",
    PLAN: "app service plan",
    REGISTRY: "container registry",
    WEBHOOK: "webhook",
    POSTGRES_SERVER: "PostgreSQL server",
    IDENTITY: "managed identity",
    AUTOSCALE: "autoscale setting",
    NETWORK: "virtual network",
    DNS_ZONE: "private DNS zone",
    DNS_LINK: "private DNS zone link",
}
"""The resource types of a deployment, and our names for them."""
DATA = frozenset({STORAGE_ACCOUNT, POSTGRES_SERVER, IDENTITY, NETWORK, DNS_ZONE, DNS_LINK})
"""What is kept with the data: also the identity, since it owns the tables in the database, and the
server's network."""
DIRECTORY_SECONDS = 60.0
"""How long to wait for Microsoft Graph. Without a route to it, each attempt to connect takes minutes."""
REGISTRATION = "app registration"
"""The kind of a deployment's object in Microsoft Entra ID, which has no resource types."""


@dataclass(frozen=True)
class Found:
    """A resource in the group.

    Attributes:
        in_use: Names of others' web apps that run on it, so that it is kept.

    """

    id: str
    name: str
    type: str
    in_use: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """Our name for its type, or else the type."""
        return KINDS.get(self.type, self.type)

    def lives_in(self, other: Found) -> bool:
        """Whether it is part of `other`, and deleted with it. A DNS zone cannot be deleted while it has a link."""
        return self.id.lower().startswith(f"{other.id.lower()}/") and self.type != DNS_LINK

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Inventory:
    """The contents of the group, ours and others'.

    Attributes:
        group: The group's name.
        group_goes: Whether the group itself is ours and contains nothing else.
        ours: What destroy deletes, each after its parent.
        kept: What stays: what others created or use, and the storage account and database if the data is kept.
        unseen: Client ids of app registrations used by our sign-in, if the user cannot see whether they are ours.
        sees_registrations: Whether Microsoft Entra ID told of app registrations.

    """

    group: str
    group_goes: bool
    ours: tuple[Found, ...]
    kept: tuple[Found, ...]
    unseen: tuple[str, ...] = ()
    sees_registrations: bool = True

    @property
    def databases(self) -> tuple[Found, ...]:
        """The PostgreSQL servers to delete, with their contents."""
        return tuple(found for found in self.ours if found.type == POSTGRES_SERVER)

    @property
    def has_network(self) -> bool:
        """Whether there is a virtual network that web apps may be connected to."""
        return any(found.type == NETWORK for found in (*self.ours, *self.kept))

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to delete."""
        return not self.ours and not self.group_goes

    @property
    def has_data(self) -> bool:
        """Whether runs and artifacts are deleted too."""
        return any(found.type == STORAGE_ACCOUNT for found in self.ours)


def take_inventory(azure: Azure, group: str, *, keep_data: bool) -> Inventory:
    """Read the contents of the group. The inventory of a missing group is empty.

    If something disappears in the meantime, because someone else is deleting it, everything is read again.

    Args:
        azure: The subscription.
        group: The group's name.
        keep_data: Keep the storage account and the database, and with them the group.

    """
    from azure.core.exceptions import ResourceNotFoundError

    try:
        return _look(azure, group, keep_data=keep_data)
    except AzureRefusedError as error:
        if not isinstance(error.__cause__, ResourceNotFoundError):
            raise
    return _look(azure, group, keep_data=keep_data)


def appeared(azure: Azure, before: Inventory, *, keep_data: bool) -> tuple[Found, ...]:
    """Return what is ours and was not in an inventory whose contents were deleted since: another command created it.

    What was in it is left out, since Azure may list what it has deleted for a while.
    """
    if before.group_goes:
        found = (_registered(azure, before.group) if before.sees_registrations else None) or ()
    else:
        found = take_inventory(azure, before.group, keep_data=keep_data).ours
    known = {each.id.lower() for each in (*before.ours, *before.kept)}
    return tuple(each for each in found if each.id.lower() not in known)


def _registered(azure: Azure, group: str) -> tuple[Found, ...] | None:
    """Return the app registrations; None if Microsoft Entra ID does not tell in time."""
    told = registrations.if_told(azure, group, Deadline(min(DIRECTORY_SECONDS, azure.deadline.remaining)))
    return None if told is None else tuple(Found(each["id"], each["displayName"], REGISTRATION) for each in told)


def _look(azure: Azure, group: str, *, keep_data: bool) -> Inventory:
    registered = _registered(azure, group)
    known = registered or ()
    live = arm.get(f"resource group {group}", lambda: azure.resources.resource_groups.get(group))
    if live is None:
        return Inventory(group, group_goes=False, ours=known, kept=())
    ours, kept = _sorted(azure, group, keep_data=keep_data)
    unseen = _used_registrations(azure, group, ours) if registered is None else ()
    goes, told = arm.is_tagged_ours(live["tags"]) and not kept, registered is not None
    return Inventory(group, goes, (*known, *ours), kept, unseen, sees_registrations=told)


def _sorted(azure: Azure, group: str, *, keep_data: bool) -> tuple[tuple[Found, ...], tuple[Found, ...]]:
    """Return the contents of the group: what is deleted, and what is kept."""
    with doing(f"listing what is in resource group {group}"):
        listed = list(azure.resources.resources.list_by_resource_group(group))
    tags = {Found(str(each.id), str(each.name), _canonical(str(each.type))): each.tags for each in listed}
    made = [found for found in tags if _is_ours(found, tags[found])]
    made = [found for found in made if not (keep_data and found.type in DATA)]
    parts = [found for found in tags if any(found.lives_in(other) for other in made)]
    going = [*(found for found in made if found not in parts), *parts]
    used = [_use(azure, group, found, going) for found in going]
    kept = [*(found for found in tags if found not in going), *(found for found in used if found.in_use)]
    return tuple(found for found in used if not found.in_use), tuple(kept)


def _use(azure: Azure, group: str, found: Found, going: Sequence[Found]) -> Found:
    """Return the resource; for a plan, with others' web apps on it, in any group."""
    if found.type != PLAN:
        return found
    with doing(f"listing the web apps on {found}"):
        sites = list(azure.web.app_service_plans.list_web_apps(group, found.name))
    others = (site for site in sites if not any(arm.same_id(site.id, each.id) for each in going))
    return replace(found, in_use=tuple(str(site.name) for site in others))


def _used_registrations(azure: Azure, group: str, ours: Sequence[Found]) -> tuple[str, ...]:
    sites = (found.name for found in ours if found.type == SITE)
    return tuple(client for site in sites if (client := registrations.used_by(azure, group, site, ours_only=True)))


def _is_ours(found: Found, tags: Mapping[str, str] | None) -> bool:
    return found.type in KINDS and arm.is_tagged_ours(tags)


def _canonical(resource_type: str) -> str:
    """Return the type in lower case: Azure's case varies."""
    return next((known for known in KINDS if known.lower() == resource_type.lower()), resource_type)
