"""The types of directory objects' properties, derived from a new object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.microsoft_graph.graph_errors import bad_request

if TYPE_CHECKING:
    from mlflow_azure.emulator.directory import Object

# Lists of texts; other lists contain objects, each with its own id or key.
_OF_TEXTS = frozenset({"identifierUris", "redirectUris", "tags", "knownClientApplications"})


def require_types(wanted: Object, model: Object, resource: str) -> None:
    """Refuse a property whose type differs from that in `model`, a new object; if null there, any type is allowed.

    Raises:
        GraphError: There is one. The text: https://learn.microsoft.com/graph/errors, and
            github.com/microsoftgraph/microsoft-graph-docs-contrib/issues/7480.

    """
    for name, value in wanted.items():
        default = model.get(name)
        if default is None:
            continue
        if type(value) is not type(default) or (isinstance(value, list) and not _entries_fit(name, value)):
            raise bad_request(f"Invalid value specified for property '{name}' of resource '{resource}'.")
        if isinstance(value, dict):
            require_types(value, default, resource)


def _entries_fit(name: str, entries: list[Any]) -> bool:
    return all(isinstance(each, str if name in _OF_TEXTS else dict) for each in entries)
