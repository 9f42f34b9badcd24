"""`mlflow-azure deploy`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from mlflow_azure.cli.answer import Answer, only_for_text
from mlflow_azure.cli.applied import Done, apply, tell_unchecked
from mlflow_azure.cli.browser import show_in_browser
from mlflow_azure.cli.build_options import Build, BuildCa, BuildOption, image_source
from mlflow_azure.cli.chart import Chart, TimelineOption
from mlflow_azure.cli.command import command
from mlflow_azure.cli.commands.plan import PlanAnswer, plan
from mlflow_azure.cli.feature_options import Adopt, Auth, Identity, Public
from mlflow_azure.cli.invocation import Invocation
from mlflow_azure.cli.options import refuse_beside
from mlflow_azure.console import text
from mlflow_azure.events import Action

if TYPE_CHECKING:
    from mlflow_azure.deployment.deploy import Deploy


@dataclass(frozen=True)
class DeployedImage:
    """The image that the server runs.

    Attributes:
        reference: "mlflow3f9a1c02.azurecr.io/mlflowimage:latest".
        digest: "sha256:…".

    """

    reference: str
    digest: str


@dataclass(frozen=True)
class DeployAnswer(Answer):
    """A server that is up.

    Attributes:
        url: URL of the server.
        tracking_uri: What clients set as MLFLOW_TRACKING_URI.
        seconds: Duration of the deploy.
        image: The image that it runs.
        resources: What was done to each resource.
        secrets: Whether clients need a secret: the storage key of MLflow 1.5.0, or a token.

    """

    url: str
    tracking_uri: str
    seconds: float
    image: DeployedImage
    resources: tuple[Done, ...]
    secrets: bool = only_for_text()

    def text(self) -> str:
        changed = any(each.action is not Action.KEEP for each in self.resources)
        took = text.duration(self.seconds)
        env = "mlflow-azure env --show-secrets" if self.secrets else "mlflow-azure env"
        next_steps = [
            ("Point this shell at the server", f'eval "$({env})"'),
            ("Check its health", "mlflow-azure status"),
            ("Delete everything", "mlflow-azure destroy"),
        ]
        lines = [
            f"Deployed in {took}." if changed else f"Up to date; nothing to change (checked in {took}).",
            "",
            text.fields([("Server", self.url), ("Tracking URI", self.tracking_uri)]),
            "",
            *(f"{what}:\n  {line}" for what, line in next_steps),
        ]
        return "\n".join(lines)


@command("deploy", DeployAnswer, PlanAnswer, makes=True)
def deploy(
    run: Invocation,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be done, without changing anything.")
    ] = False,
    adopt: Adopt = False,
    build: BuildOption = Build.AUTO,
    build_ca: BuildCa = None,
    auth: Auth = False,
    identity: Identity = None,
    timeline: TimelineOption = None,
    public: Public = False,
    open_: Annotated[bool, typer.Option("--open", help="Open the server in the browser once it is up.")] = False,
) -> int:
    """Create or update everything, and wait until the server is up. Safe to re-run.

    Examples:
      mlflow-azure deploy --cloud emulator
      mlflow-azure deploy --rg-name team-mlflow --allow-ip 203.0.113.0/24
      mlflow-azure deploy --settings team.env --auth

    """
    refuse_beside({"--dry-run": dry_run}, {"--timeline": timeline, "--open": open_})
    if dry_run:
        return plan(run, adopt=adopt, build=build, build_ca=build_ca, auth=auth, identity=identity, public=public) or 0
    from mlflow_azure.deployment.deploy import Deploy, Wish

    began = time.monotonic()
    chart = Chart(timeline)
    if run.cloud.remark:
        run.note(run.cloud.remark)
    context, builder = image_source(run, run.settings, build, build_ca)
    wish = Wish(adopt=adopt, auth=auth, identity=identity, public=public, context=context, build=builder)
    prepared = run.wait(lambda: Deploy(run.azure, run.settings, wish))
    tell_unchecked(run)
    run.warn(prepared.warnings)
    with chart:
        done = apply(run, prepared, chart.timeline)
    answer = _answer(prepared, done, round(time.monotonic() - began, 1))
    run.answer(answer)
    if open_:
        show_in_browser(run, answer.url)
    run.warn(prepared.afterwards)
    return 0


def _answer(prepared: Deploy, done: tuple[Done, ...], seconds: float) -> DeployAnswer:
    site, image = prepared.outputs(prepared.stack.site), prepared.outputs(prepared.stack.image)
    return DeployAnswer(
        url=site["url"],
        tracking_uri=site["url"],
        seconds=seconds,
        image=DeployedImage(image["reference"], image["digest"]),
        resources=done,
        secrets=prepared.takes_secret,
    )
