"""ACR Tasks' own storage: uploaded sources and logs of runs, behind signed URLs.

Implements the part of the Blob service that `az acr build` and the SDK use: Put Blob, Get Blob with a range, and Get
Blob Properties (https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import shutil
from email.utils import formatdate
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from starlette.requests import Request

    from mlflow_azure.emulator.wire import Wire

_ROOT = "/acrtasks"
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


class TaskBlobs:
    """Files below `directory`, each at `<url>/acrtasks/<path>`, with a signature in the URL."""

    def __init__(self, directory: Path, url: str) -> None:
        self._directory = directory
        self._url = url
        self._key = secrets.token_bytes(32)
        self._complete: set[str] = set()

    def routes(self, wire: Wire) -> list[Route]:
        """Return the routes of the service."""

        async def get(request: Request) -> Response:
            return await wire.carry(request, lambda _fault: self._get(request), logged=False)

        return [
            Route(_ROOT + "/{path:path}", self._put, methods=["PUT"]),
            Route(_ROOT + "/{path:path}", get, methods=["GET", "HEAD"]),
        ]

    def file(self, path: str) -> Path:
        """Return the file of a blob, and create its directory."""
        file = self._directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        return file

    def find(self, path: str) -> Path | None:
        """Return the file of an existing blob."""
        file = self._directory / path
        inside = file.resolve().is_relative_to(self._directory.resolve())
        return file if inside and file.is_file() else None

    def remove(self, path: str) -> None:
        """Delete everything below `path`."""
        shutil.rmtree(self._directory / path, ignore_errors=True)

    def signed_url(self, path: str) -> str:
        """Return the URL for reading and writing a blob."""
        return f"{self._url}{_ROOT}/{path}?sv=2022-11-02&sr=b&sp=rcw&sig={self._signature(path)}"

    def complete(self, path: str) -> None:
        """Mark the blob as complete in its metadata, so that readers that follow it stop."""
        self._complete.add(path)

    async def _put(self, request: Request) -> Response:
        path = request.path_params["path"]
        if not self._signed(path, request):
            return _refusal(403, "AuthenticationFailed")
        if request.headers.get("x-ms-blob-type") != "BlockBlob" or "comp" in request.query_params:
            return _refusal(400, "UnsupportedHeader")
        file = self.file(path)
        draft = file.with_name(file.name + ".draft")
        with draft.open("wb") as stream:
            async for chunk in request.stream():
                stream.write(chunk)
        draft.replace(file)
        return Response(status_code=201, headers=_headers(file))

    async def _get(self, request: Request) -> Response:
        path = request.path_params["path"]
        if not self._signed(path, request):
            return _refusal(403, "AuthenticationFailed")
        file = self.find(path)
        if file is None:
            return _refusal(404, "BlobNotFound")
        headers = _headers(file) | {"x-ms-blob-type": "BlockBlob", "Accept-Ranges": "bytes"}
        if path in self._complete:
            headers["x-ms-meta-complete"] = "successful"
        return _slice(file.read_bytes(), request.headers, headers)

    def _signed(self, path: str, request: Request) -> bool:
        return hmac.compare_digest(request.query_params.get("sig", ""), self._signature(path))

    def _signature(self, path: str) -> str:
        return hmac.new(self._key, path.encode(), hashlib.sha256).hexdigest()


def _slice(content: bytes, asked: Mapping[str, str], headers: dict[str, str]) -> Response:
    """Return the blob, or the range given by `x-ms-range` or `Range`."""
    wanted = _RANGE.fullmatch(asked.get("x-ms-range") or asked.get("range") or "")
    if wanted is None:
        return Response(content, headers=headers, media_type="text/plain; charset=utf-8")
    first = int(wanted[1])
    last = min(int(wanted[2] or len(content)), len(content) - 1)
    if first > last:
        return _refusal(416, "InvalidRange")
    headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
    return Response(content[first : last + 1], 206, headers, media_type="text/plain; charset=utf-8")


def _headers(file: Path) -> dict[str, str]:
    status = file.stat()
    return {"ETag": f'"0x{status.st_mtime_ns:X}"', "Last-Modified": formatdate(status.st_mtime, usegmt=True)}


def _refusal(status: int, code: str) -> Response:
    body = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{code}</Message></Error>'
    return Response(body, status, {"x-ms-error-code": code}, media_type="application/xml")
