"""`$filter` of Microsoft Graph, as far as it is used to look up directory objects."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mlflow_azure.emulator.microsoft_graph.graph_errors import GraphError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlflow_azure.emulator.directory import Object

_EQUALS = re.compile(r"(\w+) eq '([^']*)'")
_ANY = re.compile(r"(\w+)/any\(\s*(\w+)\s*:\s*\2 eq '([^']*)'\s*\)")
_STARTS = re.compile(r"startswith\((\w+),\s*'([^']*)'\)", re.IGNORECASE)


def filtered(objects: Iterable[Object], expression: str) -> list[Object]:
    """Return the objects that match all conditions of an expression joined by `and`.

    Raises:
        GraphError: A condition is not one of `=`, `startswith` and `any`.

    """
    found = list(objects)
    for condition in filter(None, re.split(r"\s+and\s+", expression)):
        found = [each for each in found if _fulfils(each, condition)]
    return found


def _fulfils(item: Object, condition: str) -> bool:
    if equals := _EQUALS.fullmatch(condition):
        return str(item.get(equals[1], "")).lower() == equals[2].lower()
    if any_of := _ANY.fullmatch(condition):
        values = item.get(any_of[1])
        return isinstance(values, list) and any_of[3] in values
    if starts := _STARTS.fullmatch(condition):
        return str(item.get(starts[1], "")).lower().startswith(starts[2].lower())
    raise GraphError(400, "Request_UnsupportedQuery", f"Unsupported or invalid query filter clause: {condition}")
