"""How a command is disturbed at its k-th request."""

from __future__ import annotations

import re
import signal
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tests.campaign.forked import STALL_SECONDS, Disturbance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.campaign.operations import Line
    from tests.campaign.stage import Stage
    from tests.support.command import Result

TIMEOUT_SECONDS = 3
STORAGE = re.compile(r"/(mlflow(/.*)?)?$")
"""Paths of the file share and of the blob container, and of the list of shares."""
# Of an operation, or of a resource that is new each time.
_NEW = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|/runs/\w+|[0-9a-f]{32}(?=\.json)", re.IGNORECASE
)


@dataclass(frozen=True)
class Signalled:
    """A signal that comes as soon as the k-th request is answered."""

    name: str
    number: int

    def strike(self, stage: Stage, line: Line, requests: Sequence[dict[str, Any]], k: int) -> Result:
        """Run the command."""
        return stage.run(line, disturbed=replace(at(requests, k), signal=self.number))

    def came(self, stage: Stage, requests: Sequence[dict[str, Any]], k: int) -> bool:
        """Whether the command that was struck last came so far."""
        return stage.came


@dataclass(frozen=True)
class TimedOut:
    """A deadline that passes in the k-th request, which does not end."""

    name: str = "--timeout"

    def strike(self, stage: Stage, line: Line, requests: Sequence[dict[str, Any]], k: int) -> Result:
        """Run the command."""
        seconds = TIMEOUT_SECONDS + round(2 * requests[k - 1]["after"])
        held = replace(at(requests, k), wait=lambda: time.sleep(2 * seconds + STALL_SECONDS))
        return stage.run((*line, "--timeout", str(seconds)), disturbed=held)

    def came(self, stage: Stage, requests: Sequence[dict[str, Any]], k: int) -> bool:
        """Whether the command that was struck last came so far."""
        return stage.came


@dataclass(frozen=True)
class Faulty:
    """A fault of Azure's at the k-th request to Resource Manager, Microsoft Graph or the storage account.

    As an undisturbed run sent it.
    """

    name: str
    fault: dict[str, Any] = field(hash=False)

    def strike(self, stage: Stage, line: Line, requests: Sequence[dict[str, Any]], k: int) -> Result:
        """Run the command."""
        struck = at(requests, k)
        stage.emulator.forget_requests()
        stage.emulator.fail(method=struck.method, path=struck.path, after=struck.count - 1, **self.fault)
        try:
            return stage.run(line)
        finally:
            stage.emulator.heal()

    def came(self, stage: Stage, requests: Sequence[dict[str, Any]], k: int) -> bool:
        """Whether the command that was struck last sent so many. Those to the storage account are noted nowhere."""
        struck = at(requests, k)
        sent = sum(struck.is_at(each["method"], each["path"]) for each in stage.emulator.requests)
        return sent >= struck.count or bool(STORAGE.match(requests[k - 1]["path"]))


def at(requests: Sequence[dict[str, Any]], k: int) -> Disturbance:
    """A disturbance at the k-th of them, as one of those that are like it: those under way at once end in any order."""
    which = Disturbance(requests[k - 1]["method"], pattern(requests[k - 1]["path"]), 0)
    return replace(which, count=sum(which.is_at(each["method"], each["path"]) for each in requests[:k]))


def pattern(path: str) -> str:
    """A regular expression for the path of a request, in whichever run."""
    parts, last = [], 0
    for found in _NEW.finditer(path):
        parts += [re.escape(path[last : found.start()]), "[^/]+" if found[0][0] != "/" else "/runs/[^/]+"]
        last = found.end()
    return f"^{''.join(parts)}{re.escape(path[last:])}$"


Harm = Signalled | TimedOut | Faulty
KILLED = Signalled("kill -9", signal.SIGKILL)
HARMS: tuple[Harm, ...] = (
    KILLED,
    Signalled("Ctrl+C", signal.SIGINT),
    Signalled("SIGTERM", signal.SIGTERM),
    TimedOut(),
    Faulty("cut before the effect", {"kind": "cut-before"}),
    Faulty("cut after the effect", {"kind": "cut-after"}),
    Faulty("429", {"status": 429, "headers": {"Retry-After": "1"}, "code": "TooManyRequests"}),
    Faulty("500", {"status": 500}),
    Faulty("409", {"status": 409, "code": "Conflict", "message": "Another operation is in progress."}),
    Faulty("403", {"status": 403, "code": "AuthorizationFailed", "message": "You may not."}),
    Faulty("operation failed", {"kind": "operation-failed", "message": "It did not work out."}),
)
