"""Takes a deployment down: only what carries our tag, and the group only when nothing foreign is in it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mlflow_azure.azure.refusals import doing
from mlflow_azure.engine import walk
from mlflow_azure.engine.concurrent import as_ours, raise_all
from mlflow_azure.events import Action, Event, Failed, Finished, Planned, Skipped, Started, Step
from mlflow_azure.resources import arm
from mlflow_azure.resources.entra import registrations
from mlflow_azure.resources.entra.app_registration import delete_registration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.errors import MlflowAzureError

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


@dataclass(frozen=True)
class Found:
    """A resource in the group.

    Attributes:
        in_use: What others run on it, so that it has to stay: names of web apps.

    """

    id: str
    name: str
    type: str
    in_use: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """Our word for it, else its type."""
        return KINDS.get(self.type, self.type)

    def lives_in(self, other: Found) -> bool:
        """Whether it is a part of `other`, and goes with it."""
        return self.id.lower().startswith(f"{other.id.lower()}/")

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Inventory:
    """What is in the group, ours and others'.

    Attributes:
        group: The group's name.
        group_goes: Whether the group itself is ours and has nothing foreign in it.
        ours: What destroy deletes, each after what it lives in.
        kept: What stays: what others made or use, and the storage account where its data is kept.
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
    known = tuple(Found(each["id"], each["displayName"], REGISTRATION) for each in registered or ())
    live = arm.get(f"resource group {group}", lambda: azure.resources.resource_groups.get(group))
    if live is None:
        return Inventory(group, group_goes=False, ours=known, kept=())
    ours, kept = _sorted(azure, group, keep_data=keep_data)
    unseen = _used_registrations(azure, group, ours) if registered is None else ()
    return Inventory(group, arm.is_tagged_ours(live["tags"]) and not kept, (*known, *ours), kept, unseen)


def _sorted(azure: Azure, group: str, *, keep_data: bool) -> tuple[tuple[Found, ...], tuple[Found, ...]]:
    """What is in the group: what goes, and what stays."""
    with doing(f"listing what is in resource group {group}"):
        listed = list(azure.resources.resources.list_by_resource_group(group))
    tags = {Found(str(each.id), str(each.name), _canonical(str(each.type))): each.tags for each in listed}
    made = [found for found in tags if _is_ours(found, tags[found])]
    made = [found for found in made if not (keep_data and found.type == STORAGE_ACCOUNT)]
    parts = [found for found in tags if any(found.lives_in(other) for other in made)]
    going = [*(found for found in made if found not in parts), *parts]
    used = [_use(azure, group, found, going) for found in going]
    kept = [*(found for found in tags if found not in going), *(found for found in used if found.in_use)]
    return tuple(found for found in used if not found.in_use), tuple(kept)


def _use(azure: Azure, group: str, found: Found, going: Sequence[Found]) -> Found:
    """The resource, with the web apps of others that run on it where it is a plan: in any group."""
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
            MlflowAzureError: After everything that could be deleted was deleted: what failed.

        """
        before = self._before()
        steps = {found: Step(found.id, found.kind, found.name, Action.DELETE, found.id) for found in before}
        yield Planned(tuple(steps.values()))
        problems: list[MlflowAzureError] = []
        for outcome in walk.run(before, self._delete, self.azure.deadline):
            yield from self._event(outcome, steps[outcome.node], problems)
        raise_all(problems)

    def _before(self) -> dict[Found, list[Found]]:
        """What goes after what. With the group everything in it goes, in one request."""
        if self.inventory.group_goes:
            name = self.inventory.group
            group = Found(arm.group_id(self.azure, name), name, "resource group")
            return {group: [], **{found: [] for found in self.inventory.ours if found.type == REGISTRATION}}
        sites = [found for found in self.inventory.ours if found.type == SITE]
        return {found: sites if found.type == PLAN else self._homes(found) for found in self.inventory.ours}

    def _homes(self, found: Found) -> list[Found]:
        return [other for other in self.inventory.ours if found.lives_in(other)]

    def _event(self, outcome: walk.Outcome[Found], step: Step, problems: list[MlflowAzureError]) -> Iterator[Event]:
        match outcome:
            case walk.Began():
                self._began[outcome.node] = time.monotonic()
                yield Started(step)
            case walk.Passed(cause=cause):
                yield Skipped(step, f"{cause} failed")
            case walk.Ended(error=None):
                seconds = time.monotonic() - self._began[outcome.node]
                self.deleted.append((step, seconds))
                yield Finished(step, seconds)
            case walk.Ended(error=Exception() as error):
                problem = as_ours(error)
                problems.append(problem)
                yield Failed(step, time.monotonic() - self._began[outcome.node], problem)

    def _delete(self, found: Found, _tell: Callable[[Any], None]) -> None:
        """Delete it; gone already is success, and a part goes with what it lives in."""
        from azure.core.exceptions import ResourceNotFoundError

        if self._homes(found):
            return
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
