"""Carries out a plan before the user's eyes, and tells what was done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlflow_azure.cli.invocation import Invocation
    from mlflow_azure.engine import Application, Plan


def apply(run: Invocation, planned: Plan) -> Application:
    """Do what is planned. Where it fails, the answer of the command has what was done until then."""
    from mlflow_azure import engine

    application = engine.Application(planned, run.deadline)
    try:
        run.console.watch(application.events())
    finally:
        run.achieved["resources"] = rows(application)
    return application


def rows(application: Application) -> list[dict[str, Any]]:
    """What was done to each resource, in the order of the stack."""
    done = {result.step.key: result for result in application.results}
    return [
        {
            "kind": result.step.kind,
            "name": result.step.name,
            "id": result.step.id,
            "action": result.step.action,
            "seconds": round(result.seconds, 1),
        }
        for step in application.plan.changes
        if (result := done.get(step.key))
    ]
