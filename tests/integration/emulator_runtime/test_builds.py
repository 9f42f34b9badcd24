"""Runs of ACR Tasks in the process runtime."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.support.runtime_support import REGISTRY, REGISTRY_PASSWORD, Emulated, archive, free_ports, tiny_context

if TYPE_CHECKING:
    from pathlib import Path

    import requests


@pytest.fixture
def url(emulated: Emulated) -> str:
    return f"https://{emulated.registry(free_ports(1)[0])}"


def test_a_build_pushes_every_name_with_the_labels_of_the_dockerfile(
    emulated: Emulated, https: requests.Session, url: str, tmp_path: Path
) -> None:
    https.auth = (REGISTRY, REGISTRY_PASSWORD)
    source = tiny_context(tmp_path / "source.tar.gz")
    names = ("mlflowimage:latest", "mlflowimage:abc")
    result = emulated.build(source, image_names=names, arguments={"REVISION": "abc"})
    assert result.status == "Succeeded"
    assert set(result.digests) == set(names)
    accept = {"Accept": "application/vnd.oci.image.manifest.v1+json"}
    manifest = https.get(f"{url}/v2/mlflowimage/manifests/abc", headers=accept)
    assert manifest.headers["Docker-Content-Digest"] == result.digests["mlflowimage:abc"]
    config = https.get(f"{url}/v2/mlflowimage/blobs/{manifest.json()['config']['digest']}").json()
    assert config["config"]["Labels"]["revision"] == "abc"
    log = result.log_path.read_text()
    assert f"abc: digest: {result.digests['mlflowimage:abc']} size: {len(manifest.content)}" in log
    assert "Run ID: run1 was successful" in log


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"requirements.lock": ""}, "unable to prepare context: Dockerfile: no such file or directory"),
        ({"Dockerfile": "FROM scratch"}, "has no requirements.lock"),
        ({"Dockerfile": "FROM scratch", "requirements.lock": "six"}, "installing the image's requirements"),
        ({"../outside": ""}, "outside"),
    ],
)
def test_a_context_that_cannot_be_built_fails_the_run_with_the_reason_in_the_log(
    emulated: Emulated, url: str, tmp_path: Path, files: dict[str, str], reason: str
) -> None:
    result = emulated.build(archive(tmp_path / "source.tar.gz", files))
    assert (result.status, result.digests) == ("Failed", {})
    assert reason in result.message
    assert reason in result.log_path.read_text()
    assert not [*(emulated.home / "builds").rglob("run1")]


def test_a_source_that_is_no_archive_fails_the_run(emulated: Emulated, url: str, tmp_path: Path) -> None:
    source = tmp_path / "source.tar.gz"
    source.write_bytes(b"no archive")
    assert emulated.build(source).status == "Failed"


def test_a_build_without_a_push_pushes_nothing(
    emulated: Emulated, https: requests.Session, url: str, tmp_path: Path
) -> None:
    https.auth = (REGISTRY, REGISTRY_PASSWORD)
    result = emulated.build(tiny_context(tmp_path / "source.tar.gz"), push=False)
    assert (result.status, result.digests) == ("Succeeded", {})
    assert https.get(f"{url}/v2/_catalog").json() == {"repositories": []}


def test_pip_installs_what_uv_cannot(
    emulated: Emulated, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uv = tmp_path / "bin" / "uv"
    uv.parent.mkdir()
    uv.write_text('#!/bin/sh\necho "no index is known: $*"\nexit 2\n')
    uv.chmod(0o755)
    monkeypatch.setenv("PATH", f"{uv.parent}{os.pathsep}{os.environ['PATH']}")
    files = {"Dockerfile": "FROM scratch", "requirements.lock": f"# {tmp_path}\n"}
    result = emulated.build(archive(tmp_path / "source.tar.gz", files))
    assert result.status == "Succeeded", result.message
    assert "no index is known: pip install" in result.log_path.read_text()
