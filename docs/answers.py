"""Generates the reference and the JSON schemas of the output of commands, from its dataclasses."""

from __future__ import annotations

import dataclasses
import inspect
import re
import types
import typing
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

from mlflow_azure.cli.answer import data_fields
from mlflow_azure.cli.command import COMMANDS
from mlflow_azure.cli.lazy import LazyCommand
from mlflow_azure.cli.names import NAMES
from mlflow_azure.secret import Secret

for _name in NAMES:
    LazyCommand(_name).load()  # its import registers the command

_SIMPLE: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    types.NoneType: {"type": "null"},
    datetime: {"type": "string", "format": "date-time"},
    Secret: {"type": "string"},
    Any: {},
}
_ATTRIBUTE = re.compile(r"^    (\w+): (.+(?:\n {5,}.+)*)", re.MULTILINE)


def reference() -> str:
    """Return the section of docs/output.md about `data`."""
    return "\n".join(_section(name) for name in NAMES).rstrip() + "\n"


def schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON schema of each command's output, by file name."""
    return {f"{name.replace(' ', '-')}.json": _document(name) for name in NAMES}


def _section(name: str) -> str:
    parts = [f"#### `{name}`\n"]
    parts += [_answer(answer) for answer in COMMANDS[name].answers]
    return "\n".join(parts)


def _answer(answer: type) -> str:
    rows = _rows(answer)
    table = ["| field | type | meaning |", "|---|---|---|", *rows] if rows else []
    return "\n".join([f"{_words(answer)}\n", *table, ""] if table else [f"{_words(answer)}\n"])


def _rows(answer: type, prefix: str = "") -> list[str]:
    """Return a row for each field; nested fields follow, with their path."""
    rows = []
    for name, (hint, meaning) in _members(answer).items():
        inner, is_list = _dataclass_in(hint)
        path = f"{prefix}{name.rstrip('_')}"
        said = meaning or (_words(inner) if inner else "")
        rows.append(f"| `{path}` | {_type_words(hint)} | {said.replace('|', '&#124;')} |")
        if inner:
            rows += _rows(inner, f"{path}[]." if is_list else f"{path}.")
    return rows


@cache
def _members(answer: type) -> dict[str, tuple[Any, str]]:
    """Return the type and meaning of each field in the JSON data; empty if one of the fields is the data."""
    if "data" in vars(answer):
        return {}
    hints = typing.get_type_hints(answer)
    meanings = {name: " ".join(text.split()) for name, text in _ATTRIBUTE.findall(inspect.getdoc(answer) or "")}
    return {name: (hints[name], meanings.get(name, "")) for name in data_fields(answer)}


def _words(answer: type) -> str:
    return " ".join((inspect.getdoc(answer) or "").partition("\n\n")[0].split())


def _dataclass_in(hint: Any) -> tuple[type | None, bool]:
    """Return the dataclass that this type is, or is a list of."""
    for each in (hint, *typing.get_args(hint)):
        if dataclasses.is_dataclass(each) and each is not Secret and isinstance(each, type):
            return each, typing.get_origin(hint) is tuple
    return None, False


def _type_words(hint: Any) -> str:
    arguments = [each for each in typing.get_args(hint) if each is not types.NoneType]
    optional = ", or null" if types.NoneType in typing.get_args(hint) else ""
    origin = typing.get_origin(hint)
    if origin is tuple:
        return "list"
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return "object"
    if arguments:
        return _type_words(arguments[0]) + optional
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return "string"
    if dataclasses.is_dataclass(hint) and hint is not Secret:
        return "object"
    return str(_SIMPLE[hint].get("type", "any value"))


def _document(name: str) -> dict[str, Any]:
    """Return the schema of a command's whole output. A command that fails reports what it had done by then."""
    answers = [_schema(answer) for answer in COMMANDS[name].answers]
    error = {key: {"type": "string"} for key in ("code", "message", "hint")}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"mlflow-azure {name} --output json",
        "type": "object",
        "required": ["version", "command", "status", "data", "errors"],
        "properties": {
            "version": {"const": 1},
            "command": {"const": name},
            "status": {"enum": ["ok", "failed"]},
            "errors": {
                "type": "array",
                "items": {"type": "object", "required": list(error), "properties": error},
            },
        },
        "if": {"properties": {"status": {"const": "ok"}}},
        "then": {"properties": {"data": {"anyOf": answers} if len(answers) > 1 else answers[0]}},
        "else": {"properties": {"data": {"type": "object"}}},
    }


def _schema(hint: Any) -> dict[str, Any]:
    """Return the JSON schema of a type. Unknown fields are allowed, since fields may be added."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple:
        return {"type": "array", "items": _schema(arguments[0])}
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _schema(arguments[1])}
    if origin is not None:  # a union
        found = [_schema(each) for each in arguments]
        return {"anyOf": [each for number, each in enumerate(found) if each not in found[:number]]}
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return {"enum": [str(each) for each in hint]}
    if dataclasses.is_dataclass(hint) and hint is not Secret and isinstance(hint, type):
        return _object(hint)
    return dict(_SIMPLE[hint])


def _object(answer: type) -> dict[str, Any]:
    members = _members(answer)
    if not members:
        return {"type": "object", "description": _words(answer), "additionalProperties": {"type": "string"}}
    properties = {
        name.rstrip("_"): {**_schema(each), **({"description": meaning} if meaning else {})}
        for name, (each, meaning) in members.items()
    }
    return {"type": "object", "description": _words(answer), "required": [*properties], "properties": properties}
