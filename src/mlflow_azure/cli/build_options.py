"""The options for building the image: `--build` and `--build-ca`."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlflow_azure.errors import SettingsError
from mlflow_azure.image.build_ca import VARIABLES, read_build_ca
from mlflow_azure.image.context import BuildContext, server_context

if TYPE_CHECKING:
    from mlflow_azure.cli.invocation import Invocation
    from mlflow_azure.image.builder import Builder, BuilderAhead
    from mlflow_azure.settings import Settings


class Build(StrEnum):
    """Where the image is built."""

    AUTO = "auto"
    LOCAL = "local"
    REMOTE = "remote"
    NONE = "none"


BuildOption = Annotated[
    Build,
    typer.Option(
        "--build",
        help="Build the image with Docker here (local), in the registry (remote), or not at all (none); auto "
        "builds here if Docker responds.",
    ),
]
BuildCa = Annotated[
    Path | None,
    typer.Option(
        "--build-ca",
        metavar="FILE",
        help="PEM file of certificates to trust in local builds, such as those of a proxy that inspects TLS. "
        f"[default: the file in {', '.join(VARIABLES[:-1])} or {VARIABLES[-1]}]",
        show_default=False,
    ),
]


def build_context(settings: Settings) -> BuildContext:
    """Return the build context."""
    base = settings.docker_base_image
    return server_context({"BASE_IMAGE": base} if base else None, version=settings.mlflow_version)


def image_source(
    run: Invocation, settings: Settings, build: Build, build_ca: Path | None
) -> tuple[BuildContext | None, Builder | None]:
    """Return the build context and the builder; None if the image is already in the registry.

    Raises:
        SettingsError: The choice cannot work, or the certificates cannot be read.

    """
    if build is Build.NONE:
        return None, None
    if build_ca is not None:  # wherever it is built
        read_build_ca(build_ca, {})
    return build_context(settings), _builder(run, build, build_ca)


def _builder(run: Invocation, build: Build, build_ca: Path | None) -> Builder:
    from mlflow_azure.image.automatic_builder import AutomaticBuilder
    from mlflow_azure.image.local_builder import LocalBuilder
    from mlflow_azure.image.remote_builder import RemoteBuilder

    def local() -> BuilderAhead:
        return LocalBuilder(run.deadline, read_build_ca(build_ca, os.environ))

    remote = RemoteBuilder(run.azure, run.settings.rg_name, run.settings.acr_name)
    if build is Build.LOCAL:
        _refuse_without_containers(run)
        return local()
    return AutomaticBuilder(local, remote) if build is Build.AUTO and run.cloud.runs_containers else remote


def _refuse_without_containers(run: Invocation) -> None:
    if not run.cloud.runs_containers:
        raise SettingsError(
            "--build local: the emulator runs web apps as processes here, which needs a build in its own registry",
            hint="Leave the option out, or use --build remote. To see why the emulator does not run containers: "
            "mlflow-azure emulator status",
            code="Usage",
        )
