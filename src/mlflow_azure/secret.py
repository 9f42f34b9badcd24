"""A value that must reach no output, log or exception: its text is always "(secret)"."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Secret:
    """Holds a secret string. Equality compares the held strings; `reveal` hands the string to those who need it."""

    _value: str

    def reveal(self) -> str:
        """The string itself, for the request or the process environment that it is meant for."""
        return self._value

    def __repr__(self) -> str:
        return "(secret)"

    __str__ = __repr__
