"""Reads live resources, in parallel as far as their dependencies allow."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlflow_azure.engine.concurrent import collect
from mlflow_azure.engine.node import HIDDEN, Given, Node, Properties, Resource
from mlflow_azure.errors import NOT_ALLOWED, AzureRefusedError, MlflowAzureError, understanding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mlflow_azure.deadline import Deadline


@dataclass(frozen=True)
class Reading:
    """A live resource as it was read (None: it does not exist), and its outputs.

    `hidden`: whether it may exist, but the user is not allowed to see it.
    """

    live: Properties | None
    outputs: Properties | None
    hidden: bool = False


class _Readings(Mapping[Node, "Properties | None"]):
    """Outputs still being read: asking for one waits for its resource, and fails if that fails."""

    def __init__(self, resources: Iterable[Resource], seen: Mapping[str, Reading], *, hiding: bool) -> None:
        self._seen = seen
        self._hiding = hiding
        self._futures: dict[Node, Future[Reading]] = {resource: Future() for resource in resources}

    def __getitem__(self, node: Node) -> Properties | None:
        return self._futures[node].result().outputs

    def __iter__(self) -> Iterator[Node]:
        return iter(self._futures)

    def __len__(self) -> int:
        return len(self._futures)

    def read(self, resource: Resource) -> Reading:
        """Read it now."""
        future = self._futures[resource]
        try:
            future.set_result(self._read(resource))
        except BaseException as error:
            future.set_exception(error)
            raise
        return future.result()

    def _read(self, resource: Resource) -> Reading:
        if resource.key in self._seen:
            return self._seen[resource.key]
        if any(other in self._futures and self._exists(other) for other in resource.shown_by):
            return Reading(resource.shown, resource.outputs(resource.shown))
        parent = resource.parent
        # Direct parts of the outermost resource that can be read without it are read at once, which saves a round if
        # it exists. Their own parts are many, and are not read in vain.
        waits = parent is not None and (parent.parent is not None or parent in resource.needs)
        if parent is not None and waits and not self._exists(parent):
            return self._without(parent)
        live = None
        try:
            with understanding(f"reading {resource}"):
                live = resource.read(Given(self))
                found = Reading(live, None if live is None else resource.outputs(live))
        except AzureRefusedError as refused:
            if not self._hiding or refused.code not in NOT_ALLOWED:
                raise
            found = Reading(live, HIDDEN, hidden=live is None)
        return found if parent is None or self._exists(parent) else self._without(parent)

    def _without(self, parent: Resource) -> Reading:
        """The reading of a part of a resource that does not exist or is hidden from the user."""
        return Reading(None, HIDDEN, hidden=True) if self._futures[parent].result().hidden else Reading(None, None)

    def _exists(self, resource: Resource) -> bool:
        return self._futures[resource].result().live is not None


def read(
    resources: Iterable[Resource],
    deadline: Deadline,
    *,
    required: Iterable[Resource] = (),
    hiding: bool = False,
    seen: Mapping[str, Reading] | None = None,
) -> dict[Resource, Reading]:
    """Read all live resources, and those whose outputs they need.

    Args:
        resources: The resources to read.
        required: Resources that must exist.
        hiding: Skip what the user cannot see.
        seen: Resources that were just read, by key; they are not read again.

    Raises:
        MlflowAzureError: One of `required` does not exist (NotDeployed), or reading failed;
            SeveralErrors if there is more than one failure.

    """
    wanted: dict[Resource, tuple[()]] = {}
    left = list(resources)
    while left:
        resource = left.pop()
        wanted[resource] = ()
        others = (resource.parent, *resource.needs)
        left += [other for other in others if isinstance(other, Resource) and other not in wanted]
    readings: dict[Resource, Reading] = {}
    ongoing = _Readings(wanted, seen or {}, hiding=hiding)

    def work(resource: Resource, _tell: Callable[[object], None]) -> Reading:
        return ongoing.read(resource)

    collect(wanted, work, deadline, readings)
    _refuse_missing(required, readings)
    return readings


def _refuse_missing(required: Iterable[Resource], readings: Mapping[Resource, Reading]) -> None:
    missing = [resource for resource in required if readings[resource].live is None]
    if missing:
        raise MlflowAzureError(
            f"{missing[0]} does not exist: nothing is deployed under this name",
            hint="Deploy first: mlflow-azure deploy. To see what is deployed: mlflow-azure list",
            code="NotDeployed",
        )


def given_to(node: Node, outputs: Mapping[Resource, Properties | None]) -> Given:
    """The outputs of the resources that a node needs."""
    return Given({other: outputs[other] for other in node.needs if isinstance(other, Resource)})
