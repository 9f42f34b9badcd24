"""Occasional behaviour of App Service in the runtime. The settings are read each time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

# The tunnel's status of a container that is reported as not reachable, even if it is.
Unreachable = Literal["stopped", "closed"]


@dataclass
class SiteQuirks:
    """The quirks of all web apps.

    Attributes:
        overlapped_recycling: Whether the old container responds until the new one does.
        restart_pause: Seconds before the first restart of an exited container.
        health_check_interval: Seconds between two pings of the health check.
        started: Called with the name of a site whose container was started.
        tunnel: The false status of a site's tunnel; None for the true one.
        kudu_traces: Whether the log stream contains Kudu's traces.

    """

    overlapped_recycling: Callable[[], bool] = lambda: False
    restart_pause: Callable[[], float] = lambda: 10.0
    health_check_interval: Callable[[], float] = lambda: 60.0
    started: Callable[[str], None] = lambda _site: None
    tunnel: Callable[[str], Unreachable | None] = lambda _site: None
    kudu_traces: Callable[[], bool] = lambda: False
