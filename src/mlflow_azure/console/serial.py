"""Values of this package as JSON knows them. A `Secret` comes out as "(secret)", however deep it lies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any

from mlflow_azure.secret import Secret


def plain(value: object) -> Any:
    """Rebuild the value from dicts, lists, strings, numbers, booleans and None only.

    A dataclass becomes its fields; an underscore at the end of a name, which keeps it apart from a word of Python, is
    dropped. What JSON has no notion of becomes its text, which for a `Secret` is "(secret)".
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
    if is_dataclass(value) and not isinstance(value, Secret | type):
        return {each.name.rstrip("_"): plain(getattr(value, each.name)) for each in fields(value)}
    return str(value)


def document(value: object, *, indent: int | None = None) -> str:
    """Write the value as one JSON document, in ASCII, which every pipe and every terminal takes."""
    return json.dumps(plain(value), indent=indent)
