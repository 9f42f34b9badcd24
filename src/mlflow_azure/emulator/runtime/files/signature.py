"""Checks the signature of a request with the account's key.

https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from mlflow_azure.emulator.runtime.files.protocol import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.requests import Request

_SIGNED = (
    *("content-encoding", "content-language", "content-length", "content-md5", "content-type", "date"),
    *("if-modified-since", "if-match", "if-none-match", "if-unmodified-since", "range"),
)
_SKEW = timedelta(minutes=15)


def require_signature(request: Request, account: str, keys: Iterable[str]) -> None:
    """Raise StorageError unless one of the account's keys (Base64) signed the request within a quarter of an hour."""
    scheme, _, said = request.headers.get("authorization", "").partition(" ")
    if not scheme:
        raise StorageError(
            HTTPStatus.UNAUTHORIZED,
            "NoAuthenticationInformation",
            "Server failed to authenticate the request. Please refer to the information in the www-authenticate "
            "header.",
        )
    name, _, signature = said.partition(":")
    text = _string_to_sign(request, account).encode()
    expected = [_sign(key, text) for key in keys]
    if scheme != "SharedKey" or name != account or signature not in expected or not _is_recent(request):
        raise StorageError(
            HTTPStatus.FORBIDDEN,
            "AuthenticationFailed",
            "Server failed to authenticate the request. Make sure the value of Authorization header is formed "
            "correctly including the signature.",
        )


def _sign(key: str, text: bytes) -> str:
    return base64.b64encode(hmac.digest(base64.b64decode(key), text, hashlib.sha256)).decode()


def _is_recent(request: Request) -> bool:
    try:
        sent = parsedate_to_datetime(request.headers.get("x-ms-date") or request.headers.get("date", ""))
        return abs(datetime.now(UTC) - sent) < _SKEW
    except (TypeError, ValueError):  # no date, or one without a zone
        return False


def _string_to_sign(request: Request, account: str) -> str:
    headers = dict(request.headers)
    if headers.get("content-length") == "0":
        headers["content-length"] = ""  # since version 2015-02-21
    if "x-ms-date" in headers:
        headers["date"] = ""
    lines = [request.method, *(headers.get(name, "") for name in _SIGNED)]
    lines += [f"{name}:{headers[name]}" for name in sorted(filter(_is_own, headers), key=_order)]
    return "\n".join([*lines, _resource(request, account)])


def _is_own(header: str) -> bool:
    return header.startswith("x-ms-")


def _order(header: str) -> tuple[str, str]:
    """Sort like the service and the SDK: as in Windows, where a hyphen comes last."""
    return header.replace("-", ""), header


def _resource(request: Request, account: str) -> str:
    query: dict[str, list[str]] = defaultdict(list)
    for name, value in parse_qsl(request.scope["query_string"].decode(), keep_blank_values=True):
        query[name.lower()].append(value)
    parameters = [f"\n{name}:{','.join(sorted(values))}" for name, values in sorted(query.items())]
    return f"/{account}{request.scope['raw_path'].decode()}{''.join(parameters)}"
