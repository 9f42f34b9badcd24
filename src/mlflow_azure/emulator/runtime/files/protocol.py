"""Common to all requests and responses of Azure Files: paths, headers, errors, times."""

from __future__ import annotations

import errno
import re
import uuid
from datetime import UTC, datetime
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import unquote
from xml.sax.saxutils import escape

from starlette.responses import Response

from mlflow_azure.emulator.runtime.uris import is_uri

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from starlette.requests import Request

_SHARE_NAME = re.compile(r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*")
_METADATA = "x-ms-meta-"
_METADATA_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_STANDARD_QUOTA, _LARGEST_QUOTA = 5120, 102400
XML = '<?xml version="1.0" encoding="utf-8"?>'


class StorageError(Exception):
    """An error. Codes: https://learn.microsoft.com/rest/api/storageservices/file-service-error-codes."""

    def __init__(self, status: HTTPStatus, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code

    def response(self, version: str) -> Response:
        """The error in the service's format."""
        body = f"{XML}<Error><Code>{self.code}</Code><Message>{escape(str(self))}</Message></Error>"
        return answer(version, self.status, {"x-ms-error-code": self.code}, body.encode(), "application/xml")


def path_of(request: Request) -> list[str]:
    """Return a request's share, directories and file. The SDK also encodes the slashes of a directory's path."""
    segments = [each for each in unquote(request.scope["raw_path"].decode()).split("/") if each]
    if request.headers.get("x-ms-allow-trailing-dot") == "true":
        return segments
    # https://learn.microsoft.com/rest/api/storageservices/get-file: it is trimmed.
    return [each.rstrip(".") or each for each in segments]


def require_uri(request: Request) -> None:
    """Refuse an invalid path or query. Raises StorageError."""
    if not is_uri(request):
        message = "The requested URI does not represent any resource on the server."
        raise StorageError(HTTPStatus.BAD_REQUEST, "InvalidUri", message)


def require_share_name(name: str) -> None:
    """Refuse an invalid name of a share. Raises StorageError.

    https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-shares--directories--files--and-metadata
    """
    if not _SHARE_NAME.fullmatch(name):
        raise invalid_name()


def invalid_name() -> StorageError:
    """Return the error for an invalid name."""
    return StorageError(
        HTTPStatus.BAD_REQUEST, "InvalidResourceName", "The specified resource name contains invalid characters."
    )


def of_file_system(error: OSError) -> StorageError:
    """Turn errors of this machine's file system, such as long names or a full disk, into the service's."""
    if error.errno == errno.ENAMETOOLONG:
        return invalid_name()
    return StorageError(HTTPStatus.INTERNAL_SERVER_ERROR, "InternalError", f"The server's file system: {error}")


def answer(
    version: str, status: HTTPStatus, headers: Mapping[str, str], body: bytes = b"", media_type: str | None = None
) -> Response:
    """Return a response with the common headers."""
    return Response(body, status, headers={**common(version), **headers}, media_type=media_type)


def common(version: str) -> dict[str, str]:
    """Return the common headers of a response; `version` is the API version requested by the client."""
    return {
        "Server": "Windows-Azure-File/1.0 Microsoft-HTTPAPI/2.0",
        "x-ms-request-id": str(uuid.uuid4()),
        "x-ms-version": version,
        "Date": formatdate(usegmt=True),
    }


def etag(stat: os.stat_result) -> str:
    """Return the ETag, which changes with every write, and is the same in a snapshot."""
    return f'"0x{stat.st_mtime_ns ^ (stat.st_size << 1):X}"'


def properties(stat: os.stat_result) -> dict[str, str]:
    """Return the headers describing a file or directory."""
    written = file_time(stat.st_mtime_ns)
    return {
        "Last-Modified": formatdate(stat.st_mtime, usegmt=True),
        "ETag": etag(stat),
        "x-ms-file-attributes": "Archive",
        "x-ms-file-creation-time": written,
        "x-ms-file-last-write-time": written,
        "x-ms-file-change-time": file_time(stat.st_ctime_ns),
        "x-ms-file-id": str(stat.st_ino),
        "x-ms-server-encrypted": "true",
    }


def file_time(nanoseconds: int) -> str:
    """Return a time with NTFS's seven fractional digits."""
    seconds, rest = divmod(nanoseconds, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest // 100:07}Z"


def no_share() -> StorageError:
    """Return the error for a missing share."""
    return StorageError(HTTPStatus.NOT_FOUND, "ShareNotFound", "The specified share does not exist.")


def not_supported(request: Request) -> StorageError:
    """Return Azure's error for unsupported requests, also used for those not implemented here."""
    return StorageError(
        HTTPStatus.BAD_REQUEST,
        "UnsupportedHttpVerb",
        f"The resource doesn't support the specified HTTP verb {request.method} with these parameters.",
    )


def metadata_of(request: Request) -> dict[str, str]:
    """Return the metadata for a snapshot in a request.

    Names: https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-shares--directories--files--and-metadata.
    """
    told = {name.removeprefix(_METADATA): text for name, text in request.headers.items() if name.startswith(_METADATA)}
    if not all(map(_METADATA_NAME.fullmatch, told)):
        message = "The specified metadata is invalid. It includes characters that are not permitted."
        raise StorageError(HTTPStatus.BAD_REQUEST, "InvalidMetadata", message)
    return told


def quota_of(request: Request) -> int:
    """Return the share quota of a request in GiB; 5 TiB by default."""
    asked = request.headers.get("x-ms-share-quota", str(_STANDARD_QUOTA))
    if not re.fullmatch(r"[0-9]{1,6}", asked) or not 1 <= int(asked) <= _LARGEST_QUOTA:
        message = "The value for one of the HTTP headers is not in the correct format."
        raise StorageError(HTTPStatus.BAD_REQUEST, "InvalidHeaderValue", message)
    return int(asked)
