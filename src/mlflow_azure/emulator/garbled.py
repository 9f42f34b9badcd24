"""Malformed responses: a proxy's page, half a response, one of another version of a service."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Callable

Garbling = Literal["half", "page", "nothing", "null", "list", "text", "nulls", "types", "keys"]
_PAGE = b"<!DOCTYPE html><html><body><h1>Welcome to this network</h1></body></html>"


def garbled(answer: Response, how: Garbling) -> Response:
    """Return the response with another body, see Fault. Its length is set, so that nothing waits for the rest."""
    whole = bytes(answer.body)
    body = _PAGE if how == "page" else whole[: len(whole) // 2] if how == "half" else _other(whole, how)
    kind = "text/html" if how == "page" else answer.media_type
    headers = {name: value for name, value in answer.headers.items() if name not in ("content-length", "content-type")}
    return Response(body, answer.status_code, headers, kind)


def _other(whole: bytes, how: Garbling) -> bytes:
    fixed = {"nothing": b"", "null": b"null", "list": b"[]", "text": b'"all is well"'}
    if how in fixed:
        return fixed[how]
    change = {"nulls": _nulls, "types": _types, "keys": _fewer}[how]
    try:
        return json.dumps(change(json.loads(whole))).encode()
    except ValueError:  # it was not JSON
        return whole


def _nulls(value: Any) -> Any:
    """Replace every value with null."""
    return _within(value, lambda _: None)


def _types(value: Any) -> Any:
    """Replace every text with a number, and every other value with a text."""
    return _within(value, lambda each: 7 if isinstance(each, str) else str(each))


def _fewer(value: Any) -> Any:
    """Remove every second field of every object."""
    if isinstance(value, dict):
        return {name: _fewer(each) for number, (name, each) in enumerate(sorted(value.items())) if number % 2}
    return [_fewer(each) for each in value] if isinstance(value, list) else value


def _within(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return {name: _within(each, change) for name, each in value.items()}
    return [_within(each, change) for each in value] if isinstance(value, list) else change(value)
