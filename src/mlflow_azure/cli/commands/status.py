"""`mlflow-azure status`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from mlflow_azure.azure.clouds import CloudName
from mlflow_azure.cli.answer import Answer, only_for_text
from mlflow_azure.cli.applied import tell_hidden
from mlflow_azure.cli.command import command
from mlflow_azure.cli.invocation import Invocation
from mlflow_azure.console import text
from mlflow_azure.deployment.facts import Principal, ResourceState, RunningImage, ShareUse

if TYPE_CHECKING:
    from mlflow_azure.deployment.status import Status


WATCH_SECONDS = 3.0
_ON = {True: "on", False: "off"}


@dataclass(frozen=True)
class StatusAnswer(Answer):
    """The state of the deployment; with --watch, one JSON document per line whenever it changes.

    Attributes:
        url: URL of the server; null if it is not deployed.
        tracking_uri: What clients set as MLFLOW_TRACKING_URI.
        healthy: Whether the server responds, with the deployed image.
        server: The server's health in words.
        resources: All resources.
        image: The deployed image.
        share: Usage of the file share.
        public: Whether the whole internet can reach the server.
        sign_in: Whether it requires sign-in.
        allowed: Who can sign in; null if everyone can, or if you cannot see it.
        continuous_deployment: Whether a push of the image redeploys it.
        portal: The web app's page in the Azure portal; null if the cloud has none.

    """

    url: str | None
    tracking_uri: str | None
    healthy: bool
    server: str
    resources: tuple[ResourceState, ...]
    image: RunningImage | None
    share: ShareUse | None
    public: bool | None
    sign_in: bool | None
    allowed: tuple[Principal, ...] | None
    continuous_deployment: bool | None
    portal: str | None
    verbose: bool = only_for_text()
    anyone: str = only_for_text()
    answering: str | None = only_for_text(default=None)

    def text(self) -> str:
        header = ["RESOURCE", "NAME", "STATE"] + (["ID"] if self.verbose else [])
        rows = [[row.kind, row.name, self._state(row)] + ([row.id] if self.verbose else []) for row in self.resources]
        return f"{text.fields(self._fields())}\n\n{text.table(header, rows)}"

    @property
    def _region(self) -> str | None:
        """The region of most resources."""
        return next(
            (region for region, _ in Counter(filter(None, (row.location for row in self.resources))).most_common(1)),
            None,
        )

    def _state(self, row: ResourceState) -> str:
        """The state, the size, and the region if it differs from the others'."""
        elsewhere = row.location if row.location != self._region else None
        return ", ".join(filter(None, (row.state, row.sku, elsewhere)))

    def _fields(self) -> Iterator[tuple[str, str]]:
        """What is known; parts that do not exist are omitted."""
        yield "Server", self.server
        if self.url:
            yield "URL", self.url
        if self._region:
            yield "Region", self._region
        if self.image:
            yield "Image", _image_text(self.image, self.answering)
        if self.share:
            yield "File share", f"{text.size(self.share.used_bytes)} of {self.share.quota_gib} GiB"
        if self.public is not None:
            yield "Access", self.anyone if self.public else "allowed networks only"
        if self.sign_in is not None:
            yield "Sign-in", _ON[self.sign_in]
        if self.allowed is not None:
            yield "May sign in", ", ".join(each.name for each in self.allowed) or "nobody"
        if self.continuous_deployment is not None:
            yield "Continuous deployment", _ON[self.continuous_deployment]
        if self.portal:
            yield "Portal", self.portal


def _image_text(image: RunningImage, answering: str | None) -> str:
    """The image that was deployed, and how it stands: whether it is the registry's, and the one that answers."""
    if image.newest is None:
        stands = "gone from the registry"
    elif image.is_newest:
        stands = f"{text.digest(image.digest)}, the newest"
    else:
        stands = f"{text.digest(image.digest)}; the registry has {text.digest(image.newest)}"
    return f"{image.reference} ({stands}{f'; {text.digest(answering)} still answers' if answering else ''})"


@command("status", StatusAnswer)
def status(
    run: Invocation,
    *,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Show it again whenever it changes.")] = False,
) -> None:
    """Show the resources, the server's health, and who can reach it."""
    from mlflow_azure.deployment.status import read_status

    found = run.wait(lambda: read_status(run.azure, run.settings))
    if not watch:
        run.answer(_answer(run, found))
        tell_hidden(run, (f"{row.kind} {row.name}" for row in found.hidden))
        advice = found.advice(run.settings)
        run.warn([advice] if advice else [])
        return
    _show(run, found)

    def look() -> None:
        nonlocal found
        before, found = found, run.deadline.call(lambda: read_status(run.azure, run.settings))
        if found != before:
            _show(run, found)

    run.deadline.sleep(WATCH_SECONDS)
    run.deadline.poll(look, every=WATCH_SECONDS)


def _show(run: Invocation, found: Status) -> None:
    answer = _answer(run, found)
    run.console.line(answer.data(), answer.text() + "\n")


def _answer(run: Invocation, found: Status) -> StatusAnswer:
    return StatusAnswer(
        url=found.url,
        tracking_uri=found.url,
        healthy=bool(found.health and found.health.healthy),
        server=found.health.detail if found.health else "not deployed",
        resources=found.resources,
        image=found.image,
        share=found.share,
        public=found.is_public,
        sign_in=found.sign_in,
        allowed=found.allowed,
        continuous_deployment=found.continuous_deployment,
        portal=found.portal,
        verbose=run.common.verbose,
        answering=found.answering,
        anyone="anyone on this machine" if run.cloud.name is CloudName.EMULATOR else "anyone on the internet",
    )
