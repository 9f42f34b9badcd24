"""The resources of the emulated subscription, in Resource Manager's format."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Body = dict[str, Any]


class Resources:
    """Resources by case-insensitive id.

    A body is Resource Manager's response. What it omits (keys, app settings, passwords) is stored separately,
    in the resource's `hidden` dictionary.
    """

    def __init__(self, saved: dict[str, Any]) -> None:
        self._saved = saved
        self._previous: dict[str, Body] = {}

    def find(self, resource_id: str) -> Body | None:
        """Return the body of a resource, to be read or changed in place; None if it does not exist."""
        entry = self._saved.get(resource_id.lower())
        return None if entry is None else entry["body"]

    def hidden(self, resource_id: str) -> dict[str, Any]:
        """Return the hidden data of an existing resource."""
        hidden: dict[str, Any] = self._saved[resource_id.lower()]["hidden"]
        return hidden

    def put(self, body: Body) -> Body:
        """Store `body` under its id. Hidden data of an existing one stays."""
        key = body["id"].lower()
        entry = self._saved.setdefault(key, {"body": body, "hidden": {}})
        entry["body"] = body
        return body

    def remove(self, resource_id: str) -> None:
        """Remove a resource and everything below it."""
        for body in self.below(resource_id):
            del self._saved[body["id"].lower()]
        self._saved.pop(resource_id.lower(), None)

    def below(self, resource_id: str) -> list[Body]:
        """Return everything whose id is below `resource_id`."""
        prefix = resource_id.lower() + "/"
        return [entry["body"] for key, entry in self._saved.items() if key.startswith(prefix)]

    def of_type(self, resource_type: str, under: str = "") -> list[Body]:
        """Return all resources of one type, optionally only below the id `under`."""
        return [
            body for body in (self.below(under) if under else self) if body["type"].lower() == resource_type.lower()
        ]

    def __iter__(self) -> Iterator[Body]:
        return iter([entry["body"] for entry in self._saved.values()])

    def remember(self, resource_id: str) -> None:
        """Keep a copy of the current resource before it changes, for stale reads."""
        body = self.find(resource_id)
        if body is None:
            self._previous.pop(resource_id.lower(), None)
        else:
            self._previous[resource_id.lower()] = copy.deepcopy(body)

    def previous(self, resource_id: str) -> Body | None:
        """Return the resource as it was before its last change."""
        return self._previous.get(resource_id.lower())

    def snapshot(self, resource_id: str) -> Callable[[], None]:
        """Return a function that restores the current state of a resource, or of its nearest parent that is one."""
        key = resource_id.lower()
        above = key
        while above and above not in self._saved:
            above = above.rpartition("/")[0]
        kept = copy.deepcopy(self._saved.get(above))

        def undo() -> None:
            if above != key:
                self.remove(resource_id)
            if kept is not None:
                self._saved[above] = kept

        return undo
