"""Carries out a plan before the user's eyes, and tells what was done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlflow_azure.cli.invocation import Invocation
    from mlflow_azure.engine import Execution, Plan


def apply(run: Invocation, planned: Plan) -> Execution:
    """Do what is planned. Where it fails, the answer of the command has what was done until then."""
    from mlflow_azure import engine

    execution = engine.Execution(planned, run.deadline)
    try:
        run.console.watch(execution.events())
    finally:
        run.achieved["resources"] = rows(execution)
    return execution


def tell_unchecked(run: Invocation) -> None:
    """Say in one warning what the user's role did not let us check."""
    from mlflow_azure.azure.permissions import ASK_TO_READ

    if run.azure.unchecked:
        what = ", ".join(dict.fromkeys(run.azure.unchecked))
        run.console.warn(f"You may not look at the whole subscription, so this was not checked: {what}.", ASK_TO_READ)


def rows(execution: Execution) -> list[dict[str, Any]]:
    """What was done to each resource, in the order of the stack."""
    done = {result.step.key: result for result in execution.results}
    return [
        {
            "kind": result.step.kind,
            "name": result.step.name,
            "id": result.step.id,
            "action": result.step.action,
            "seconds": round(result.seconds, 1),
        }
        for step in execution.plan.changes
        if (result := done.get(step.key))
    ]
