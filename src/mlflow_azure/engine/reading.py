"""Reads live resources, each as soon as what it lives in and needs has been read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlflow_azure.engine.concurrent import collect
from mlflow_azure.engine.node import Given, Node, Properties, Resource
from mlflow_azure.errors import MlflowAzureError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mlflow_azure.deadline import Deadline


@dataclass(frozen=True)
class Reading:
    """A live resource as it was read (None: it does not exist), and what it gives to others."""

    live: Properties | None
    outputs: Properties | None


def read(
    resources: Iterable[Resource], deadline: Deadline, *, required: Iterable[Resource] = ()
) -> dict[Resource, Reading]:
    """Read every live resource, and those whose outputs that takes.

    Raises:
        MlflowAzureError: One of `required` does not exist (NotDeployed), or whatever else stood in the way;
            SeveralErrors where there was more than one thing.

    """
    readings: dict[Resource, Reading] = {}

    def work(resource: Resource, _tell: Callable[[object], None]) -> Reading:
        if resource.parent is not None and readings[resource.parent].live is None:
            return Reading(None, None)
        live = resource.read(given_to(resource, {other: readings[other].outputs for other in before[resource]}))
        return Reading(live, None if live is None else resource.outputs(live))

    before: dict[Resource, list[Resource]] = {}
    left = list(resources)
    while left:
        resource = left.pop()
        before[resource] = [other for other in (resource.parent, *resource.needs) if isinstance(other, Resource)]
        left += [other for other in before[resource] if other not in before]
    collect(before, work, deadline, readings)
    _refuse_missing(required, readings)
    return readings


def _refuse_missing(required: Iterable[Resource], readings: Mapping[Resource, Reading]) -> None:
    missing = [resource for resource in required if readings[resource].live is None]
    if missing:
        raise MlflowAzureError(
            f"{missing[0]} does not exist: nothing is deployed under this name",
            hint="Deploy first: mlflow-azure deploy. Or name what is deployed: mlflow-azure settings show",
            code="NotDeployed",
        )


def given_to(node: Node, outputs: Mapping[Resource, Properties | None]) -> Given:
    """What a node is given of all outputs: those of the resources that it needs."""
    return Given({other: outputs[other] for other in node.needs if isinstance(other, Resource)})
