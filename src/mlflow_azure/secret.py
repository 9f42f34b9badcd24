"""Values that must not appear in any output, log or exception: their text is always "(secret)"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_IN_TEXT = re.compile(
    r"(?i)((?:AccountKey|SharedAccessSignature|sig|client_secret|password)=|\bBearer )[^;&\s\"'\x1b]+"
)
_TOKEN = re.compile(r"\beyJ[\w-]+\.eyJ[\w-]+\.[\w-]+")
_SHORTEST = 8  # characters; hiding shorter ones would make ordinary words unreadable
_held: set[str] = set()
"""All secrets that this process has held; foreign text may quote them in any form."""


@dataclass(frozen=True)
class Secret:
    """Holds a secret string. Equality compares the strings; `reveal` returns the string to code that needs it."""

    _value: str

    def __post_init__(self) -> None:
        if len(self._value) >= _SHORTEST:
            _held.add(self._value)

    def reveal(self) -> str:
        """Return the string, for the request or process environment it is meant for."""
        return self._value

    def __repr__(self) -> str:
        return "(secret)"

    __str__ = __repr__


def revealed(value: Any) -> Any:
    """Return the value with its secrets, at any depth, as strings, for the request it is meant for."""
    if isinstance(value, Mapping):
        return {name: revealed(item) for name, item in value.items()}
    return value.reveal() if isinstance(value, Secret) else value


def redact(text: str) -> str:
    """Return the text without any keys, signatures, passwords or tokens quoted in it."""
    for value in sorted(_held, key=len, reverse=True):
        text = text.replace(value, "(secret)")
    text = _TOKEN.sub("(secret)", text)
    return _IN_TEXT.sub(r"\1(secret)", text)
