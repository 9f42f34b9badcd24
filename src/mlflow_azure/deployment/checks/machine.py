"""Checks of this machine: container engine, disk space, clock, and connection to Azure."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING

from mlflow_azure import engine
from mlflow_azure.deployment.checks.finding import Finding, ok, warning
from mlflow_azure.errors import ContainerEngineError, MlflowAzureError
from mlflow_azure.image.context import PLATFORM
from mlflow_azure.image.docker_engine import connect

if TYPE_CHECKING:
    from collections.abc import Sequence

    import requests

    from mlflow_azure.azure.clouds import Cloud
    from mlflow_azure.deadline import Deadline

ROOM_GIB = 4.0
"""Disk space for building the image here, including its base."""
SKEW_SECONDS = 300
"""Microsoft Entra ID allows clocks to differ by five minutes."""
ANSWER_SECONDS = 10
_GIB = 1024**3


def container_engine() -> Finding:
    """Check whether a container engine can build the image here. Without one, the registry builds it."""
    try:
        client = connect()
    except ContainerEngineError as error:
        return warning("container engine", error.message, error.hint)
    with closing(client):
        version = client.version()
    platform = f"{version['Os']}/{version['Arch']}"
    name = f"Docker Engine {version['Version']}, {platform}"
    if platform == PLATFORM:
        return ok("container engine", name)
    return warning(
        "container engine",
        f"{name}: it has to emulate {PLATFORM}, which App Service runs",
        "Building is slow here. It is faster in the registry: mlflow-azure deploy --build remote",
    )


def disk() -> Finding:
    """Check that there is disk space for building the image here."""
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free / _GIB
    if free >= ROOM_GIB:
        return ok("disk", f"{free:.0f} GiB free")
    return warning(
        "disk",
        f"only {free:.1f} GiB free at {folder}; building the image here takes {ROOM_GIB:.0f}",
        "Free some space (docker system prune), or build in the registry: mlflow-azure deploy --build remote",
    )


def clock(cloud: Cloud) -> Finding:
    """Check this machine's clock: if it is wrong, Azure accepts no token. Raises MlflowAzureError."""
    date = _ask(cloud, cloud.resource_manager).headers.get("Date")
    if date is None:
        return warning("clock", "no response contained a time to compare with", "Compare it with: https://time.is")
    return compared(datetime.now(UTC), parsedate_to_datetime(date))


def compared(here: datetime, there: datetime) -> Finding:
    """Compare this machine's clock with Azure's. Raises MlflowAzureError if they are too far apart."""
    skew = (here - there).total_seconds()
    if abs(skew) <= SKEW_SECONDS:
        return ok("clock", "in sync with Azure")
    raise MlflowAzureError(
        f"this machine's clock is {abs(skew) / 60:.0f} minutes {'ahead of' if skew > 0 else 'behind'} Azure's",
        hint="Synchronise it: sudo timedatectl set-ntp true; on Windows: w32tm /resync",
        code="ClockSkew",
    )


def network(cloud: Cloud, deadline: Deadline) -> Finding:
    """Check that Azure's endpoints can be reached. Raises MlflowAzureError with those that cannot."""
    endpoints = sorted({cloud.resource_manager, cloud.authority, cloud.graph})
    reached = engine.gather({url: partial(_reached, cloud, url) for url in endpoints}, deadline)
    if unreachable := [url for url in endpoints if not reached[url]]:
        raise _unreachable(unreachable)
    return ok("network", f"{', '.join(url.partition('://')[2] for url in endpoints)} can be reached")


def _ask(cloud: Cloud, url: str) -> requests.Response:
    """Request the endpoint; any response will do, even a refusal."""
    import requests

    try:
        with cloud.session() as session:
            return session.head(url, timeout=ANSWER_SECONDS)
    except requests.RequestException as error:
        raise _unreachable([url]) from error


def _reached(cloud: Cloud, url: str) -> bool:
    try:
        _ask(cloud, url)
    except MlflowAzureError:
        return False
    return True


def _unreachable(urls: Sequence[str]) -> MlflowAzureError:
    return MlflowAzureError(
        f"no connection to {', '.join(urls)}",
        hint="Let this machine reach Azure over HTTPS. Behind a company proxy, set HTTPS_PROXY, and REQUESTS_CA_BUNDLE "
        "if it inspects TLS.",
        code="Unreachable",
    )
