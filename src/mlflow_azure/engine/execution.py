"""Carries out a plan."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mlflow_azure.engine import walk
from mlflow_azure.engine.compare import has_unknown
from mlflow_azure.engine.concurrent import raise_all
from mlflow_azure.engine.node import Check, Given, Node, Properties, Removable, Report, Resource, Task
from mlflow_azure.engine.planning import Plan, differing
from mlflow_azure.errors import MlflowAzureError, as_ours
from mlflow_azure.events import Action, Event, Failed, Finished, Planned, Progressed, Skipped, Started, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mlflow_azure.deadline import Deadline


@dataclass(frozen=True)
class Applied:
    """What was done to a node, and what it gives to others."""

    outputs: Properties | None
    action: Action


@dataclass(frozen=True)
class Result:
    """What was done to a resource, within how many seconds."""

    step: Step
    seconds: float


@dataclass
class Execution:
    """Carries out a plan. `results` and `outputs` fill while `events` is consumed."""

    plan: Plan
    deadline: Deadline
    results: list[Result] = field(default_factory=list)
    outputs: dict[Node, Properties | None] = field(default_factory=dict)
    _began: dict[Node, float] = field(default_factory=dict)
    _problems: list[MlflowAzureError] = field(default_factory=list)

    def events(self) -> Iterator[Event]:
        """Do it, telling what happens.

        Raises:
            MlflowAzureError: After everything that could be done was done: what failed.

        """
        before = {node: [other for other in _waits_for(node) if other in self.plan.steps] for node in self.plan.nodes}
        waits = {node.key: tuple(other.key for other in others) for node, others in before.items()}
        yield Planned(tuple(self.plan.steps[node] for node in self.plan.nodes), waits)
        for outcome in walk.run(before, self._work, self.deadline):
            yield self._event(outcome)
        raise_all(self._problems)

    def _work(self, node: Node, tell: Callable[[tuple[str, float | None]], None]) -> Applied:
        def report(message: str, fraction: float | None = None) -> None:
            tell((message, fraction))

        given = Given({other: self._outputs_of(other) for other in node.needs})
        if isinstance(node, Resource):
            return self._apply(node, given, report)
        if isinstance(node, Task):
            return Applied(None, node.run(given, report) if self._is_called_for(node) else Action.KEEP)
        if isinstance(node, Check):
            node.run(given, report)
        return Applied(None, Action.CHECK)

    def _is_called_for(self, task: Task) -> bool:
        """Whether a resource that the task works ahead for is to be written; other tasks always are."""
        actions = (self.plan.steps[node].action for node in self.plan.nodes if task in node.after)
        return not task.ahead or any(action is not Action.KEEP for action in actions)

    def _outputs_of(self, node: Node) -> Properties | None:
        """The outputs of a node that is done; of a resource that the plan does not touch, as they were read."""
        if isinstance(node, Resource) and node not in self.plan.steps:
            return self.plan.readings[node].outputs
        return self.outputs[node]

    def _apply(self, resource: Resource, given: Given, report: Report) -> Applied:
        reading = self.plan.readings[resource]
        if self.plan.steps[resource].action is Action.KEEP:
            return Applied(reading.outputs, Action.KEEP)
        if isinstance(resource, Removable) and not resource.wanted and reading.live is not None:
            if not _goes_with_parent(resource):
                resource.delete(reading.live)
            return Applied(None, Action.DELETE)
        desired = resource.desired(given)
        if has_unknown(desired):  # a fault of ours: better here than as a strange request to Azure
            raise MlflowAzureError(f"writing {resource}: a value it needs is unknown", hint="Report this as a bug.")
        # Writes replace whole collections (tags, app settings), and someone may have added to them meanwhile.
        live = resource.read(given) if reading.live is not None else None
        if live is None:
            return Applied(resource.outputs(resource.create(desired, given, report)), Action.CREATE)
        if not differing(resource, desired, live):  # what was unknown when it was planned turned out as it is
            return Applied(resource.outputs(live), Action.KEEP)
        return Applied(resource.outputs(resource.update(desired, live, given, report)), Action.UPDATE)

    def _event(self, outcome: walk.Outcome[Node]) -> Event:
        step = self.plan.steps[outcome.node]
        match outcome:
            case walk.Began():
                self._began[outcome.node] = time.monotonic()
                return Started(step)
            case walk.Told(news=(message, fraction)):
                return Progressed(step, message, fraction)
            case walk.Passed(cause=cause):
                return Skipped(step, f"{cause} failed")
            case walk.Ended():
                return self._ended(outcome, step)
        raise AssertionError(outcome)

    def _ended(self, outcome: walk.Ended[Node], step: Step) -> Event:
        seconds = time.monotonic() - self._began[outcome.node]
        if outcome.error is not None:
            error = as_ours(outcome.error)
            self._problems.append(error)
            return Failed(step, seconds, error)
        applied: Applied = outcome.result
        self.outputs[outcome.node] = applied.outputs
        done = replace(step, action=applied.action)
        if isinstance(outcome.node, Resource):
            self.results.append(Result(done, seconds))
        return Finished(done, seconds)


def _waits_for(node: Node) -> Iterable[Node]:
    parent = node.parent if isinstance(node, Resource) else None
    return {*node.needs, *node.after, *((parent,) if parent else ())}


def _goes_with_parent(resource: Resource) -> bool:
    """Whether its parent, which is deleted before it, takes it along."""
    return isinstance(resource.parent, Removable) and not resource.parent.wanted
