"""The build context of an image: its part of the folder `docker`, which ships inside the package.

Its hash identifies the image's content, so that another machine can tell that nothing has to be built.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import tarfile
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PLATFORM = "linux/amd64"
"""App Service's platform. An arm64 image fails there with "exec format error"."""

_PACKAGED = Path(__file__).parent.parent / "_docker"
_CHECKOUT = Path(__file__).parents[3] / "docker"
_LEFT_OUT = frozenset({"__pycache__", ".DS_Store"})
_OF_3 = frozenset({"mlflow3"})
_OF_1_5_0 = frozenset(
    {"Dockerfile", "gunicorn.conf.py", "mlflow_app", "requirements.in", "requirements.lock", "startup.sh"}
)
"""Top-level names that belong to one MLflow version only, so that changes do not rebuild the other's image."""


@dataclass(frozen=True)
class BuildContext:
    """The files of a directory, and the build arguments.

    Attributes:
        directory: Contains the Dockerfile and everything it copies.
        arguments: Build arguments (`ARG`), by name.
        dockerfile: Path of the Dockerfile in `directory`.
        left_out: Top-level names in `directory` that are not part of it.

    """

    directory: Path
    arguments: Mapping[str, str] = field(default_factory=dict)
    dockerfile: str = "Dockerfile"
    left_out: frozenset[str] = frozenset()

    @cached_property
    def hash(self) -> str:
        """Hex SHA-256 of all file names and contents, the arguments and the platform."""
        digest = hashlib.sha256(json.dumps([PLATFORM, dict(self.arguments)], sort_keys=True).encode())
        for name, path in self._files():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{name}\0{content}\n".encode())
        return digest.hexdigest()

    @property
    def tag(self) -> str:
        """The tag that identifies the context of an image in the registry."""
        return f"ctx-{self.hash[:12]}"

    def archive(self, extra: Mapping[str, bytes] | None = None) -> bytes:
        """Return the context as a gzipped tar, with the same bytes for the same content on every machine.

        Args:
            extra: Additional files by name, which are not part of the hash (a company's certificate authority).

        """
        buffer = io.BytesIO()
        contents = {name: path.read_bytes() for name, path in self._files()} | dict(extra or {})
        with (
            gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as zipped,
            tarfile.open(fileobj=zipped, mode="w") as tar,
        ):
            for name, content in sorted(contents.items()):
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                entry.mode = 0o755 if name.endswith(".sh") else 0o644  # not the disk's mode: Windows has none
                tar.addfile(entry, io.BytesIO(content))
        return buffer.getvalue()

    def _files(self) -> Iterator[tuple[str, Path]]:
        for path in sorted(self.directory.rglob("*")):
            parts = path.relative_to(self.directory).parts
            if path.is_file() and not _LEFT_OUT.intersection(parts) and parts[0] not in self.left_out:
                yield "/".join(parts), path


def mlflow_release() -> str:
    """Return the release of MLflow 3 in its image: "3.18.0"."""
    directory = _PACKAGED if _PACKAGED.is_dir() else _CHECKOUT
    lock = (directory / "mlflow3" / "requirements.lock").read_text(encoding="utf-8")
    found = re.search(r"^mlflow==([0-9.]+)", lock, re.MULTILINE)
    assert found, "the lock pins MLflow"  # noqa: S101 - a test of the package makes sure of it
    return found[1]


def server_context(arguments: Mapping[str, str] | None = None, *, version: str = "1.5.0") -> BuildContext:
    """Return the build context of the MLflow server, from the installed package or the checkout.

    Args:
        arguments: Build arguments, by name.
        version: MLflow version, "1.5.0" or "3".

    """
    directory = _PACKAGED if _PACKAGED.is_dir() else _CHECKOUT
    if version == "3":
        return BuildContext(directory, arguments or {}, "mlflow3/Dockerfile", _OF_1_5_0)
    return BuildContext(directory, arguments or {}, left_out=_OF_3)
