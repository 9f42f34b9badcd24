"""Carries out changes before the user's eyes, and tells what was done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mlflow_azure.events import Action

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mlflow_azure.cli.invocation import Invocation
    from mlflow_azure.console.timeline import Timeline
    from mlflow_azure.engine import Plan
    from mlflow_azure.engine.execution import Result
    from mlflow_azure.events import Event


class Work(Protocol):
    """Something that is carried out step by step."""

    @property
    def plan(self) -> Plan:
        """What is to be done."""

    @property
    def results(self) -> Sequence[Result]:
        """What has been done so far."""

    def events(self) -> Iterator[Event]:
        """Do it."""


@dataclass(frozen=True)
class Done:
    """What was done to a resource.

    Attributes:
        kind: "storage account", "web app", …
        name: Its name.
        id: Its id in Azure Resource Manager, or in the service that keeps it.
        action: create, update, replace, keep or delete.
        seconds: How long it took.

    """

    kind: str
    name: str
    id: str | None
    action: Action
    seconds: float


def apply(run: Invocation, work: Work, timeline: Timeline | None = None) -> tuple[Done, ...]:
    """Do it. Where it fails, the answer of the command has what was done until then."""
    try:
        run.watch(timeline.record(work.events()) if timeline else work.events())
    finally:
        run.achieved["resources"] = rows(work)
    return rows(work)


def rows(work: Work) -> tuple[Done, ...]:
    """What was done to each resource, in the order of the plan."""
    done = {result.step.key: result for result in work.results}
    return tuple(
        Done(each.step.kind, each.step.name, each.step.id, each.step.action, round(each.seconds, 1))
        for step in work.plan.changes
        if (each := done.get(step.key))
    )


def tell_unchecked(run: Invocation) -> None:
    """Say in one warning what the user's role did not let us check."""
    from mlflow_azure.azure.permissions import ASK_TO_READ

    if run.azure.unchecked:
        what = ", ".join(dict.fromkeys(run.azure.unchecked))
        run.console.warn(
            f"You cannot read the whole subscription, so some things were not checked: {what}.", ASK_TO_READ
        )


def tell_hidden(run: Invocation, hidden: Iterable[str]) -> None:
    """Say in one warning what the user's role does not let them see of the deployment."""
    from mlflow_azure.azure.permissions import ASK_TO_SEE

    if listed := ", ".join(sorted(hidden)):
        run.console.warn(f"You cannot see everything. Omitted: {listed}.", ASK_TO_SEE)
