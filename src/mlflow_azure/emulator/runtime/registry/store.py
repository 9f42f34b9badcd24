"""A content-addressed store of a registry's blobs and manifests on disk.

    <root>/blobs/sha256/<hex>                                 blobs and manifests
    <root>/repositories/<repository>/_manifests/<hex>         the manifest's media type
    <root>/repositories/<repository>/_tags/<tag>              the tag's digest
    <root>/uploads/<id>                                       uploads in progress

Repository names have no component with a leading underscore, so `_tags` and `_manifests` cannot collide.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_NAME = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class DistributionError(Exception):
    """A request the store refuses, with its code and status in the OCI distribution specification."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True)
class Manifest:
    """A manifest as it was pushed, byte for byte."""

    digest: str
    media_type: str
    content: bytes


class RegistryStore:
    """Blobs, manifests and tags of one registry."""

    def __init__(self, root: Path) -> None:
        self._blobs = root / "blobs/sha256"
        self._uploads = root / "uploads"
        self._repositories = root / "repositories"
        for directory in (self._blobs, self._uploads, self._repositories):
            directory.mkdir(parents=True, exist_ok=True)

    def blob(self, digest: str) -> Path:
        """Return the file of a blob. Raises BLOB_UNKNOWN."""
        path = self._blob_path(digest)
        if not path.exists():
            raise DistributionError(404, "BLOB_UNKNOWN", "blob unknown to registry")
        return path

    def delete_blob(self, digest: str) -> None:
        """Delete a blob. Raises BLOB_UNKNOWN."""
        self.blob(digest).unlink()

    def begin_upload(self) -> str:
        """Begin an upload; return its id."""
        upload = uuid.uuid4().hex
        (self._uploads / upload).touch()
        return upload

    def upload(self, upload: str) -> Path:
        """Return the file of an upload in progress. Raises BLOB_UPLOAD_UNKNOWN."""
        path = self._uploads / upload
        if not re.fullmatch("[0-9a-f]{32}", upload) or not path.exists():
            raise DistributionError(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
        return path

    def finish_upload(self, upload: str, digest: str) -> None:
        """Store the upload as the blob `digest`. Raises DIGEST_INVALID if its content differs."""
        path = self.upload(upload)
        target = self._blob_path(digest)
        with path.open("rb") as content:
            actual = hashlib.file_digest(content, "sha256").hexdigest()
        if actual != target.name:
            path.unlink()
            raise DistributionError(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
        path.replace(target)

    def put_manifest(self, repository: str, reference: str, media_type: str, content: bytes) -> str:
        """Store a manifest under a tag or its own digest; return the digest.

        Raises DIGEST_INVALID, MANIFEST_INVALID, or MANIFEST_BLOB_UNKNOWN if a blob it refers to was not pushed.
        """
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        if _DIGEST.fullmatch(reference) and reference != digest:
            raise DistributionError(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
        self._require_parts(content)
        directory = self._directory(repository)
        self._blob_path(digest).write_bytes(content)
        _write(directory / "_manifests" / _hex(digest), media_type)
        if reference != digest:
            _write(directory / "_tags" / _tag(reference), digest)
        return digest

    def _require_parts(self, content: bytes) -> None:
        try:
            manifest = json.loads(content)
            parts = [manifest.get("config"), *manifest.get("layers", []), *manifest.get("manifests", [])]
            digests = [part["digest"] for part in parts if part]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DistributionError(400, "MANIFEST_INVALID", "manifest invalid") from error
        for digest in digests:
            if not self._blob_path(digest).exists():
                raise DistributionError(400, "MANIFEST_BLOB_UNKNOWN", f"blob unknown to registry: {digest}")

    def manifest(self, repository: str, reference: str) -> Manifest:
        """Return the manifest of a tag or a digest. Raises MANIFEST_UNKNOWN."""
        directory = self._directory(repository)
        tag = directory / "_tags" / reference
        digest = reference if _DIGEST.fullmatch(reference) else tag.read_text() if tag.exists() else ""
        media_type = directory / "_manifests" / _hex(digest)
        if not digest or not media_type.exists():
            raise DistributionError(404, "MANIFEST_UNKNOWN", f"manifest tagged by {reference!r} is not found")
        return Manifest(digest, media_type.read_text(), self._blob_path(digest).read_bytes())

    def delete_manifest(self, repository: str, reference: str) -> None:
        """Delete a tag, or a manifest with all its tags."""
        manifest = self.manifest(repository, reference)
        directory = self._directory(repository)
        if reference != manifest.digest:
            (directory / "_tags" / reference).unlink()
            return
        (directory / "_manifests" / _hex(manifest.digest)).unlink()
        for tag in (directory / "_tags").iterdir():
            if tag.read_text() == manifest.digest:
                tag.unlink()

    def delete_repository(self, repository: str) -> None:
        """Delete a repository; those below it, and the blobs, stay."""
        for part in ("_manifests", "_tags"):
            shutil.rmtree(self._directory(repository) / part, ignore_errors=True)

    def tags(self, repository: str) -> list[str]:
        """Return the sorted tags. Raises NAME_UNKNOWN for a repository without any push."""
        directory = self._directory(repository)
        if not (directory / "_manifests").exists():
            raise DistributionError(404, "NAME_UNKNOWN", f"repository {repository} is not found")
        return sorted(tag.name for tag in (directory / "_tags").glob("*"))

    def repositories(self) -> list[str]:
        """Return the sorted names of repositories with a manifest."""
        found = {path.parent.parent for path in self._repositories.rglob("_manifests/*")}
        return sorted(path.relative_to(self._repositories).as_posix() for path in found)

    def _directory(self, repository: str) -> Path:
        if not _NAME.fullmatch(repository):
            raise DistributionError(400, "NAME_INVALID", "invalid repository name")
        return self._repositories / repository

    def _blob_path(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise DistributionError(400, "DIGEST_INVALID", f"unsupported digest: {digest}")
        return self._blobs / _hex(digest)


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:")


def _tag(reference: str) -> str:
    if not _TAG.fullmatch(reference):
        raise DistributionError(400, "TAG_INVALID", f"invalid tag: {reference}")
    return reference


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{uuid.uuid4().hex}")
    temporary.write_text(text)
    temporary.replace(path)
