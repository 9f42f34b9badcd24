"""`mlflow-azure deploy`."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlflow_azure.cli.applied import apply, rows, tell_unchecked
from mlflow_azure.cli.build_options import Build, BuildCa, BuildOption, image_source
from mlflow_azure.cli.commands.plan import Adopt, plan
from mlflow_azure.cli.features import Auth, Identity, wanted_features
from mlflow_azure.cli.invocation import Invocation, command
from mlflow_azure.console import text
from mlflow_azure.errors import ROLE_REFUSED, AzureRefusedError
from mlflow_azure.events import Action

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlflow_azure.deployment.checks.finding import Finding
    from mlflow_azure.deployment.features.enabled import Features
    from mlflow_azure.deployment.stack import Stack
    from mlflow_azure.engine import Execution
    from mlflow_azure.image.context import BuildContext
    from mlflow_azure.resources.registry.registry_image import Builder


@command("deploy")
def deploy(
    run: Invocation,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and write nothing.")] = False,
    adopt: Adopt = False,
    build: BuildOption = Build.AUTO,
    build_ca: BuildCa = None,
    auth: Auth = False,
    identity: Identity = None,
) -> None:
    """Create or update everything, and wait until the server answers. A second run changes nothing."""
    if dry_run:
        plan(run, adopt=adopt, build=build, build_ca=build_ca, auth=auth, identity=identity)
        return
    began = time.monotonic()
    if run.cloud.remark:
        run.console.note(run.cloud.remark)
    context, builder = image_source(run, build, build_ca)
    features = run.wait(lambda: wanted_features(run, auth=auth, identity=identity))
    try:
        stack, execution = _carry_out(run, features, (context, builder), adopt=adopt)
    except AzureRefusedError as refused:
        if refused.code != ROLE_REFUSED or not identity:
            raise
        run.console.warn(f"{refused.message} Going on with the registry's admin user.", refused.hint)
        features = replace(features, identity=None)
        stack, execution = _carry_out(run, features, (context, builder), adopt=adopt)
    site, image = (execution.outputs[node] or {} for node in (stack.site, stack.image))
    data = {
        "url": site["url"],
        "tracking_uri": site["url"],
        "seconds": round(time.monotonic() - began, 1),
        "image": {"reference": image["reference"], "digest": image["digest"]},
        "resources": rows(execution),
    }
    run.answer(data, _summary(run, data))
    if not run.settings.allow_ip and features.sign_in is None:
        run.console.warn(
            "Anyone on the internet can reach this server, and MLflow 1.5.0 has no sign-in of its own.",
            f"mlflow-azure auth enable{run.same}, or: mlflow-azure deploy{run.same} --allow-ip YOUR.IP.ADD.RESS/32",
        )


def _carry_out(
    run: Invocation, features: Features, source: tuple[BuildContext | None, Builder | None], *, adopt: bool
) -> tuple[Stack, Execution]:
    from mlflow_azure import engine
    from mlflow_azure.deployment.checks.runner import before_writing
    from mlflow_azure.deployment.stack import mlflow_stack

    context, builder = source

    def prepare() -> tuple[Stack, engine.Plan, list[Finding]]:
        stack = mlflow_stack(run.azure, run.settings, features, context=context, build=builder)
        planned = engine.plan(stack.nodes, run.deadline, adopt=adopt)
        return stack, planned, before_writing(run.azure, run.settings, stack, planned)

    stack, planned, warnings = run.wait(prepare)
    tell_unchecked(run)
    for finding in warnings:
        run.console.warn(finding.detail, finding.fix)
    return stack, apply(run, planned)


def _summary(run: Invocation, data: Mapping[str, Any]) -> str:
    changed = [row for row in data["resources"] if row["action"] != Action.KEEP]
    took = text.duration(data["seconds"])
    lines = [
        f"Deployed in {took}." if changed else f"Nothing to do: everything is as wanted (checked in {took}).",
        "",
        text.fields([("Server", data["url"]), ("Tracking URI", data["tracking_uri"])]),
        "",
        "Next:",
        text.fields(
            [
                (f'  eval "$(mlflow-azure env{run.same} --show-secrets)"', "connect this shell, then log runs"),
                (f"  mlflow-azure status{run.same}", "see how it is"),
                (f"  mlflow-azure destroy{run.same}", "take it all down"),
            ]
        ),
    ]
    return "\n".join(lines)
