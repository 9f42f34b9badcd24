"""Conversion of values to JSON. A `Secret` becomes "(secret)" at any depth."""

from __future__ import annotations

import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any

from mlflow_azure.secret import Secret


def plain(value: object) -> Any:
    """Convert the value to dicts, lists, strings, numbers, booleans and None.

    A dataclass becomes its fields; a trailing underscore in a name, which avoids a Python keyword, is
    dropped. Values that JSON does not know become text, which for a `Secret` is "(secret)".
    """
    match value:
        case None | bool() | int() | float() | str():  # before Mapping, which asks all its subclasses
            return value
        case Mapping():
            return {str(key): plain(each) for key, each in value.items()}
        case list() | tuple() | AbstractSet():
            return [plain(each) for each in value]
        case date():
            return value.isoformat()
    if is_dataclass(value) and not isinstance(value, Secret | type):
        return {each.name.rstrip("_"): plain(getattr(value, each.name)) for each in fields(value)}
    return str(value)


def document(value: object, *, indent: int | None = None) -> str:
    """Return the value as one JSON document, in ASCII, which works in every pipe and terminal."""
    return json.dumps(plain(value), indent=indent)
