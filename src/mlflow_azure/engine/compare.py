"""Compares desired with live state: desired ⊆ live means there is nothing to do.

Azure adds fields of its own to everything, so only the desired ones are compared. Lists are compared as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from mlflow_azure.events import Difference


class Unknown:
    """A value that only Azure can supply, once the resource exists."""

    def __repr__(self) -> str:
        return "(known after deploy)"

    def __bool__(self) -> bool:
        return False


UNKNOWN = Unknown()
_SCALARS = (str, int, float, type(None))


@dataclass(frozen=True)
class OneOf:
    """Several acceptable values, such as the two keys of a storage account.

    If none of them is live, the first is written.
    """

    values: tuple[Any, ...]


def one_of(values: Any) -> Any:
    """Any value of a mapping; UNKNOWN if the mapping is not known yet."""
    return UNKNOWN if values is UNKNOWN else OneOf(tuple(values.values()))


def chosen(desired: Mapping[str, Any], live: Mapping[str, Any] | None) -> dict[str, Any]:
    """The value to write: if several are acceptable, the live one if it is among them."""
    return {key: _chosen(wanted, (live or {}).get(key)) for key, wanted in desired.items()}


def _chosen(wanted: Any, found: Any) -> Any:
    if _is_mapping(wanted):
        return chosen(wanted, found if _is_mapping(found) else None)
    if isinstance(wanted, OneOf):
        return found if found in wanted.values else wanted.values[0]
    return wanted


def differences(desired: Mapping[str, Any], live: Mapping[str, Any] | None) -> tuple[Difference, ...]:
    """Return every desired value that is missing or different in `live`, by dotted path, in the order of `desired`.

    If nothing exists yet (`live` is None), every desired value is a difference from None.
    """
    return tuple(_differences(desired, live or {}, ""))


def _differences(desired: Mapping[str, Any], live: Mapping[str, Any], prefix: str) -> Iterator[Difference]:
    for key, wanted in desired.items():
        found = live.get(key)
        path = f"{prefix}{key}"
        if _is_mapping(wanted):
            yield from _differences(wanted, found if _is_mapping(found) else {}, f"{path}.")
        elif isinstance(wanted, OneOf):
            if found not in wanted.values:
                yield Difference(path, found, wanted.values[0])
        elif wanted is UNKNOWN or wanted != found:
            yield Difference(path, found, wanted)


def has_unknown(value: Any) -> bool:
    """Whether any value in `value`, at any depth, is not known yet."""
    if _is_mapping(value):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(has_unknown(item) for item in value)
    return value is UNKNOWN


def _is_mapping(value: Any) -> TypeGuard[Mapping[str, Any]]:
    """Whether it is one. Only asked of what is no scalar: an ABC asks all its subclasses, of which the SDK has many."""
    return not isinstance(value, _SCALARS) and isinstance(value, Mapping)
