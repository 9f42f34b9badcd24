"""Compares what is desired with what is there: desired ⊆ live means there is nothing to do.

Azure adds fields of its own to everything, so only the desired ones are looked at. Lists are compared whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlflow_azure.events import Difference


class Unknown:
    """A value that only Azure can tell, once the resource it belongs to exists."""

    def __repr__(self) -> str:
        return "(known after deploy)"

    def __bool__(self) -> bool:
        return False


UNKNOWN = Unknown()


def differences(desired: Mapping[str, Any], live: Mapping[str, Any] | None) -> tuple[Difference, ...]:
    """Every desired value that `live` lacks or has otherwise, by dotted path, in the order of `desired`.

    Where nothing is there yet (`live` is None) every desired value is a difference from None.
    """
    return tuple(_differences(desired, live or {}, ""))


def _differences(desired: Mapping[str, Any], live: Mapping[str, Any], prefix: str) -> Iterator[Difference]:
    for key, wanted in desired.items():
        found = live.get(key)
        path = f"{prefix}{key}"
        if isinstance(wanted, Mapping):
            yield from _differences(wanted, found if isinstance(found, Mapping) else {}, f"{path}.")
        elif wanted is UNKNOWN or wanted != found:
            yield Difference(path, found, wanted)


def has_unknown(value: Any) -> bool:
    """Whether any value in `value`, at any depth, is not known yet."""
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(has_unknown(item) for item in value)
    return value is UNKNOWN
