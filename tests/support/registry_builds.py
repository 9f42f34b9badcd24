"""Builds by ACR Tasks, as `az acr build` makes them."""

from __future__ import annotations

import io
import tarfile
import time
from typing import TYPE_CHECKING, Any

from azure.mgmt.containerregistrytasks import ContainerRegistryTasksMgmtClient
from azure.storage.blob import BlobClient

if TYPE_CHECKING:
    from tests.support.emulated import Azure

CONTEXT = {"Dockerfile": "FROM scratch\nENV GREETING=hello\n", "requirements.lock": "", "startup.sh": "exec true\n"}


def archive(files: dict[str, str]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content.encode()))
    return stream.getvalue()


def build(azure: Azure, group: str, registry: str, files: dict[str, str]) -> tuple[Any, str]:
    """The ended run, and its log."""
    tasks = azure.client(ContainerRegistryTasksMgmtClient)
    upload = tasks.registries.get_build_source_upload_url(group, registry)
    trust = {"connection_verify": azure.endpoint["ca_file"]}
    BlobClient.from_blob_url(upload.upload_url, **trust).upload_blob(archive(files))
    request = {
        "type": "DockerBuildRequest",
        "imageNames": ["mlflowimage:latest", "mlflowimage:{{.Run.ID}}"],
        "isPushEnabled": True,
        "sourceLocation": upload.relative_path,
        "dockerFilePath": "Dockerfile",
        "platform": {"os": "Linux", "architecture": "amd64"},
    }
    run = tasks.registries.schedule_run(group, registry, request)
    while run.properties.status in {"Queued", "Started", "Running"}:
        time.sleep(0.05)
        run = tasks.runs.get(group, registry, run.name)
    links = tasks.runs.get_log_sas_url(group, registry, run.name)
    link = links.log_artifact_link or links.log_link
    return run, BlobClient.from_blob_url(link, **trust).download_blob(encoding="utf-8").readall()
