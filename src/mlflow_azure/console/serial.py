"""Values of this package as JSON knows them. A `Secret` comes out as "(secret)", however deep it lies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import date
from typing import Any

from mlflow_azure.events import Difference, Step


def plain(value: object) -> Any:
    """Rebuild the value from dicts, lists, strings, numbers, booleans and None only.

    A `Step` becomes kind, name, id, action and differences, a `Difference` path, from and to; what JSON has
    no notion of becomes its text, which for a `Secret` is "(secret)".
    """
    match value:
        case None | bool() | int() | float():
            return value
        case Mapping():
            return {str(key): plain(each) for key, each in value.items()}
        case list() | tuple() | AbstractSet():
            return [plain(each) for each in value]
        case date():
            return value.isoformat()
        case Difference() | Step():
            return plain(_members(value))
    return str(value)


def _members(value: Difference | Step) -> dict[str, object]:
    if isinstance(value, Difference):
        return {"path": value.path, "from": value.before, "to": value.after}
    return {
        "kind": value.kind,
        "name": value.name,
        "id": value.id,
        "action": value.action.value,
        "differences": value.differences,
    }


def document(value: object, *, indent: int | None = None) -> str:
    """Write the value as one JSON document, in ASCII, which every pipe and every terminal takes."""
    return json.dumps(plain(value), indent=indent)
