"""The image of the process runtime: the build context as one layer, with the Dockerfile's ENV and LABEL."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import io
import json
import tarfile
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.runtime.cache import built_once
from mlflow_azure.emulator.runtime.registry.repository import (
    CONFIG_TYPE,
    LAYER_TYPE,
    MANIFEST_TYPE,
    PullError,
    Repository,
)

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow_azure.emulator.runtime.process.dockerfile import ImageConfiguration

# Marks the layer as a build context, to be run in a virtual environment, rather than a root file system.
_MARK = "mlflow-azure.emulator.process"


async def push_context(
    repository: Repository, tag: str, archive: bytes, configuration: ImageConfiguration
) -> tuple[str, int]:
    """Push a gzipped tar of a build context under `tag`; return the manifest's digest and size."""
    config = {
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {
            "type": "layers",
            "diff_ids": [f"sha256:{hashlib.sha256(gzip.decompress(archive)).hexdigest()}"],
        },
        "config": {
            "Env": [f"{name}={value}" for name, value in configuration.env.items()],
            "Labels": configuration.labels | {_MARK: "context"},
        },
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": await repository.push_blob(json.dumps(config, sort_keys=True).encode(), CONFIG_TYPE),
        "layers": [await repository.push_blob(archive, LAYER_TYPE)],
    }
    return await repository.push_manifest(tag, manifest)


async def pull_context(repository: Repository, reference: str, images: Path) -> tuple[str, Path, dict[str, str]]:
    """Pull an image made by `push_context`; return its digest, its context's directory, and its ENV.

    Raises:
        PullError: The registry refuses, or the image is for a container engine.

    """
    digest, manifest = await repository.manifest(reference)
    config = json.loads(await repository.blob(manifest["config"]["digest"]))["config"]
    if not is_context(config.get("Labels")):
        raise PullError("the image is a root file system, which only a container engine can run; none responds here")

    async def unpack(directory: Path) -> None:
        archive = await repository.blob(manifest["layers"][0]["digest"])
        await asyncio.to_thread(unpack_archive, archive, directory)

    directory = await built_once(images / digest.removeprefix("sha256:"), unpack)
    return digest, directory, _environment(config)


def is_context(labels: dict[str, str] | None) -> bool:
    """Whether an image with these labels is a build context rather than a root file system."""
    return _MARK in (labels or {})


def unpack_archive(archive: bytes, directory: Path) -> None:
    """Unpack a tar, gzipped or not. Raises tarfile.TarError if it is invalid, or would write outside."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(directory, filter="data")


def _environment(config: dict[str, Any]) -> dict[str, str]:
    """Return the image's ENV, except what describes its file system, which differs here."""
    pairs = (entry.partition("=") for entry in config.get("Env") or ())
    return {name: value for name, _, value in pairs if name not in ("PATH", "VIRTUAL_ENV", "HOME", "LD_LIBRARY_PATH")}
