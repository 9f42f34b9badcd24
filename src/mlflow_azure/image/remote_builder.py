"""Builds the image in the registry itself (ACR Tasks): no Docker needed on this machine.

Upload the build context, schedule a run, follow its log. What `az acr build` does:
https://learn.microsoft.com/azure/container-registry/container-registry-tasks-overview
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from mlflow_azure.azure.refusals import AGAIN, doing
from mlflow_azure.deadline import pause
from mlflow_azure.errors import AzureRefusedError, ContainerEngineError, MlflowAzureError
from mlflow_azure.image.base_image import ARGUMENT, DOCKER_HUB, hub_base
from mlflow_azure.image.context import PLATFORM, BuildContext

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from azure.mgmt.containerregistrytasks.models import Run, RunProperties
    from azure.storage.blob import BlobClient

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.events import Report
    from mlflow_azure.image.registry_api import RegistryClient

RUN_SECONDS = 3600
_ONGOING = frozenset({"Queued", "Started", "Running"})
_LOG_LINES = 5
PULL_LIMIT = "PullLimit"
"""docker.io limits pulls per address in six hours, and builds of all customers share the agents' addresses:
https://github.com/Azure-Samples/azure-search-openai-demo/issues/3101"""
PULL_ATTEMPTS = 2
_NOTHING_NEW = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE})


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
        with doing("uploading the build context to the registry"):
            upload = self.azure.registry_tasks.registries.get_build_source_upload_url(self.group, self.registry)
            _upload(self.azure, str(upload.upload_url), context.archive())
        source = str(upload.relative_path)
        limited = self._unless_limited(_request(context, source, images), report)
        if limited is None:
            return
        copy = self._import_base(context, limited, report)
        copied = replace(context, arguments={**context.arguments, ARGUMENT: f"{client.server}/{copy}"})
        self._run(_request(copied, source, images), report)

    def _unless_limited(self, request: Mapping[str, Any], report: Report) -> ContainerEngineError | None:
        """Build, on another agent with another address if docker.io refuses the first; return the last refusal."""
        limited: ContainerEngineError | None = None
        for _ in range(PULL_ATTEMPTS):
            if limited:
                report("docker.io has stopped serving images to this agent; trying again", None)
            try:
                self._run(request, report)
            except ContainerEngineError as error:
                if error.code != PULL_LIMIT:
                    raise
                limited = error
            else:
                return None
        return limited

    def _import_base(self, context: BuildContext, limited: ContainerEngineError, report: Report) -> str:
        """Import the base image into the registry, which uses other addresses for docker.io; return its name there.

        https://learn.microsoft.com/azure/container-registry/buffer-gate-public-content
        """
        base = hub_base(context)
        if base is None:
            raise limited
        report(f"importing {base.name} from docker.io", None)
        source = {"registryUri": DOCKER_HUB, "sourceImage": base.name}
        order: Any = {"source": source, "targetTags": [base.copy], "mode": "Force"}
        try:
            with doing(f"importing {base.name} from docker.io into the registry"):
                self.azure.wait(self.azure.registries.registries.begin_import_image(self.group, self.registry, order))
        except AzureRefusedError as refused:
            message = f"{limited.message}\nA copy of the base image is no way out: {refused.message}"
            raise ContainerEngineError(message, hint=limited.hint, code=PULL_LIMIT) from refused
        return base.copy

    def _run(self, request: Mapping[str, Any], report: Report) -> None:
        registries = self.azure.registry_tasks.registries
        with doing("scheduling the image build in the registry"):
            run = registries.schedule_run(self.group, self.registry, dict(request))
        self._follow(str(_properties("scheduling the image build in the registry", run).run_id), report)

    def _follow(self, run_id: str, report: Report) -> None:
        """Report the run's log line by line until it ends."""
        runs = self.azure.registry_tasks.runs
        log = _Log(self.azure, self.group, self.registry, run_id)

        def ended() -> RunProperties | None:
            asked = self.azure.deadline.start(lambda: runs.get(self.group, self.registry, run_id))
            self._tell(log, report)
            with doing(f"waiting for build {run_id}"):
                run = _properties(f"waiting for build {run_id}", asked())
            return None if _status(run) in _ONGOING else run

        self.azure.deadline.sleep(pause(0))  # no build is that quick
        run = self.azure.deadline.poll(ended)
        self._tell(log, report)  # what was written since then
        if _status(run) != "Succeeded":
            raise _failed(run_id, _status(run), run.run_error_message, log)

    def _tell(self, log: _Log, report: Report) -> None:
        for line in log.new_lines(report):
            report(line, None)


def _properties(what: str, run: Run) -> RunProperties:
    """Return Azure's state of a run: its model also allows an empty response."""
    if run.properties is None:
        raise MlflowAzureError(f"{what}: Azure's response lacks the state of the run", hint=AGAIN)
    return run.properties


def _status(run: RunProperties) -> str:
    return str(getattr(run.status, "value", run.status))


def _request(context: BuildContext, source: str, images: Sequence[str]) -> dict[str, Any]:
    system, _, architecture = PLATFORM.partition("/")
    return {
        "type": "DockerBuildRequest",
        "imageNames": list(images),
        "isPushEnabled": True,
        "noCache": False,
        "sourceLocation": source,
        "dockerFilePath": context.dockerfile,
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
    code = PULL_LIMIT if any("toomanyrequests" in line for line in log.lines) else "RemoteBuildFailed"
    return ContainerEngineError(
        f"building the image in the registry: run {run_id} ended with {status}"
        + (f": {reason}" if reason else "")
        + (f"\n{tail}" if tail else ""),
        hint=_HINTS[code],
        code=code,
    )


_HERE = "With Docker on this machine you can build here: mlflow-azure deploy --build local"
_HINTS = {
    PULL_LIMIT: f"Try it later, or use a copy of the base image in another registry: --docker-base-image IMAGE. "
    f"{_HERE}",
    "RemoteBuildFailed": f"Read the lines above. {_HERE}",
}


class _Log:
    """The growing log of a run, an append blob behind a signed URL. It is optional: no build fails without it."""

    def __init__(self, azure: Azure, group: str, registry: str, run_id: str) -> None:
        self.lines: list[str] = []
        self._azure = azure
        self._run = (group, registry, run_id)
        self._offset = 0
        self._rest = b""
        self._warned = False

    def new_lines(self, report: Report) -> list[str]:
        """Return what was written since the last call; nothing if the log does not exist yet or has not grown."""
        from azure.core.exceptions import AzureError

        try:
            data = self._blob.download_blob(offset=self._offset).readall()
        except AzureError as error:
            status = getattr(error, "status_code", None)
            if status not in _NOTHING_NEW and not self._warned:
                self._warned = True  # without the SDK's text, which may contain the signed URL
                report(f"its log cannot be read ({status or type(error).__name__}); the build continues", None)
            return []
        self._offset += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        new = [line.decode(errors="replace").rstrip() for line in lines]
        self.lines += new
        return new

    @cached_property
    def _blob(self) -> BlobClient:
        """Without the SDK's retries: the next poll of the run tries again, and nothing waits for the log."""
        from azure.storage.blob import BlobClient

        links = self._azure.registry_tasks.runs.get_log_sas_url(*self._run, retry_total=0)
        url = str(links.log_link or links.log_artifact_link)
        return BlobClient.from_blob_url(url, retry_total=0, **self._azure.cloud.transport)
