"""Takes a deployment down: only what carries our tag, and the group only when nothing foreign is in it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlflow_azure import graph, registrations
from mlflow_azure.errors import MlflowAzureError
from mlflow_azure.events import Action, Event, Failed, Finished, Planned, Skipped, Started, Step
from mlflow_azure.refusals import doing
from mlflow_azure.resources import arm
from mlflow_azure.resources.app_registration import delete_registration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mlflow_azure.azure import Azure

STORAGE_ACCOUNT = "Microsoft.Storage/storageAccounts"
SITE = "Microsoft.Web/sites"
PLAN = "Microsoft.Web/serverfarms"
REGISTRY = "Microsoft.ContainerRegistry/registries"
WEBHOOK = "Microsoft.ContainerRegistry/registries/webhooks"
KINDS = {
    STORAGE_ACCOUNT: "storage account",
    SITE: "web app",
    PLAN: "app service plan",
    REGISTRY: "container registry",
    WEBHOOK: "webhook",
}
"""The types of what deploy makes in the group, and our words for them."""
REGISTRATION = "app registration"
"""What it makes in Microsoft Entra ID."""
_GOES_AFTER = {PLAN: SITE, REGISTRY: WEBHOOK}


@dataclass(frozen=True)
class Found:
    """A resource in the group."""

    id: str
    name: str
    type: str

    @property
    def kind(self) -> str:
        """Our word for it, else its type."""
        return KINDS.get(self.type, self.type)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Inventory:
    """What is in the group, ours and others'.

    Attributes:
        group: The group's name.
        group_goes: Whether the group itself is ours and has nothing foreign in it.
        ours: What destroy deletes.
        kept: What stays: what others made, and the storage account where its data is kept.
        unseen: Client ids of app registrations that our sign-in uses, where the user may not see whether they are ours.

    """

    group: str
    group_goes: bool
    ours: tuple[Found, ...]
    kept: tuple[Found, ...]
    unseen: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to delete."""
        return not self.ours and not self.group_goes


def take_inventory(azure: Azure, group: str, *, keep_data: bool) -> Inventory:
    """Look at what is in the group. A group that does not exist is an empty inventory.

    Args:
        azure: The subscription.
        group: The group's name.
        keep_data: Keep the storage account, and so the group.

    """
    registered = registrations.of_deployment(azure, group)
    ours = [Found(each["id"], each["displayName"], REGISTRATION) for each in registered or ()]
    live = arm.get(f"resource group {group}", lambda: azure.resources.resource_groups.get(group))
    if live is None:
        return Inventory(group, group_goes=False, ours=tuple(ours), kept=())
    with doing(f"listing what is in resource group {group}"):
        listed = list(azure.resources.resources.list_by_resource_group(group))
    kept: list[Found] = []
    for resource in listed:
        found = Found(str(resource.id), str(resource.name), _canonical(str(resource.type)))
        goes = _is_ours(found, resource.tags) and not (keep_data and found.type == STORAGE_ACCOUNT)
        (ours if goes else kept).append(found)
    unseen = _used_registrations(azure, group, ours) if registered is None else ()
    return Inventory(group, arm.is_tagged_ours(live["tags"]) and not kept, tuple(ours), tuple(kept), unseen)


def _used_registrations(azure: Azure, group: str, ours: Sequence[Found]) -> tuple[str, ...]:
    sites = (found.name for found in ours if found.type == SITE)
    return tuple(client for site in sites if (client := registrations.used_by(azure, group, site)))


def _is_ours(found: Found, tags: Mapping[str, str] | None) -> bool:
    return found.type in KINDS and arm.is_tagged_ours(tags)


def _canonical(resource_type: str) -> str:
    """Azure changes the case of types at will."""
    return next((known for known in KINDS if known.lower() == resource_type.lower()), resource_type)


@dataclass
class Teardown:
    """Deletes what an inventory says. `deleted` fills while `events` is consumed."""

    azure: Azure
    inventory: Inventory

    def __post_init__(self) -> None:
        self.deleted: list[tuple[Step, float]] = []
        self._began: dict[Found, float] = {}

    def events(self) -> Iterator[Event]:
        """Do it, telling what happens.

        Raises:
            MlflowAzureError: After everything that could be deleted was deleted: what failed first.

        """
        before = self._before()
        steps = {found: Step(found.id, found.kind, found.name, Action.DELETE, found.id) for found in before}
        yield Planned(tuple(steps.values()))
        problems: list[MlflowAzureError] = []
        for outcome in graph.run(before, self._delete, self.azure.deadline):
            yield from self._event(outcome, steps[outcome.node], problems)
        if problems:
            raise problems[0]

    def _before(self) -> dict[Found, list[Found]]:
        """What goes after what. With the group everything in it goes, in one request."""
        if self.inventory.group_goes:
            name = self.inventory.group
            group = Found(arm.group_id(self.azure, name), name, "resource group")
            return {group: [], **{found: [] for found in self.inventory.ours if found.type == REGISTRATION}}
        return {found: self._of_type(_GOES_AFTER.get(found.type)) for found in self.inventory.ours}

    def _of_type(self, resource_type: str | None) -> list[Found]:
        return [found for found in self.inventory.ours if found.type == resource_type]

    def _event(self, outcome: graph.Outcome[Found], step: Step, problems: list[MlflowAzureError]) -> Iterator[Event]:
        match outcome:
            case graph.Began():
                self._began[outcome.node] = time.monotonic()
                yield Started(step)
            case graph.Passed(cause=cause):
                yield Skipped(step, f"{cause} failed")
            case graph.Ended(error=None):
                seconds = time.monotonic() - self._began[outcome.node]
                self.deleted.append((step, seconds))
                yield Finished(step, seconds)
            case graph.Ended(error=error):
                problem = error if isinstance(error, MlflowAzureError) else MlflowAzureError(str(error), hint="")
                problems.append(problem)
                yield Failed(step, time.monotonic() - self._began[outcome.node], problem)

    def _delete(self, found: Found, _tell: Callable[[Any], None]) -> None:
        """Delete it; gone already is success."""
        from azure.core.exceptions import ResourceNotFoundError

        with doing(f"deleting {found}"):
            try:
                self._request(found)
            except ResourceNotFoundError:
                return

    def _request(self, found: Found) -> None:
        azure, group, name = self.azure, self.inventory.group, found.name
        match found.type:
            case "resource group":
                azure.wait(azure.resources.resource_groups.begin_delete(name))
            case "Microsoft.Storage/storageAccounts":
                azure.storage.storage_accounts.delete(group, name)
            case "Microsoft.Web/sites":  # by default Azure would delete the plan along with its last site
                azure.web.web_apps.delete(group, name, delete_empty_server_farm=False)
            case "Microsoft.Web/serverfarms":
                azure.web.app_service_plans.delete(group, name)
            case "Microsoft.ContainerRegistry/registries":
                azure.wait(azure.registries.registries.begin_delete(group, name))
            case "Microsoft.ContainerRegistry/registries/webhooks":  # listed as "registry/webhook"
                azure.wait(azure.registries.webhooks.begin_delete(group, *name.split("/")))
            case "app registration":
                delete_registration(azure.directory, name, found.id)
