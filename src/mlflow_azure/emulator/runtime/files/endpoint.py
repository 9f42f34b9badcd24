"""The file endpoint of one storage account. Sources: https://learn.microsoft.com/rest/api/storageservices/file-service-rest-api.

Not implemented: leases, permissions, attributes, copies, renaming, and metadata of shares and files.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from mlflow_azure.emulator.runtime.files import listings
from mlflow_azure.emulator.runtime.files.protocol import (
    StorageError,
    answer,
    common,
    metadata_of,
    no_share,
    not_supported,
    of_file_system,
    path_of,
    properties,
    quota_of,
    require_share_name,
    require_uri,
)
from mlflow_azure.emulator.runtime.files.signature import require_signature
from mlflow_azure.emulator.runtime.files.tree import MAX_RANGE, Tree, requested_range

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

    from mlflow_azure.emulator.runtime.files.records import Records
    from mlflow_azure.emulator.runtime.shares import Shares

_CHUNK = 1024 * 1024


class FileEndpoint:
    """Serves one account. `keys` are its two keys, `records` are Resource Manager's records of its shares."""

    def __init__(self, account: str, keys: tuple[str, str], shares: Shares, records: Records) -> None:
        self.keys = keys
        self._account = account
        self._shares = shares
        self._records = records

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        request = Request(scope, receive)
        try:
            require_uri(request)
            require_signature(request, self._account, self.keys)
            response = await self._answer(request)
        except StorageError as error:
            response = error.response(_version(request))
        except OSError as error:
            response = of_file_system(error).response(_version(request))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        segments = path_of(request)
        query = {name.lower(): value for name, value in request.query_params.items()}
        if not segments:
            return self._list_shares(request, query)
        share, path = segments[0], segments[1:]
        if query.get("restype") == "share":
            return await self._share(request, share, query)
        snapshot = query.get("sharesnapshot")
        root = self._shares.directory(self._account, share, snapshot)
        if root is None:
            raise no_share()
        if snapshot and request.method not in ("GET", "HEAD"):
            raise not_supported(request)
        call = _Call(request, share, Tree(root), path, query)
        kind = _DIRECTORY if query.get("restype") == "directory" else _FILE
        operation = kind.get((request.method, query.get("comp", "")))
        if operation is None:
            raise not_supported(request)
        return await operation(call)

    def _list_shares(self, request: Request, query: dict[str, str]) -> Response:
        if (request.method, query.get("comp")) != ("GET", "list"):
            raise not_supported(request)
        found = [
            (share, self._records.quota(self._account, share), snapshot)
            for share in self._shares.of(self._account)
            for snapshot in (*self._shares.snapshots(self._account, share), None)
        ]
        body = listings.shares(str(request.base_url), found, query)
        return answer(_version(request), HTTPStatus.OK, {}, body, "application/xml")

    async def _share(self, request: Request, share: str, query: dict[str, str]) -> Response:
        """Handle requests for a share itself: creation, properties, quota, deletion, and snapshots."""
        snapshot = query.get("sharesnapshot")
        root = self._shares.directory(self._account, share, snapshot)
        if root is None:
            if (request.method, query.get("comp")) == ("PUT", None):
                return self._create_share(request, share)
            raise no_share()
        version, known = _version(request), properties(root.stat())
        head = {name: known[name] for name in ("ETag", "Last-Modified")}
        match request.method, query.get("comp"):
            case (("GET" | "HEAD"), None):
                quota = str(self._records.quota(self._account, share))
                return answer(version, HTTPStatus.OK, {**head, "x-ms-share-quota": quota})
            case "PUT", None:
                raise StorageError(HTTPStatus.CONFLICT, "ShareAlreadyExists", "The specified share already exists.")
            case "PUT", "properties":
                self._records.keep(self._account, share, quota_of(request))
                return answer(version, HTTPStatus.OK, head)
            case "GET", "stats":
                body = listings.statistics(self._shares.usage(self._account, share))
                return answer(version, HTTPStatus.OK, head, body, "application/xml")
            case "PUT", "snapshot":
                time = await asyncio.to_thread(self._shares.snapshot, self._account, share, metadata_of(request))
                return answer(version, HTTPStatus.CREATED, {**head, "x-ms-snapshot": time})
            case "DELETE", None:
                await self._delete(request, share, snapshot)
                return answer(version, HTTPStatus.ACCEPTED, {})
        raise not_supported(request)

    def _create_share(self, request: Request, share: str) -> Response:
        """https://learn.microsoft.com/rest/api/storageservices/create-share."""
        require_share_name(share)
        self._records.keep(self._account, share, quota_of(request))
        known = properties(self._shares.ensure(self._account, share).stat())
        head = {name: known[name] for name in ("ETag", "Last-Modified")}
        return answer(_version(request), HTTPStatus.CREATED, head)

    async def _delete(self, request: Request, share: str, snapshot: str | None) -> None:
        """https://learn.microsoft.com/rest/api/storageservices/delete-share."""
        if snapshot:
            await asyncio.to_thread(self._shares.delete_snapshot, self._account, share, snapshot)
            return
        if self._shares.snapshots(self._account, share) and "x-ms-delete-snapshots" not in request.headers:
            message = "The share has snapshots and the operation requires no snapshots."
            raise StorageError(HTTPStatus.CONFLICT, "ShareHasSnapshots", message)
        await asyncio.to_thread(self._shares.remove, self._account, share)
        self._records.drop(self._account, share)


class _Call:
    """Handle a request for a file or a directory."""

    def __init__(self, request: Request, share: str, tree: Tree, path: list[str], query: dict[str, str]) -> None:
        self.request = request
        self.share = share
        self.tree = tree
        self.path = path
        self.query = query

    def answer(self, status: HTTPStatus, place: Path | None = None, **headers: str) -> Response:
        """Return a response with the properties of the file or directory at `place`."""
        known = properties(place.stat()) if place else {}
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return answer(_version(self.request), status, known | given)

    def number(self, header: str) -> int:
        """Return a header that must be a number."""
        try:
            return int(self.request.headers[header])
        except (KeyError, ValueError):
            raise StorageError(
                HTTPStatus.BAD_REQUEST, "InvalidHeaderValue", f"The value of the header {header} is not valid."
            ) from None


async def _list(call: _Call) -> Response:
    found = call.tree.list(call.path)
    body = listings.entries(call.share, "/".join(call.path), found, call.query, call.query.get("sharesnapshot"))
    return answer(_version(call.request), HTTPStatus.OK, {}, body, "application/xml")


async def _list_handles(call: _Call) -> Response:
    """Return the open handles: none, since web apps mount the directory itself.

    https://learn.microsoft.com/rest/api/storageservices/list-handles
    """
    if not call.tree.place(call.path).is_dir():
        call.tree.file(call.path)
    return answer(_version(call.request), HTTPStatus.OK, {}, listings.NO_HANDLES, "application/xml")


async def _get_directory(call: _Call) -> Response:
    return call.answer(HTTPStatus.OK, call.tree.directory(call.path))


async def _create_directory(call: _Call) -> Response:
    return call.answer(HTTPStatus.CREATED, call.tree.create_directory(call.path))


async def _delete_directory(call: _Call) -> Response:
    call.tree.delete_directory(call.path)
    return call.answer(HTTPStatus.ACCEPTED)


async def _create_file(call: _Call) -> Response:
    return call.answer(HTTPStatus.CREATED, call.tree.create_file(call.path, call.number("x-ms-content-length")))


async def _delete_file(call: _Call) -> Response:
    call.tree.delete_file(call.path)
    return call.answer(HTTPStatus.ACCEPTED)


async def _head_file(call: _Call) -> Response:
    place = call.tree.file(call.path)
    return call.answer(HTTPStatus.OK, place, Content_Length=str(place.stat().st_size), x_ms_type="File")


async def _get_file(call: _Call) -> Response:
    place = call.tree.file(call.path)
    size = place.stat().st_size
    headers = call.request.headers
    wanted = requested_range(headers.get("x-ms-range") or headers.get("range"), size)
    start, end = (wanted[0], min(wanted[1], size - 1)) if wanted else (0, size - 1)
    known = {**common(_version(call.request)), **properties(place.stat()), "x-ms-type": "File"}
    known |= {"Content-Length": str(end - start + 1), "Accept-Ranges": "bytes"}
    if wanted:
        known["Content-Range"] = f"bytes {start}-{end}/{size}"
    status = HTTPStatus.PARTIAL_CONTENT if wanted else HTTPStatus.OK
    return StreamingResponse(_content(place, start, end), status, known, "application/octet-stream")


async def _content(place: Path, start: int, end: int) -> AsyncIterator[bytes]:
    with place.open("rb") as file:
        file.seek(start)
        left = end - start + 1
        while left and (chunk := file.read(min(_CHUNK, left))):
            left -= len(chunk)
            yield chunk


async def _put_range(call: _Call) -> Response:
    """https://learn.microsoft.com/rest/api/storageservices/put-range: at most 4 MiB at a time."""
    headers = call.request.headers
    size = call.tree.file(call.path).stat().st_size
    start, end = requested_range(headers.get("x-ms-range") or headers.get("range"), size) or (-1, -1)
    if headers.get("x-ms-write") == "clear":
        return call.answer(HTTPStatus.CREATED, call.tree.write(call.path, start, end, None))
    data = await call.request.body()
    if len(data) > MAX_RANGE:
        raise StorageError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "RequestBodyTooLarge",
            "The request body is too large and exceeds the maximum permissible limit.",
        )
    digest = base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
    if headers.get("content-md5", digest) != digest:
        raise StorageError(
            HTTPStatus.BAD_REQUEST,
            "Md5Mismatch",
            "The MD5 value specified in the request did not match with the MD5 value calculated by the server.",
        )
    if len(data) != end - start + 1:
        raise StorageError(
            HTTPStatus.BAD_REQUEST, "InvalidHeaderValue", "The range is not as long as the body of the request."
        )
    place = call.tree.write(call.path, start, end, data)
    return call.answer(HTTPStatus.CREATED, place, Content_MD5=digest, x_ms_request_server_encrypted="true")


_DIRECTORY = {
    ("GET", "list"): _list,
    ("GET", "listhandles"): _list_handles,
    ("GET", ""): _get_directory,
    ("HEAD", ""): _get_directory,
    ("PUT", ""): _create_directory,
    ("DELETE", ""): _delete_directory,
}
_FILE = {
    ("GET", ""): _get_file,
    ("GET", "listhandles"): _list_handles,
    ("HEAD", ""): _head_file,
    ("PUT", ""): _create_file,
    ("PUT", "range"): _put_range,
    ("DELETE", ""): _delete_file,
}


def _version(request: Request) -> str:
    return request.headers.get("x-ms-version", "2024-11-04")
