"""Builds for the container runtime: the container engine builds the Dockerfile."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from typing import TYPE_CHECKING, Any

from docker.errors import DockerException, ImageNotFound
from requests.exceptions import RequestException

from mlflow_azure.emulator.runtime.docker.choice import stand_in_base
from mlflow_azure.emulator.runtime.docker.engine_api import reason
from mlflow_azure.emulator.runtime.registry.token_service import TOKEN_USER
from mlflow_azure.emulator.runtime.spec import RuntimeFaultError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from docker import DockerClient
    from docker.models.images import Image

    from mlflow_azure.emulator.runtime.builds import BuildLog
    from mlflow_azure.emulator.runtime.registry.running_registries import Registries
    from mlflow_azure.emulator.runtime.spec import BuildRequest


# The usual variables for the certificates of a TLS-inspecting proxy, and the file that the Dockerfile reads.
_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT", "SSL_CERT_FILE")
_BUILD_CA = "build-ca.pem"


class EngineBuilder:
    """Builds and pushes with the container engine."""

    def __init__(self, client: DockerClient, registries: Registries) -> None:
        self._client = client
        self._registries = registries

    async def build(self, request: BuildRequest, context: Path, log: BuildLog) -> None:
        """Build the image and tag it with all its names. Raises RuntimeFaultError."""
        given_up = threading.Event()
        try:
            await asyncio.to_thread(self._build, request, context, log, given_up)
        except (DockerException, RequestException) as error:
            raise RuntimeFaultError(f"building the image: {reason(error)}") from error
        finally:
            given_up.set()

    def _build(self, request: BuildRequest, context: Path, log: BuildLog, given_up: threading.Event) -> None:
        _bring_certificates(context)
        answers = self._client.api.build(
            path=str(context),
            dockerfile=request.dockerfile,
            buildargs=_arguments(request),
            platform=request.platform,
            rm=True,
            forcerm=True,  # remove the container of a failed step
            decode=True,
        )
        image = _followed(answers, log, given_up)
        if not image:
            raise RuntimeFaultError("building the image: the build ended without producing an image")
        for name in request.image_names:
            repository, _, tag = self._full_name(request.registry, name).rpartition(":")
            self._client.api.tag(image, repository, tag)

    async def push(self, request: BuildRequest, _context: Path, image: str, log: BuildLog) -> str:
        """Push the image; return its digest. Raises RuntimeFaultError."""
        try:
            return await asyncio.to_thread(self._push, request.registry, self._full_name(request.registry, image), log)
        except (DockerException, RequestException) as error:
            raise RuntimeFaultError(f"pushing {image}: {reason(error)}") from error

    async def import_image(self, registry: str, source: str, image: str) -> None:
        """Pull `source` or its substitute, and push it. Raises RuntimeFaultError."""
        try:
            await asyncio.to_thread(self._import, registry, source, self._full_name(registry, image))
        except (DockerException, RequestException) as error:
            raise RuntimeFaultError(f"importing {source}: {reason(error)}") from error

    def _import(self, registry: str, source: str, image: str) -> None:
        repository, _, tag = image.rpartition(":")
        self._find(stand_in_base() or source).tag(repository, tag)
        self._push(registry, image, None)

    def _find(self, image: str) -> Image:
        """Return an image of this machine, pulled if it is missing."""
        try:
            return self._client.images.get(image)
        except ImageNotFound:
            return self._client.images.pull(image)

    def _push(self, registry: str, image: str, log: BuildLog | None) -> str:
        repository, _, tag = image.rpartition(":")
        token = self._registries.auth(registry).refresh_token()
        answers = self._client.api.push(
            repository,
            tag=tag,
            stream=True,
            decode=True,
            auth_config={"username": TOKEN_USER, "password": token},
        )
        digest = ""
        for answer in answers:
            _require_no_error(answer)
            digest = answer.get("aux", {}).get("Digest", digest)
            if log and "id" not in answer and "status" in answer:  # progress of a layer is for terminals
                log.line(answer["status"])
        return digest

    def _full_name(self, registry: str, image: str) -> str:
        repository, _, tag = image.partition(":")
        return f"{self._registries.auth(registry).service}/{repository}:{tag or 'latest'}"


def _bring_certificates(context: Path) -> None:
    """Give the build the certificates of this machine's proxy: Azure's build agents have none."""
    bundle = next((os.environ[name] for name in _CA_VARIABLES if os.environ.get(name)), None)
    if bundle and not (context / _BUILD_CA).exists():
        shutil.copyfile(bundle, context / _BUILD_CA)


def _arguments(request: BuildRequest) -> dict[str, str]:
    base = stand_in_base()
    return ({"BASE_IMAGE": base} if base else {}) | dict(request.arguments)


def _followed(answers: Iterable[dict[str, Any]], log: BuildLog, given_up: threading.Event) -> str:
    """Write the build to the log, and return the id of the image."""
    image = ""
    for answer in answers:
        _require_no_error(answer)
        if given_up.is_set():
            break
        log.raw(answer.get("stream", "") or _status(answer))
        image = answer.get("aux", {}).get("ID", image)
    return image


def _status(answer: dict[str, Any]) -> str:
    """Return the line for a message about a pull, without its progress."""
    return f"{answer['status']}\n" if "status" in answer and "id" not in answer else ""


def _require_no_error(answer: dict[str, Any]) -> None:
    if "error" in answer:
        raise RuntimeFaultError(str(answer["error"]))
