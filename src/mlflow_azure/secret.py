"""Values that must reach no output, log or exception: their text is always "(secret)"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_IN_TEXT = re.compile(
    r"(?i)((?:AccountKey|SharedAccessSignature|sig|client_secret|password)=|\bBearer )[^;&\s\"'\x1b]+"
)
_TOKEN = re.compile(r"\beyJ[\w-]+\.eyJ[\w-]+\.[\w-]+")
_SHORTEST = 8  # characters; hiding less would make ordinary words unreadable
_held: set[str] = set()
"""What this process has held as a secret: others may quote it in any form."""


@dataclass(frozen=True)
class Secret:
    """Holds a secret string. Equality compares the held strings; `reveal` hands the string to those who need it."""

    _value: str

    def __post_init__(self) -> None:
        if len(self._value) >= _SHORTEST:
            _held.add(self._value)

    def reveal(self) -> str:
        """The string itself, for the request or the process environment that it is meant for."""
        return self._value

    def __repr__(self) -> str:
        return "(secret)"

    __str__ = __repr__


def revealed(value: Any) -> Any:
    """The value with its secrets, at any depth, as strings: for the request that it is meant for."""
    if isinstance(value, Mapping):
        return {name: revealed(item) for name, item in value.items()}
    return value.reveal() if isinstance(value, Secret) else value


def redact(text: str) -> str:
    """The text without the keys, signatures, passwords and tokens that what others wrote may quote."""
    for value in sorted(_held, key=len, reverse=True):
        text = text.replace(value, "(secret)")
    text = _TOKEN.sub("(secret)", text)
    return _IN_TEXT.sub(r"\1(secret)", text)
