"""Carries out changes while showing progress, and reports what was done."""

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
    """Something carried out step by step."""

    @property
    def plan(self) -> Plan:
        """The steps to carry out."""

    @property
    def results(self) -> Sequence[Result]:
        """The steps done so far."""

    def events(self) -> Iterator[Event]:
        """Do it."""


@dataclass(frozen=True)
class Done:
    """What was done to a resource.

    Attributes:
        kind: "storage account", "web app", …
        name: Its name.
        id: Its id in Azure Resource Manager, or in the service it belongs to.
        action: create, update, replace, keep or delete.
        seconds: Duration.

    """

    kind: str
    name: str
    id: str | None
    action: Action
    seconds: float


def apply(run: Invocation, work: Work, timeline: Timeline | None = None) -> tuple[Done, ...]:
    """Carry it out. If it fails, the command's answer contains what was done until then."""
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
    """Warn once about everything that the user's role did not allow us to check."""
    from mlflow_azure.azure.permissions import ASK_TO_READ

    if run.azure.unchecked:
        what = ", ".join(dict.fromkeys(run.azure.unchecked))
        run.console.warn(
            f"You cannot read the whole subscription, so some things were not checked: {what}.", ASK_TO_READ
        )


def tell_hidden(run: Invocation, hidden: Iterable[str]) -> None:
    """Warn once about everything that the user's role does not allow them to see."""
    from mlflow_azure.azure.permissions import ASK_TO_SEE

    if listed := ", ".join(sorted(hidden)):
        run.console.warn(f"You cannot see everything. Omitted: {listed}.", ASK_TO_SEE)
