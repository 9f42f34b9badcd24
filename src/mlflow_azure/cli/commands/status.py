"""`mlflow-azure status`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlflow_azure.cli.invocation import Invocation, command
from mlflow_azure.console import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow_azure.deployment.status import Image, Share, Status

WATCH_SECONDS = 3.0
_ON = {True: "on", False: "off"}


@command("status")
def status(
    run: Invocation,
    *,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Show it again whenever it changes.")] = False,
) -> None:
    """Show the resources, whether the server answers, and how it is protected."""
    from mlflow_azure.deployment.status import read_status

    found = run.wait(lambda: read_status(run.azure, run.settings))
    if not watch:
        run.answer(_data(found), _text(found, verbose=run.common.verbose))
        _advise(run, found)
        return
    _show(run, found)
    while True:
        run.deadline.sleep(WATCH_SECONDS)
        before, found = found, run.deadline.call(lambda: read_status(run.azure, run.settings))
        if found != before:
            _show(run, found)


def _show(run: Invocation, found: Status) -> None:
    run.console.line(_data(found), _text(found, verbose=run.common.verbose) + "\n")


def _data(found: Status) -> dict[str, Any]:
    return {
        "url": found.url,
        "tracking_uri": found.url,
        "healthy": bool(found.health and found.health.healthy),
        "server": _server(found),
        "resources": [asdict(row) for row in found.resources],
        "image": found.image and {**asdict(found.image), "is_newest": found.image.is_newest},
        "share": found.share and asdict(found.share),
        "public": found.is_public,
        "sign_in": found.sign_in,
        "continuous_deployment": found.continuous_deployment,
        "portal": found.portal,
    }


def _server(found: Status) -> str:
    return found.health.detail if found.health else "not deployed"


def _text(found: Status, *, verbose: bool) -> str:
    header = ["RESOURCE", "NAME", "SKU", "REGION", "STATE"] + (["ID"] if verbose else [])
    rows = [
        [row.kind, row.name, row.sku or "", row.location or "", row.state] + ([row.id] if verbose else [])
        for row in found.resources
    ]
    return f"{text.fields(_fields(found))}\n\n{text.table(header, rows)}"


def _fields(found: Status) -> Iterator[tuple[str, str]]:
    """What is known; a part that does not exist has no line."""
    yield "Server", _server(found)
    if found.url:
        yield "URL", found.url
    if found.image:
        yield "Image", _image(found.image)
    if found.share:
        yield "File share", _share(found.share)
    if found.is_public is not None:
        yield "Reached by", "anyone on the internet" if found.is_public else "allowed networks only"
    if found.sign_in is not None:
        yield "Sign-in", _ON[found.sign_in]
    if found.continuous_deployment is not None:
        yield "Continuous deployment", _ON[found.continuous_deployment]
    if found.portal:
        yield "Portal", found.portal


def _image(image: Image) -> str:
    if image.is_newest:
        return f"{image.reference} ({text.digest(image.digest)}, the newest)"
    if image.newest is None:
        return f"{image.reference} (gone from the registry)"
    return f"{image.reference} ({text.digest(image.digest)}; the registry has {text.digest(image.newest)})"


def _share(share: Share) -> str:
    return f"{text.size(share.used_bytes)} of {share.quota_gib} GiB"


def _advise(run: Invocation, found: Status) -> None:
    """Say what is wrong, and the next command; of several things the first stands in the way of the others."""
    deploy = f"mlflow-azure deploy{run.same}"
    if not found.is_deployed:
        run.console.warn(f"Nothing is deployed to resource group {run.settings.rg_name}.", deploy)
    elif found.missing:
        listed = ", ".join(f"{row.kind} {row.name}" for row in found.missing)
        run.console.warn(f"Only half deployed. Missing: {listed}.", deploy)
    elif found.is_stopped:
        run.console.warn("The web app is stopped.", deploy)
    elif found.health and not found.health.healthy:
        run.console.warn(f"The server {found.health.detail}.", f"mlflow-azure logs{run.same} --tail 100")
    elif found.image and not (found.image.is_newest or found.continuous_deployment):
        run.console.warn("The web app does not run the newest image of the registry.", f"{deploy} --build none")
