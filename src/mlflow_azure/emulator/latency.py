"""The latencies of the emulated Azure.

The seconds of the profile "azure" were taken from dated exchanges with Azure of 2023 and 2024 that the azure-cli
project publishes with its tests (src/azure-cli/azure/cli/command_modules/*/tests/latest/recordings).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Timing:
    """Durations of one kind of request, in seconds.

    Attributes:
        answer: Time until the response.
        operation: Time from then until the long-running operation, if any, is done.
        poll: `Retry-After` between two polls of that operation.

    """

    answer: float
    operation: float = 0.0
    poll: float = 0.0


_READ = Timing(0.2)
_WRITE = Timing(1.0)
_POSTGRES = "Microsoft.DBforPostgreSQL/flexibleServers"
_AZURE = {
    ("PUT", "Microsoft.Resources/resourceGroups"): Timing(1.5),
    ("DELETE", "Microsoft.Resources/resourceGroups"): Timing(1.0, operation=78, poll=15),
    ("PUT", "Microsoft.Storage/storageAccounts"): Timing(3.0, operation=15, poll=17),
    ("PUT", "Microsoft.ContainerRegistry/registries"): Timing(2.0, operation=9, poll=10),
    ("PUT", "Microsoft.Web/serverfarms"): Timing(6.0),
    ("PUT", "Microsoft.Web/sites"): Timing(25.0),
    ("PATCH", "Microsoft.Web/sites"): Timing(4.0),
    ("PUT", "Microsoft.Web/sites/config"): Timing(2.0),
    ("PUT", "Microsoft.Authorization/roleAssignments"): Timing(5.0),
    # What Terraform took: github.com/turbot/steampipe-plugin-azure/pull/824. That deleting takes as long is assumed.
    ("PUT", "Microsoft.Network/virtualNetworks"): Timing(1.0, operation=5, poll=10),
    ("DELETE", "Microsoft.Network/virtualNetworks"): Timing(1.0, operation=10, poll=10),
    **{
        (method, f"Microsoft.Network/privateDnsZones{part}"): Timing(1.0, operation=30, poll=10)
        for method in ("PUT", "DELETE")
        for part in ("", "/virtualNetworkLinks")
    },
    # Of 2026, from the recordings of the command module postgresql. What is not in them is assumed to take as long as
    # similar ones: firewall rules and parameters as databases, changes of a server as its deletion.
    ("PUT", _POSTGRES): Timing(3.0, operation=285, poll=60),
    ("PATCH", _POSTGRES): Timing(1.0, operation=60, poll=15),
    ("POST", _POSTGRES): Timing(1.0, operation=60, poll=15),
    ("DELETE", _POSTGRES): Timing(0.5, operation=60, poll=15),
    **{
        (method, f"{_POSTGRES}/{part}"): Timing(0.5, operation=13, poll=15)
        for method in ("PUT", "PATCH", "DELETE")
        for part in ("databases", "firewallRules", "configurations")
    },
    **{(method, f"{_POSTGRES}/administrators"): Timing(0.5, operation=40, poll=60) for method in ("PUT", "DELETE")},
}
PROFILES = ("none", "azure")


class Latency:
    """The active profile: a section of the state with `profile`, `scale` (factor on every duration) and `reads`.

    `reads` is the minimum number of polls before an operation is done.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings

    def choose(self, profile: str = "none", scale: float = 1.0, reads: int = 0) -> None:
        """Activate a profile.

        Raises:
            ValueError: There is no such profile, or a number is below zero.

        """
        if profile not in PROFILES:
            raise ValueError(f"profile must be one of {', '.join(PROFILES)}")
        if min(scale, reads) < 0:
            raise ValueError("scale and reads must not be below zero")
        self._settings.update(profile=profile, scale=scale, reads=reads)

    @property
    def reads(self) -> int:
        """Number of polls that return "not yet"."""
        return int(self._settings.get("reads", 0))

    @property
    def scale(self) -> float:
        """The factor for each of Azure's durations."""
        return 0.0 if self._settings.get("profile", "none") == "none" else float(self._settings["scale"])

    def timing(self, method: str, resource_type: str) -> Timing:
        """Return the current durations for a request of this kind."""
        known = _AZURE.get((method, resource_type), _READ if method in ("GET", "HEAD") else _WRITE)
        return Timing(known.answer * self.scale, known.operation * self.scale, known.poll * self.scale)

    async def pause(self, method: str, resource_type: str) -> None:
        """Wait for the response time of a request of this kind."""
        await asyncio.sleep(self.timing(method, resource_type).answer)
