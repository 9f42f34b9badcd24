"""`mlflow-azure plan`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlflow_azure.cli import meaning
from mlflow_azure.cli.answer import Answer, only_for_text
from mlflow_azure.cli.applied import tell_hidden, tell_unchecked
from mlflow_azure.cli.build_options import Build, BuildCa, BuildOption, image_source
from mlflow_azure.cli.chart import GraphOption, write_image
from mlflow_azure.cli.command import command
from mlflow_azure.cli.feature_options import Adopt, Auth, Identity, Public
from mlflow_azure.cli.invocation import Invocation
from mlflow_azure.console import text
from mlflow_azure.errors import MlflowAzureError
from mlflow_azure.events import Action, Step


@dataclass(frozen=True)
class ChangedValue:
    """One value that would change.

    Attributes:
        path: Dotted: "properties.httpsOnly".
        from_: What it is; null if there is none.
        to: The new value; "(known after deploy)" if only Azure can tell, "(secret)" if it is a secret.

    """

    path: str
    from_: Any
    to: Any


@dataclass(frozen=True)
class Change:
    """What a deploy would do to a resource.

    Attributes:
        kind: "storage account", "web app", …
        name: Its name.
        id: Its id in Azure Resource Manager, or in the service it belongs to.
        action: create, update, replace or keep.
        differences: What would change; empty if the resource is kept.

    """

    kind: str
    name: str
    id: str | None
    action: Action
    differences: tuple[ChangedValue, ...]


@dataclass(frozen=True)
class PlanAnswer(Answer):
    """What a deploy would do.

    Attributes:
        changes: One per resource, in order of dependencies.

    """

    changes: tuple[Change, ...]
    steps: tuple[Step, ...] = only_for_text()
    verbose: bool = only_for_text(default=False)
    refused: tuple[tuple[str, str], ...] = only_for_text(default=())

    def text(self) -> str:
        """One line per changed resource, with its meaning; with --verbose, in Azure's terms."""
        said = () if self.verbose else (meaning.summary, meaning.lines)
        refused = (f"A deploy would fail: {message}\n{hint}" for message, hint in self.refused)
        return "\n\n".join([text.changes(self.steps, *said), *refused])


@command("plan", PlanAnswer, makes=True)
def plan(
    run: Invocation,
    *,
    adopt: Adopt = False,
    build: BuildOption = Build.AUTO,
    build_ca: BuildCa = None,
    auth: Auth = False,
    identity: Identity = None,
    public: Public = False,
    graph: GraphOption = None,
) -> int:
    """Show what deploy would do. Writes nothing.

    If deploy would be refused, plan exits with the same code; missing permissions are a warning.

    Examples:
      mlflow-azure plan --rg-name team-mlflow
      mlflow-azure plan --verbose

    """
    from mlflow_azure.deployment.deploy import Deploy, Wish

    run.preview = True
    context, builder = image_source(run, run.settings, build, build_ca)
    wish = Wish(adopt=adopt, auth=auth, identity=identity, public=public, context=context, build=builder)
    prepared = run.wait(lambda: Deploy(run.azure, run.settings, wish, writes=False))
    tell_unchecked(run)
    tell_hidden(run, map(str, prepared.plan.hidden))
    run.warn(prepared.warnings)
    if graph is not None:
        from mlflow_azure.console.graph import graph as drawn

        write_image(graph, drawn(prepared.planned), "--graph")
    return run.verdict(
        plan_answer(prepared.plan.changes, verbose=run.common.verbose, refused=prepared.refused), prepared.refused
    )


def plan_answer(
    steps: tuple[Step, ...], *, verbose: bool = False, refused: Sequence[MlflowAzureError] = ()
) -> PlanAnswer:
    """Return the answer for the steps of a plan, and the reasons why a deploy would be refused."""
    return PlanAnswer(
        tuple(
            Change(
                step.kind,
                step.name,
                step.id,
                step.action,
                tuple(ChangedValue(each.path, each.before, each.after) for each in step.differences),
            )
            for step in steps
        ),
        steps,
        verbose,
        tuple((each.message, each.hint) for each in refused),
    )
