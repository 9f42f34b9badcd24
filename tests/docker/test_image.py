"""The built image: what is in it and what is not."""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest

from mlflow_azure.deadline import Deadline
from mlflow_azure.image.build_ca import read_build_ca
from mlflow_azure.image.context import server_context
from mlflow_azure.image.docker_build import build

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import DockerClient

pytestmark = [pytest.mark.docker, pytest.mark.slow]

MEGABYTE = 1_000_000


def layers(engine: DockerClient, image: str, base_image: str) -> Iterator[tarfile.TarFile]:
    """What the image adds to its base, layer by layer."""
    base = engine.images.get(base_image).attrs["RootFS"]["Layers"]
    saved = io.BytesIO(b"".join(engine.images.get(image).save()))
    with tarfile.open(fileobj=saved) as archive:
        manifest = archive.extractfile("manifest.json")
        assert manifest
        for layer in json.load(manifest)[0]["Layers"][len(base) :]:
            with tarfile.open(fileobj=archive.extractfile(layer)) as opened:
                yield opened


def test_it_is_for_app_services_platform_and_at_most_330_megabytes(engine: DockerClient, image: str) -> None:
    built = engine.images.get(image).attrs
    assert (built["Os"], built["Architecture"]) == ("linux", "amd64")
    assert built["Size"] <= 330 * MEGABYTE


def test_sshd_can_be_left_out(engine: DockerClient, image: str, base_image: str) -> None:
    context = server_context({"BASE_IMAGE": base_image, "ENABLE_SSH": "false"})
    name = f"mlflow-azure-tests:{context.tag}"
    build(engine, context, name, lambda *_: None, deadline=Deadline(), build_ca=read_build_ca(None, os.environ))
    assert engine.images.get(name).attrs["Size"] < engine.images.get(image).attrs["Size"]
    search = ["-c", "command -v sshd || grep '^root:[^*!]' /etc/shadow || echo neither sshd nor a password"]
    assert engine.containers.run(name, search, entrypoint=["sh"], remove=True) == b"neither sshd nor a password\n"


def test_it_says_what_it_is(engine: DockerClient, image: str, base_image: str) -> None:
    labels = engine.images.get(image).labels
    assert labels["org.opencontainers.image.version"] == "1.5.0"
    assert labels["org.opencontainers.image.base.name"] == base_image


def test_no_layer_holds_the_builds_certificates_or_a_key(engine: DockerClient, image: str, base_image: str) -> None:
    names = [name for layer in layers(engine, image, base_image) for name in layer.getnames()]
    assert "opt/venv/bin/gunicorn" in names
    assert not [name for name in names if "build-ca" in name or "ssh_host_" in name]
    # The one bundle of certificates is that of `requests`; nothing was added to it.
    assert [name for name in names if name.endswith(".pem")] == [
        "opt/venv/lib/python3.11/site-packages/certifi/cacert.pem"
    ]


def test_its_history_tells_no_certificate_and_no_proxy(engine: DockerClient, image: str) -> None:
    history = json.dumps(engine.images.get(image).history())
    assert "CERTIFICATE" not in history
    assert "_PROXY" not in history.upper()


def test_every_locked_package_is_there_in_its_version(engine: DockerClient, image: str, image_bin: Path) -> None:
    script = (
        "import importlib.metadata as m; "
        "print('\\n'.join(sorted(f'{d.name}=={d.version}' for d in m.distributions() if d.name != 'pip')))"
    )
    inside = engine.containers.run(image, ["-c", script], entrypoint=["python"], remove=True)
    outside = subprocess.run([image_bin / "python", "-c", script], capture_output=True, check=True)
    assert inside == outside.stdout
