"""Carries out a plan."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from mlflow_azure.engine import walk
from mlflow_azure.engine.compare import chosen, has_unknown
from mlflow_azure.engine.concurrent import gather, raise_all
from mlflow_azure.engine.node import Check, Given, Node, Properties, Removable, Report, Resource, Task
from mlflow_azure.engine.planning import Plan, differing
from mlflow_azure.engine.turns import Turn, changed_by_someone
from mlflow_azure.errors import MlflowAzureError, as_ours, understanding
from mlflow_azure.events import Action, Difference, Event, Failed, Finished, Planned, Progressed, Skipped, Started, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from mlflow_azure.deadline import Deadline


@dataclass(frozen=True)
class Applied:
    """What was done to a node, and its outputs."""

    outputs: Properties | None
    action: Action


@dataclass(frozen=True)
class Result:
    """What was done to a resource, and in how many seconds."""

    step: Step
    seconds: float


@dataclass
class Execution:
    """Carries out a plan. `results` and `outputs` are filled while `events` is consumed."""

    plan: Plan
    deadline: Deadline
    results: list[Result] = field(default_factory=list)
    outputs: dict[Node, Properties | None] = field(default_factory=dict)
    _began: dict[Node, float] = field(default_factory=dict)
    _problems: list[MlflowAzureError] = field(default_factory=list)
    _under_way: dict[Node, threading.Event] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _over: bool = False
    _turn: Turn = field(default_factory=Turn)

    @property
    def planned(self) -> Planned:
        """All steps, and the dependencies of each."""
        waits = {node.key: tuple(other.key for other in others) for node, others in self._before.items()}
        return Planned(tuple(self.plan.steps[node] for node in self.plan.nodes), waits)

    @property
    def _before(self) -> dict[Node, list[Node]]:
        return {node: [other for other in _waits_for(node) if other in self.plan.steps] for node in self.plan.nodes}

    def events(self) -> Iterator[Event]:
        """Carry it out, yielding events.

        Raises:
            MlflowAzureError: The failures, after everything else was done.

        """
        yield self.planned
        contested = next((node for node in self._contested if self._updates(node)), None)
        if contested:
            self._turn.first = self.deadline.call(contested.mark)
        for outcome in walk.run(self._before, self._work, self.deadline):
            yield self._event(outcome)
        raise_all(self._problems)
        self._verify()

    def settle(self, patience: Deadline) -> Sequence[Node]:
        """After `events` was abandoned: begin nothing more, and wait for the work in progress.

        Returns:
            The nodes whose work had not ended by then. Their requests may still take effect.

        """
        with self._lock:
            self._over = True
            under_way = dict(self._under_way)
        self.deadline.give_up()
        return [node for node, ended in under_way.items() if not ended.wait(patience.remaining)]

    def _work(self, node: Node, tell: Callable[[tuple[str, float | None]], None]) -> Applied:
        with self._lock:
            self.deadline.check()
            if self._over:
                raise MlflowAzureError(f"{node}: it was abandoned before it started", hint="Run the command again.")
            ended = self._under_way[node] = threading.Event()
        try:
            with understanding(str(node)):
                return self._carry_out(node, tell)
        finally:
            ended.set()

    def _carry_out(self, node: Node, tell: Callable[[tuple[str, float | None]], None]) -> Applied:
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
        """Whether a task is needed. One that works ahead is not if everything after it is kept."""
        actions = (self.plan.steps[node].action for node in self.plan.nodes if task in node.after)
        return not task.ahead or any(action is not Action.KEEP for action in actions)

    def _outputs_of(self, node: Node) -> Properties | None:
        """The outputs of a finished node, or of a resource outside the plan, as they were read."""
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
        if has_unknown(desired):  # a bug of ours: better to fail here than to send a strange request to Azure
            raise MlflowAzureError(f"writing {resource}: a value it needs is unknown", hint="Report this as a bug.")
        # Writes replace whole collections (tags, app settings), which may have changed in the meantime.
        if self._updates(resource) and resource.contested:
            self._turn.begin(resource)
        live = resource.read(given) if reading.live is not None else None
        if live is None:
            return Applied(resource.outputs(resource.create(chosen(desired, None), given, report)), Action.CREATE)
        found = differing(resource, desired, live)
        if not found:  # values unknown during planning turned out to be unchanged
            return Applied(resource.outputs(live), Action.KEEP)
        self._refuse_to_undo(resource, found)
        written = resource.update(chosen(desired, live), live, given, report)
        if self._updates(resource) and resource.contested:
            self._turn.end(resource)
        return Applied(resource.outputs(written), Action.UPDATE)

    @property
    def _contested(self) -> Sequence[Resource]:
        return [node for node in self.plan.nodes if isinstance(node, Resource) and node.contested]

    def _updates(self, resource: Resource) -> bool:
        return self.plan.steps[resource].action is Action.UPDATE

    def _refuse_to_undo(self, resource: Resource, found: Sequence[Difference]) -> None:
        """Refuse to overwrite what someone changed since the plan was made, and believes to be in effect."""
        planned = {difference.path for difference in self.plan.steps[resource].differences}
        changed = [difference.path for difference in found if difference.path not in planned]
        if resource.contested and self._updates(resource) and changed:
            raise changed_by_someone({str(resource): changed})

    def _verify(self) -> None:
        """Read contested resources again after writing them; all of them, if another command was at work."""
        done = {result.step.key: result.step.action for result in self.results}
        nodes = [node for node in self._contested if done.get(node.key) in (Action.CREATE, Action.UPDATE)]
        updated = next((node for node in nodes if done[node.key] is Action.UPDATE), None)
        if updated and self.deadline.call(lambda: self._turn.leave(updated)):
            kept = [node for node in self.plan.nodes if isinstance(node, Resource)]
            nodes = [node for node in kept if done.get(node.key) not in (None, Action.DELETE)]

        def lost(node: Resource) -> list[str]:
            given = Given({other: self._outputs_of(other) for other in node.needs})
            return [difference.path for difference in differing(node, node.desired(given), node.read(given))]

        found = gather({str(node): partial(lost, node) for node in nodes}, self.deadline)
        if changed := {name: paths for name, paths in found.items() if paths}:
            raise changed_by_someone(changed)

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
    """Whether it is deleted along with its parent, which goes first."""
    return isinstance(resource.parent, Removable) and not resource.parent.wanted
