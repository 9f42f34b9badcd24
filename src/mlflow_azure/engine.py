"""Plans and applies a set of resources. Knows neither Azure nor the terminal.

    read      every live resource, concurrently; what lives in something that does not exist is not asked for
    compare   with what is desired: create, update, delete or keep
    check     whether Azure would allow what is to be created, before the first write
    apply     in order of dependencies, independent branches at the same time; what is changed is read again just before

`plan` and `status` stop after the comparison, `deploy` goes on. There is no state between runs: Azure is the record,
so going on after a crash is running again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from mlflow_azure import graph
from mlflow_azure.compare import UNKNOWN, differences, has_unknown
from mlflow_azure.errors import MlflowAzureError, SettingsError, SeveralErrors
from mlflow_azure.events import (
    Action,
    Difference,
    Event,
    Failed,
    Finished,
    Planned,
    Progressed,
    Skipped,
    Started,
    Step,
)
from mlflow_azure.resources.base import Check, Given, Node, Properties, Removable, Report, Resource, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from mlflow_azure.deadline import Deadline

N = TypeVar("N")
R = TypeVar("R")

IGNORED = frozenset({"tags.mlflow-azure-version"})
"""Written with every change, but no reason for one."""


@dataclass(frozen=True)
class Reading:
    """A live resource as it was read (None: it does not exist), and what it gives to others."""

    live: Properties | None
    outputs: Properties | None


@dataclass
class Plan:
    """What is to be done to each node, in an order that respects their dependencies."""

    nodes: Sequence[Node]
    readings: Mapping[Resource, Reading]
    steps: Mapping[Node, Step]

    @property
    def changes(self) -> tuple[Step, ...]:
        """The steps on resources, those that keep them too."""
        return tuple(self.steps[node] for node in self.nodes if isinstance(node, Resource))

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return all(step.action is Action.KEEP for step in self.changes)


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
        live = resource.read(_given(resource, {other: readings[other].outputs for other in before[resource]}))
        return Reading(live, None if live is None else resource.outputs(live))

    before: dict[Resource, list[Resource]] = {}
    left = list(resources)
    while left:
        resource = left.pop()
        before[resource] = [other for other in (resource.parent, *resource.needs) if isinstance(other, Resource)]
        left += [other for other in before[resource] if other not in before]
    _collect(before, work, deadline, readings)
    _refuse_missing(required, readings)
    return readings


def gather(work: Mapping[str, Callable[[], R]], deadline: Deadline) -> dict[str, R]:
    """Do independent pieces of work at the same time, and return their results by name.

    Raises:
        MlflowAzureError: What stood in the way; SeveralErrors where there was more than one thing.

    """
    results: dict[str, R] = {}
    _collect(dict.fromkeys(work, ()), lambda name, _tell: work[name](), deadline, results)
    return results


def plan(nodes: Sequence[Node], deadline: Deadline, *, adopt: bool = False, required: Iterable[Resource] = ()) -> Plan:
    """Read, compare, and ask Azure whether it would allow what is to be created.

    Args:
        nodes: In an order in which each node stands after those that it needs.
        deadline: When to give up.
        adopt: Take over resources that exist and were not made by us.
        required: Resources outside `nodes` that must be there already. They are left as they are.

    Raises:
        MlflowAzureError: What forbids the plan; all of it at once (SeveralErrors).

    """
    resources = [node for node in nodes if isinstance(node, Resource)]
    readings = read(resources, deadline, required=required)
    if not adopt:
        _refuse_foreign(readings)
    steps = _steps(nodes, readings)
    _refuse_fixed(steps)
    created: dict[Resource, list[Resource]] = {node: [] for node in resources if steps[node].action is Action.CREATE}
    outputs = {resource: reading.outputs for resource, reading in readings.items()}
    _collect(created, lambda resource, _tell: resource.check_before_create(_given(resource, outputs)), deadline, {})
    return Plan(nodes, readings, steps)


def _steps(nodes: Sequence[Node], readings: Mapping[Resource, Reading]) -> dict[Node, Step]:
    """What is to be done to each node, given what those before it are expected to give."""
    expected = {resource: reading.outputs for resource, reading in readings.items()}
    steps: dict[Node, Step] = {}
    for node in nodes:
        steps[node] = _step(node, readings, expected)
        outputs = expected[node] if isinstance(node, Resource) else None
        if isinstance(node, Resource) and outputs is not None and steps[node].action is Action.UPDATE:
            expected[node] = {**outputs, **dict.fromkeys(node.changing_outputs, UNKNOWN)}
    return steps


def _step(node: Node, readings: Mapping[Resource, Reading], expected: Mapping[Resource, Properties | None]) -> Step:
    if not isinstance(node, Resource):
        return Step(node.key, node.kind, node.name, Action.CHECK)
    live = readings[node].live
    if isinstance(node, Removable) and not node.wanted:
        return Step(node.key, node.kind, node.name, Action.KEEP if live is None else Action.DELETE, node.id)
    found = _wanted(node.desired(_given(node, expected)), live)
    action = Action.CREATE if live is None else Action.UPDATE if found else Action.KEEP
    return Step(node.key, node.kind, node.name, action, node.id, found)


def _wanted(desired: Properties, live: Properties | None) -> tuple[Difference, ...]:
    return tuple(found for found in differences(desired, live) if found.path not in IGNORED)


def _given(node: Node, outputs: Mapping[Resource, Properties | None]) -> Given:
    return Given({other: outputs[other] for other in node.needs if isinstance(other, Resource)})


def _refuse_foreign(readings: Mapping[Resource, Reading]) -> None:
    problems = [
        SettingsError(
            f"{resource} exists, and was not made by mlflow-azure (it lacks the tag managed-by)",
            hint="Choose another name, or take it over: mlflow-azure deploy --adopt",
            code="NotManaged",
        )
        for resource, reading in readings.items()
        if reading.live is not None and not resource.is_ours(reading.live)
    ]
    _raise(problems)


def _refuse_missing(required: Iterable[Resource], readings: Mapping[Resource, Reading]) -> None:
    missing = [resource for resource in required if readings[resource].live is None]
    if missing:
        raise MlflowAzureError(
            f"{missing[0]} does not exist: nothing is deployed under this name",
            hint="Deploy first: mlflow-azure deploy. Or name what is deployed: mlflow-azure settings show",
            code="NotDeployed",
        )


def _refuse_fixed(steps: Mapping[Node, Step]) -> None:
    _raise(
        [
            SettingsError(
                f"{node} exists with {found.path} {found.before}, which cannot be changed to {found.after}",
                hint=f"Set {node.fixed[found.path]} to what is there, or choose other names.",
                code="CannotChange",
            )
            for node, step in steps.items()
            if isinstance(node, Resource) and step.action is Action.UPDATE
            for found in step.differences
            if found.path in node.fixed
        ]
    )


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
class Application:
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
        yield Planned(tuple(self.plan.steps[node] for node in self.plan.nodes))
        for outcome in graph.run(before, self._work, self.deadline):
            yield self._event(outcome)
        _raise(self._problems)

    def _work(self, node: Node, tell: Callable[[tuple[str, float | None]], None]) -> Applied:
        def report(message: str, fraction: float | None = None) -> None:
            tell((message, fraction))

        given = Given({other: self._outputs_of(other) for other in node.needs})
        if isinstance(node, Resource):
            return self._apply(node, given, report)
        if isinstance(node, Task):
            return Applied(None, node.run(given, report))
        if isinstance(node, Check):
            node.run(given, report)
        return Applied(None, Action.CHECK)

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
            resource.delete(reading.live)
            return Applied(None, Action.DELETE)
        desired = resource.desired(given)
        if has_unknown(desired):  # a fault of ours: better here than as a strange request to Azure
            raise MlflowAzureError(f"writing {resource}: a value it needs is unknown", hint="Report this as a bug.")
        # Writes replace whole collections (tags, app settings), and someone may have added to them meanwhile.
        live = resource.read(given) if reading.live is not None else None
        if live is None:
            return Applied(resource.outputs(resource.create(desired, given, report)), Action.CREATE)
        if not _wanted(desired, live):  # what was unknown when it was planned turned out as it is
            return Applied(resource.outputs(live), Action.KEEP)
        return Applied(resource.outputs(resource.update(desired, live, given, report)), Action.UPDATE)

    def _event(self, outcome: graph.Outcome[Node]) -> Event:
        step = self.plan.steps[outcome.node]
        match outcome:
            case graph.Began():
                self._began[outcome.node] = time.monotonic()
                return Started(step)
            case graph.Told(news=(message, fraction)):
                return Progressed(step, message, fraction)
            case graph.Passed(cause=cause):
                return Skipped(step, f"{cause} failed")
            case graph.Ended():
                return self._ended(outcome, step)
        raise AssertionError(outcome)

    def _ended(self, outcome: graph.Ended[Node], step: Step) -> Event:
        seconds = time.monotonic() - self._began[outcome.node]
        if outcome.error is not None:
            error = _ours(outcome.error)
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


def _collect(before: Mapping[N, Iterable[N]], work: graph.Work[N], deadline: Deadline, results: dict[N, R]) -> None:
    """Run the graph to its end, filling `results`, and raise what went wrong."""
    problems = []
    for outcome in graph.run(before, work, deadline):
        if isinstance(outcome, graph.Ended):
            if outcome.error is None:
                results[outcome.node] = outcome.result
            else:
                problems.append(_ours(outcome.error))
    _raise(problems)


def _ours(error: Exception) -> MlflowAzureError:
    """The error as one of ours; any other is a fault of this program, whose traceback `--verbose` shows."""
    if isinstance(error, MlflowAzureError):
        return error
    ours = MlflowAzureError(
        f"internal error: {type(error).__name__}: {error}",
        hint="Run it again with --verbose, and report what it prints.",
        code="InternalError",
    )
    ours.__cause__ = error
    return ours


def _raise(problems: Sequence[MlflowAzureError]) -> None:
    unique = list({(problem.message, problem.hint): problem for problem in problems}.values())
    if len(unique) == 1:
        raise unique[0]
    if unique:
        raise SeveralErrors(unique)
