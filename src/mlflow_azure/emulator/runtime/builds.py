"""Runs of ACR Tasks: a Docker build of an uploaded source archive, with a log like Azure's."""

from __future__ import annotations

import asyncio
import shutil
import tarfile
import time
from typing import IO, TYPE_CHECKING, Protocol

from mlflow_azure.emulator.runtime.process.dockerfile import base_images, is_of_docker_hub
from mlflow_azure.emulator.runtime.process.image import unpack_archive
from mlflow_azure.emulator.runtime.registry.repository import PullError
from mlflow_azure.emulator.runtime.spec import BuildRequest, BuildResult, RuntimeFaultError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class BuildLog:
    """The run's log: time-stamped lines of the agent, and raw output of its commands."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file

    def agent(self, message: str) -> None:
        """Write a line of the agent."""
        self.file.write(f"{time.strftime('%Y/%m/%d %H:%M:%S', time.gmtime())} {message}\n".encode())
        self.file.flush()

    def raw(self, text: str) -> None:
        """Write raw output, with its own line ends."""
        self.file.write(text.encode())

    def line(self, message: str) -> None:
        """Write a line of a command's output."""
        self.file.write(f"{message}\n".encode())
        self.file.flush()


class Builder(Protocol):
    """Builds an image from a directory and pushes it; one per kind of runtime."""

    async def build(self, request: BuildRequest, context: Path, log: BuildLog) -> None:
        """Build the image. Raises RuntimeFaultError."""

    async def push(self, request: BuildRequest, context: Path, image: str, log: BuildLog) -> str:
        """Push the built image as `<repository>:<tag>`; return its digest. Raises RuntimeFaultError."""

    async def import_image(self, registry: str, source: str, image: str) -> None:
        """Copy the image `source` of another registry into this one. Raises RuntimeFaultError, PullError."""


class _StepError(RuntimeFaultError):
    """A command in the run's container failed: only the log says why."""

    def __init__(self) -> None:
        super().__init__("failed during run, err: exit status 1")


class Builds:
    """Runs builds with `builder`, without a limit on concurrency.

    `pull_limit_reached` decides for each build whether docker.io refuses its base image.
    """

    def __init__(self, home: Path, builder: Builder) -> None:
        self._root = home / "builds"
        self.builder = builder
        self.pull_limit_reached: Callable[[], bool] = lambda: False

    async def run(self, request: BuildRequest, on_update: Callable[[str], None] | None = None) -> BuildResult:
        """Carry out the run; `on_update` gets its status, "Running", when it begins. A failed build does not raise."""
        context = self._root / request.registry / request.run_id  # run ids are unique in a registry
        request.log_path.parent.mkdir(parents=True, exist_ok=True)
        with request.log_path.open("wb", buffering=0) as file:
            log, began = BuildLog(file), time.monotonic()
            if on_update:
                on_update("Running")
            try:
                async with asyncio.timeout(request.timeout):
                    digests = await self._carry_out(request, context, log)
            except _StepError as error:
                # The end of Azure's logs: github.com/Azure/azure-cli-extensions, acrcssc, test_workflow_status.py.
                log.agent("Container failed during run: build. No retries remaining.")
                log.line("failed to run step ID: build: exit status 1")
                log.line(f"\nRun ID: {request.run_id} failed after {time.monotonic() - began:.0f}s. Error: {error}")
                return BuildResult("Failed", {}, request.log_path, str(error))
            except TimeoutError:
                return self._failed(request, log, "Timeout", f"the run exceeded its {request.timeout:.0f} seconds")
            except (RuntimeFaultError, PullError, tarfile.TarError, OSError) as error:
                return self._failed(request, log, "Failed", str(error))
            finally:
                shutil.rmtree(context, ignore_errors=True)
        return BuildResult("Succeeded", digests, request.log_path)

    async def _carry_out(self, request: BuildRequest, context: Path, log: BuildLog) -> dict[str, str]:
        began = time.monotonic()
        log.agent("Downloading source code...")
        await asyncio.to_thread(_unpack, request.source, context)
        log.agent("Finished downloading source code")
        if not (context / request.dockerfile).is_file():
            raise RuntimeFaultError(f"unable to prepare context: {request.dockerfile}: no such file or directory")
        log.agent("Launching container with name: build")
        self._pull_bases(request, context, log)
        await self.builder.build(request, context, log)
        log.agent("Successfully executed container: build")
        digests = {}
        for image in request.image_names if request.push else ():
            log.agent(f"Pushing image: {request.registry}/{image}, attempt 1")
            digests[image] = await self.builder.push(request, context, image, log)
            log.agent(f"Successfully pushed image: {request.registry}/{image}")
        log.agent(f"Step ID: build marked as successful (elapsed time in seconds: {time.monotonic() - began:.6f})")
        log.line(f"\nRun ID: {request.run_id} was successful after {time.monotonic() - began:.0f}s")
        return digests

    def _pull_bases(self, request: BuildRequest, context: Path, log: BuildLog) -> None:
        """Fail like Docker if docker.io limits the addresses of the builds.

        github.com/Azure-Samples/azure-search-openai-demo/issues/3101, https://docs.docker.com/docker-hub/usage/pulls
        """
        dockerfile = (context / request.dockerfile).read_text(encoding="utf-8")
        bases = [base for base in base_images(dockerfile, request.arguments) if is_of_docker_hub(base)]
        if not bases or not self.pull_limit_reached():
            return
        log.line(f"Step 1 : FROM {bases[0]}")
        log.line(
            "toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and "
            "upgrading: https://www.docker.com/increase-rate-limit"
        )
        raise _StepError

    @staticmethod
    def _failed(request: BuildRequest, log: BuildLog, status: str, message: str) -> BuildResult:
        log.agent(f"failed to run step ID: build: {message}")
        log.line(f"\nRun ID: {request.run_id} failed: {message}")
        return BuildResult("Timeout" if status == "Timeout" else "Failed", {}, request.log_path, message)


def _unpack(source: Path, directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    unpack_archive(source.read_bytes(), directory)
