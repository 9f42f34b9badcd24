"""Builds the image in the registry itself (ACR Tasks): no Docker needed on this machine.

Upload the build context, schedule a run, follow its log. What `az acr build` does:
https://learn.microsoft.com/azure/container-registry/container-registry-tasks-overview
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlflow_azure.azure.refusals import AGAIN, doing
from mlflow_azure.deadline import pause
from mlflow_azure.errors import ContainerEngineError, MlflowAzureError
from mlflow_azure.image.context import PLATFORM, BuildContext

if TYPE_CHECKING:
    from collections.abc import Sequence

    from azure.mgmt.containerregistrytasks.models import Run, RunProperties

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.events import Report
    from mlflow_azure.image.registry_api import RegistryClient

RUN_SECONDS = 3600
_ONGOING = frozenset({"Queued", "Started", "Running"})
_LOG_LINES = 5


@dataclass(frozen=True)
class RemoteBuilder:
    """Builds in the registry `registry` of resource group `group`."""

    azure: Azure
    group: str
    registry: str

    def __call__(self, client: RegistryClient, context: BuildContext, images: Sequence[str], report: Report) -> None:
        """Build `context` and store it under each of `images` ("repository:tag").

        Raises:
            ContainerEngineError: The build failed; its last lines are in the message.
            AzureRefusedError: Azure does not allow the build.
            TimedOutError: The deadline passed.

        """
        tasks = self.azure.registry_tasks
        with doing("uploading the build context to the registry"):
            upload = tasks.registries.get_build_source_upload_url(self.group, self.registry)
            _upload(self.azure, str(upload.upload_url), context.archive())
        request = _request(context, str(upload.relative_path), images)
        with doing("scheduling the image build in the registry"):
            run = tasks.registries.schedule_run(self.group, self.registry, request)
        self._follow(str(_properties("scheduling the image build in the registry", run).run_id), report)

    def _follow(self, run_id: str, report: Report) -> None:
        """Report the run's log line by line until it ends."""
        runs = self.azure.registry_tasks.runs
        with doing(f"reading the log of build {run_id}"):
            links = runs.get_log_sas_url(self.group, self.registry, run_id)
            link = links.log_link or links.log_artifact_link
        log = _Log(self.azure, str(link))
        began = time.monotonic()
        while True:
            asked = self.azure.deadline.start(lambda: runs.get(self.group, self.registry, run_id))
            self._tell(log, report)
            with doing(f"waiting for build {run_id}"):
                run = _properties(f"waiting for build {run_id}", asked())
            status = str(getattr(run.status, "value", run.status))
            if status not in _ONGOING:
                self._tell(log, report)  # what was written since
            if status == "Succeeded":
                return
            if status not in _ONGOING:
                raise _failed(run_id, status, run.run_error_message, log)
            self.azure.deadline.sleep(pause(time.monotonic() - began))

    def _tell(self, log: _Log, report: Report) -> None:
        for line in log.new_lines():
            report(line, None)


def _properties(what: str, run: Run) -> RunProperties:
    """What Azure says of a run: its model allows for an answer that says nothing."""
    if run.properties is None:
        raise MlflowAzureError(f"{what}: Azure answered without the state of the run", hint=AGAIN)
    return run.properties


def _request(context: BuildContext, source: str, images: Sequence[str]) -> dict[str, Any]:
    system, _, architecture = PLATFORM.partition("/")
    return {
        "type": "DockerBuildRequest",
        "imageNames": list(images),
        "isPushEnabled": True,
        "noCache": False,
        "sourceLocation": source,
        "dockerFilePath": "Dockerfile",
        "platform": {"os": system.title(), "architecture": architecture},
        "arguments": [{"name": name, "value": value} for name, value in context.arguments.items()],
        "timeout": RUN_SECONDS,
    }


def _upload(azure: Azure, url: str, archive: bytes) -> None:
    from azure.storage.blob import BlobClient

    with BlobClient.from_blob_url(url, **azure.cloud.transport) as blob:
        blob.upload_blob(archive, overwrite=True)


def _failed(run_id: str, status: str, reason: str | None, log: _Log) -> ContainerEngineError:
    tail = "\n".join(log.lines[-_LOG_LINES:])
    return ContainerEngineError(
        f"building the image in the registry: run {run_id} ended as {status}"
        + (f": {reason}" if reason else "")
        + (f"\n{tail}" if tail else ""),
        hint="Read the lines above. With Docker on this machine you can build here: mlflow-azure deploy --build local",
        code="RemoteBuildFailed",
    )


class _Log:
    """The growing log of a run, an append blob behind a signed URL."""

    def __init__(self, azure: Azure, url: str) -> None:
        from azure.storage.blob import BlobClient

        self.lines: list[str] = []
        self._blob = BlobClient.from_blob_url(url, **azure.cloud.transport)
        self._offset = 0
        self._rest = b""

    def new_lines(self) -> list[str]:
        """What was written since the last call. A log that is not there yet, or has nothing new, has no lines."""
        from azure.core.exceptions import HttpResponseError

        try:
            data = self._blob.download_blob(offset=self._offset).readall()
        except HttpResponseError as error:
            if error.status_code in (404, 416):
                return []
            raise
        self._offset += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        new = [line.decode(errors="replace").rstrip() for line in lines]
        self.lines += new
        return new
