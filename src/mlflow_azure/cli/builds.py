"""How the image is built: the choice behind `--build`."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from mlflow_azure.image.context import BuildContext, server_context

if TYPE_CHECKING:
    from mlflow_azure.cli.invocation import Invocation
    from mlflow_azure.resources.image import Builder


class Build(StrEnum):
    """Where the image is built."""

    AUTO = "auto"
    LOCAL = "local"
    REMOTE = "remote"
    NONE = "none"


def image_source(run: Invocation, build: Build) -> tuple[BuildContext | None, Builder | None]:
    """What the image is built from, and by what; nothing where the image is in the registry already."""
    if build is Build.NONE:
        return None, None
    from mlflow_azure.image.remote import RemoteBuilder

    return server_context(), RemoteBuilder(run.azure, run.settings.rg_name, run.settings.acr_name)
