"""Injected faults: which request fails, how often, and how."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from mlflow_azure.emulator.garbled import Garbling

Kind = Literal["status", "cut-before", "cut-after", "operation-failed", "stale-read", "garbled"]


@dataclass
class Fault:
    """One fault, as in the control interface.

    Attributes:
        path: Regular expression, searched case-insensitively in the request's path.
        times: Number of requests that fail; None for all.
        after: Number of matching requests that pass before the first one fails.
        kind: "status" responds with `status`; "cut-before" and "cut-after" close the connection before or after the
            request takes effect; "operation-failed" makes the long-running operation end in Failed (if the request
            starts none, it takes effect and responds with the failure); "stale-read" answers a GET with the
            resource's previous version, or 404 if there is none; "garbled" modifies the response as in `garbling`.
        garbling: The body is cut in "half"; or it is a "page" of HTML, "nothing", "null", a "list" or a "text"; or
            all values are "nulls" or of other "types", or half of the "keys" are missing.

    """

    method: str
    path: str
    times: int | None = 1
    after: int = 0
    kind: Kind = "status"
    garbling: Garbling = "half"
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    code: str = "InternalServerError"
    message: str = "The server encountered an internal error. Please retry the request."

    def __post_init__(self) -> None:
        try:
            re.compile(self.path)
        except re.error as error:
            raise ValueError(f"path is no regular expression: {error}") from error
        if self.kind not in get_args(Kind):
            raise ValueError(f"kind must be one of {', '.join(get_args(Kind))}")
        if self.garbling not in get_args(Garbling):
            raise ValueError(f"garbling must be one of {', '.join(get_args(Garbling))}")

    def strikes(self, method: str, path: str) -> bool:
        """Whether this request fails. Counts it."""
        if method != self.method.upper() or not re.search(self.path, path, re.IGNORECASE):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


class Faults:
    """All active faults. They are cleared when the emulator stops."""

    def __init__(self) -> None:
        self._orders: list[Fault] = []

    def order(self, description: dict[str, Any]) -> None:
        """Add the fault with the fields in `description`.

        Raises:
            TypeError, ValueError: The description has unknown or malformed fields.

        """
        self._orders.append(Fault(**description))

    def clear(self) -> None:
        """Clear all faults."""
        self._orders.clear()

    def strike(self, method: str, path: str) -> Fault | None:
        """Return the fault for this request, if any."""
        struck = next((fault for fault in self._orders if fault.strikes(method, path)), None)
        self._orders = [fault for fault in self._orders if fault.times != 0]
        return struck
