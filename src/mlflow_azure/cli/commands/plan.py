"""`mlflow-azure plan`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mlflow_azure.cli.applied import tell_unchecked
from mlflow_azure.cli.build_options import Build, BuildCa, BuildOption, image_source
from mlflow_azure.cli.features import Auth, Identity, wanted_features
from mlflow_azure.cli.invocation import Invocation, command
from mlflow_azure.console import text

if TYPE_CHECKING:
    from mlflow_azure.events import Step

Adopt = Annotated[bool, typer.Option("--adopt", help="Take over existing resources that mlflow-azure did not make.")]


@command("plan")
def plan(
    run: Invocation,
    *,
    adopt: Adopt = False,
    build: BuildOption = Build.AUTO,
    build_ca: BuildCa = None,
    auth: Auth = False,
    identity: Identity = None,
) -> None:
    """Show what deploy would do. Writes nothing."""
    from mlflow_azure import engine
    from mlflow_azure.deployment.stack import mlflow_stack

    context, builder = image_source(run, build, build_ca)

    def changes_of() -> tuple[Step, ...]:
        features = wanted_features(run, auth=auth, identity=identity)
        stack = mlflow_stack(run.azure, run.settings, features, context=context, build=builder)
        return engine.plan(stack.nodes, run.deadline, adopt=adopt).changes

    changes = run.wait(changes_of)
    tell_unchecked(run)
    run.answer({"changes": changes}, text.changes(changes))
