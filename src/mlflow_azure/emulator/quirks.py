"""Occasional behaviour of Azure: eventual consistency, limits, and rules that only some tenants have.

They are set through the control interface, `PUT quirks` with a JSON object that replaces the previous one. A quirk
set to a number occurs that many times for each subject (a site, a registry, …); with
`true` it occurs until it is turned off. They are cleared when the emulator stops.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, get_type_hints

if TYPE_CHECKING:
    from mlflow_azure.emulator.runtime import Runtime
    from mlflow_azure.emulator.runtime.sites.site_quirks import Unreachable

Strikes = int | bool
_ACCEPTED: dict[Any, tuple[tuple[type, ...], str]] = {
    bool: ((bool,), "true or false"),
    float: ((float, int), "a number of seconds"),
    Strikes: ((int, bool), "a number of times, true or false"),
}


@dataclass(frozen=True)
class Ordered:
    """The active quirks. The source of each is noted where it is used.

    Attributes:
        site_busy: Writes to a new web app are refused.
        plan_in_use: The plan of a web app that was just deleted cannot be deleted.
        no_capacity: App Service has no machines for a new plan.
        directory_lag: New directory objects are not replicated yet.
        role_lag: A new role assignment does not allow pulling or blob access yet.
        registry_unresolved: The login server of a new registry cannot be reached.
        tunnel_stopped: The tunnel reports that a just started container is stopped,
        tunnel_closed: or that its SSH port is closed.
        pull_limit: docker.io refuses to serve builds in the registry.
        server_name_held: A PostgreSQL server with the name of a just deleted one cannot be created.
        server_busy: Writes to a new PostgreSQL server or its parts are refused.
        kudu_traces: The log stream contains Kudu's own traces.
        kudu_refuses_arm_tokens: Kudu accepts no tokens for Resource Manager, as announced for the public cloud.
        log_in_registry: The log of a build in the registry is only available as an artifact.
        health_check_interval: Seconds between two pings of the health check.
        overlapped_recycling: The old container responds until the new one does; one that exits is restarted.
        restart_pause: Seconds before the first restart, doubled each time.

    """

    site_busy: Strikes = 0
    plan_in_use: Strikes = 0
    no_capacity: Strikes = 0
    directory_lag: Strikes = 0
    role_lag: Strikes = 0
    registry_unresolved: Strikes = 0
    tunnel_stopped: Strikes = 0
    tunnel_closed: Strikes = 0
    pull_limit: Strikes = 0
    server_name_held: Strikes = 0
    server_busy: Strikes = 0
    kudu_traces: bool = False
    kudu_refuses_arm_tokens: bool = False
    log_in_registry: bool = False
    overlapped_recycling: bool = True
    restart_pause: float = 10.0
    health_check_interval: float = 60.0

    def __post_init__(self) -> None:
        for name, kind in get_type_hints(Ordered).items():
            accepted, wanted = _ACCEPTED[kind]
            if not isinstance(getattr(self, name), accepted) or getattr(self, name) < 0:
                raise ValueError(f"{name} must be {wanted}")


class Quirks:
    """The active quirks, and how often each will still occur."""

    def __init__(self) -> None:
        self.ordered = Ordered()
        self._left: dict[tuple[str, str], Strikes] = {}

    def order(self, wanted: dict[str, Any]) -> None:
        """Activate the quirks in `wanted`, and no others.

        Raises:
            TypeError, ValueError: There is no such quirk, or its value is invalid.

        """
        self.ordered = Ordered(**wanted)
        self._left.clear()

    def begin(self, name: str, subject: str) -> None:
        """Start a quirk for `subject`, as often as set."""
        if strikes := getattr(self.ordered, name):
            self._left[name, subject.lower()] = strikes

    def strikes(self, name: str, subject: str) -> bool:
        """Whether a quirk occurs now. Counts it. Only subjects for which `begin` was called are affected."""
        key = name, subject.lower()
        left = self._left.get(key, 0)
        if left and left is not True:
            self._left[key] = left - 1
        return bool(left)

    def strikes_any(self, name: str) -> bool:
        """Whether a quirk without subjects occurs now. Counts it."""
        if (name, "") not in self._left:
            self._left[name, ""] = getattr(self.ordered, name)
        return self.strikes(name, "")


def connect_quirks(quirks: Quirks, runtime: Runtime) -> None:
    """Apply the runtime's quirks."""

    def started(site: str) -> None:
        quirks.begin("tunnel_stopped", site)
        quirks.begin("tunnel_closed", site)

    def tunnel(site: str) -> Unreachable | None:
        if quirks.strikes("tunnel_stopped", site):
            return "stopped"
        return "closed" if quirks.strikes("tunnel_closed", site) else None

    # That the name of a new login server takes a moment to resolve is assumed: there is no source.
    runtime.registry.unresolved = partial(quirks.strikes, "registry_unresolved")
    runtime.builds.pull_limit_reached = partial(quirks.strikes_any, "pull_limit")
    runtime.sites.quirks.overlapped_recycling = lambda: quirks.ordered.overlapped_recycling
    runtime.sites.quirks.restart_pause = lambda: quirks.ordered.restart_pause
    runtime.sites.quirks.health_check_interval = lambda: quirks.ordered.health_check_interval
    runtime.sites.quirks.kudu_traces = lambda: quirks.ordered.kudu_traces
    runtime.sites.quirks.started = started
    runtime.sites.quirks.tunnel = tunnel
