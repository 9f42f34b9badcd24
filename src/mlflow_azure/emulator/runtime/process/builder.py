"""Builds for the process runtime: an environment of the locked requirements, and the context as the image."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from mlflow_azure.emulator.runtime.process.dockerfile import ImageConfiguration, read_dockerfile
from mlflow_azure.emulator.runtime.process.image import push_context
from mlflow_azure.emulator.runtime.registry.repository import Repository

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow_azure.emulator.runtime.builds import BuildLog
    from mlflow_azure.emulator.runtime.process.environments import Environments
    from mlflow_azure.emulator.runtime.registry.running_registries import Registries
    from mlflow_azure.emulator.runtime.spec import BuildRequest

# Two blocks of zeros end an archive.
_EMPTY_TAR = bytes(1024)


class ProcessBuilder:
    """Creates virtual environments instead of file systems."""

    def __init__(self, environments: Environments, registries: Registries, ca_file: Path) -> None:
        self._environments = environments
        self._registries = registries
        self._ca_file = ca_file

    async def build(self, _request: BuildRequest, context: Path, log: BuildLog) -> None:
        """Create the environment. Raises RuntimeFaultError."""
        log.line("No container engine: the locked requirements go into a virtual environment on this machine.")
        environment = await self._environments.ensure(context, log.file)
        log.line(f"Environment {environment.name} is ready.")

    async def push(self, request: BuildRequest, context: Path, image: str, log: BuildLog) -> str:
        """Push the context as the image. Raises PullError."""
        name, _, tag = image.partition(":")
        dockerfile = (context / request.dockerfile).read_text(encoding="utf-8")
        configuration = read_dockerfile(dockerfile, request.arguments)
        auth = self._registries.auth(request.registry)
        async with Repository(auth.service, name, self._ca_file, token=auth.internal_token(name)) as repository:
            archive = request.source.read_bytes()
            digest, size = await push_context(repository, tag or "latest", archive, configuration)
        log.line(f"{tag or 'latest'}: digest: {digest} size: {size}")
        return digest

    async def import_image(self, registry: str, source: str, image: str) -> None:
        """Push an empty image in place of `source`: builds here do not use their base image's file system."""
        name, _, tag = image.partition(":")
        auth = self._registries.auth(registry)
        empty = gzip.compress(_EMPTY_TAR, mtime=0)
        async with Repository(auth.service, name, self._ca_file, token=auth.internal_token(name)) as repository:
            await push_context(repository, tag or "latest", empty, ImageConfiguration(labels={"source": source}))
