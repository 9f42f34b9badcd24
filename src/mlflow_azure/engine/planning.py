"""Compares desired with live state, and refuses before the first write what could not be done."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from mlflow_azure.engine.compare import UNKNOWN, differences
from mlflow_azure.engine.concurrent import gather, raise_all
from mlflow_azure.engine.node import HIDDEN, Node, Properties, Removable, Resource, Task
from mlflow_azure.engine.reading import Reading, given_to, read
from mlflow_azure.errors import NOT_ALLOWED, AzureRefusedError, SettingsError, understanding
from mlflow_azure.events import Action, Difference, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from mlflow_azure.deadline import Deadline


@dataclass
class Plan:
    """What to do to each node, in dependency order.

    Attributes:
        nodes: In that order.
        readings: The live resources.
        steps: What to do.
        hidden: The resources of which the user cannot see enough.

    """

    nodes: Sequence[Node]
    readings: Mapping[Resource, Reading]
    steps: Mapping[Node, Step]
    hidden: Collection[Node] = ()

    @property
    def changes(self) -> tuple[Step, ...]:
        """The steps on resources, including those that keep them."""
        return tuple(self.steps[node] for node in self.nodes if isinstance(node, Resource) and node not in self.hidden)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return all(step.action is Action.KEEP for step in self.changes)


def plan(
    nodes: Sequence[Node],
    deadline: Deadline,
    *,
    adopt: bool = False,
    required: Iterable[Resource] = (),
    check: Callable[[Plan], None] = lambda _: None,
    hiding: bool = False,
    seen: Mapping[str, Reading] | None = None,
) -> Plan:
    """Read, compare, and refuse what could not be done.

    Args:
        nodes: In dependency order.
        adopt: Adopt existing resources that we did not create.
        required: Resources outside `nodes` that must already exist. They are not changed.
        check: Raises if something else forbids the plan. Runs in parallel with the checks whether
            the new resources could be created.
        hiding: Skip what the user cannot see. Such a plan can be shown, but not carried out.
        seen: Resources that were just read, by key; they are not read again.

    Raises:
        MlflowAzureError: Why the plan cannot be carried out; several reasons as SeveralErrors.

    """
    resources = [node for node in nodes if isinstance(node, Resource)]
    readings = read(resources, deadline, required=required, hiding=hiding, seen=seen)
    if not adopt:
        _refuse_foreign(readings)
    nodes = [node for node in nodes if not _is_gone(node, readings)]
    steps, hidden = _steps(nodes, readings, hiding=hiding)
    _refuse_fixed(steps)
    made = Plan(nodes, readings, steps, hidden)
    outputs = {resource: reading.outputs for resource, reading in readings.items()}
    checks: dict[str, Callable[[], None]] = {
        node.key: partial(node.check_before_create, given_to(node, outputs))
        for node in nodes
        if isinstance(node, Resource) and steps[node].action is Action.CREATE
    }
    gather({**checks, "check": lambda: check(made)}, deadline)
    return made


def _is_gone(node: Node, readings: Mapping[Resource, Reading]) -> bool:
    """Whether it is neither wanted nor existing, or comes with its parent, so that there is nothing to do or show."""
    unasked = (isinstance(node, Removable) and not node.wanted) or (isinstance(node, Resource) and node.implied)
    return unasked and isinstance(node, Resource) and readings[node].live is None


def _steps(
    nodes: Sequence[Node], readings: Mapping[Resource, Reading], *, hiding: bool
) -> tuple[dict[Node, Step], set[Node]]:
    """Return the step of each node, given the expected outputs of those before it; and the hidden ones."""
    expected = {resource: reading.outputs for resource, reading in readings.items()}
    steps: dict[Node, Step] = {}
    hidden: set[Node] = {resource for resource, reading in readings.items() if reading.hidden}
    for node in nodes:
        try:
            with understanding(f"comparing {node} with what it should be"):
                steps[node] = _step(node, readings, expected)
        except AzureRefusedError as refused:
            if not hiding or refused.code not in NOT_ALLOWED:
                raise
            hidden.add(node)
        if node in hidden:
            steps[node] = Step(node.key, node.kind, node.name, Action.KEEP)
            continue
        outputs = expected[node] if isinstance(node, Resource) else None
        if (
            isinstance(node, Resource)
            and outputs is not None
            and outputs is not HIDDEN
            and steps[node].action is Action.UPDATE
        ):
            expected[node] = {**outputs, **dict.fromkeys(node.changing_outputs, UNKNOWN)}
    return steps, hidden


def _step(node: Node, readings: Mapping[Resource, Reading], expected: Mapping[Resource, Properties | None]) -> Step:
    if not isinstance(node, Resource):
        return Step(node.key, node.kind, node.name, node.action if isinstance(node, Task) else Action.CHECK)
    live = readings[node].live
    if isinstance(node, Removable) and not node.wanted:
        return Step(node.key, node.kind, node.name, Action.KEEP if live is None else Action.DELETE, node.id)
    found = differing(node, node.desired(given_to(node, expected)), live)
    action = Action.CREATE if live is None else Action.UPDATE if found else Action.KEEP
    return Step(node.key, node.kind, node.name, action, node.id, found)


def _refuse_foreign(readings: Mapping[Resource, Reading]) -> None:
    problems = [
        SettingsError(
            f"{resource} exists, but was not created by mlflow-azure (it lacks the tag managed-by)",
            hint="Choose another name, or adopt it: mlflow-azure deploy --adopt",
            code="NotManaged",
        )
        for resource, reading in readings.items()
        if reading.live is not None and not resource.is_ours(reading.live)
    ]
    raise_all(problems)


def _refuse_fixed(steps: Mapping[Node, Step]) -> None:
    raise_all(
        [
            SettingsError(
                f"{node} exists with {found.path} {found.before}, which cannot be changed to {found.after}",
                hint=f"Set {node.fixed[found.path]} to that, or choose other names.",
                code="CannotChange",
            )
            for node, step in steps.items()
            if isinstance(node, Resource) and step.action is Action.UPDATE
            for found in step.differences
            if found.path in node.fixed
        ]
    )


def differing(resource: Resource, desired: Properties, live: Properties | None) -> tuple[Difference, ...]:
    """The differences that are a reason to write."""
    return tuple(found for found in differences(desired, live) if found.path not in resource.ignored)
