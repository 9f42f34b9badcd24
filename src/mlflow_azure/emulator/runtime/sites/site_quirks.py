"""What App Service does at times, as far as the runtime does it. Who orders it is asked each time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

# What the tunnel says of a container while it is not ready to be reached, though it may be.
Unreachable = Literal["stopped", "closed"]


@dataclass
class SiteQuirks:
    """The quirks of all web apps.

    Attributes:
        overlapped_recycling: Whether the old container answers until the new one does.
        restart_pause: Seconds before a container that ended is started again, the first time.
        health_check_interval: Seconds between two pings of the health check.
        started: Is told the name of a site whose container was started.
        tunnel: What the tunnel of a site says without reason; None where it tells the truth.
        kudu_traces: Whether the log stream carries the traces of Kudu.

    """

    overlapped_recycling: Callable[[], bool] = lambda: False
    restart_pause: Callable[[], float] = lambda: 10.0
    health_check_interval: Callable[[], float] = lambda: 60.0
    started: Callable[[str], None] = lambda _site: None
    tunnel: Callable[[str], Unreachable | None] = lambda _site: None
    kudu_traces: Callable[[], bool] = lambda: False
