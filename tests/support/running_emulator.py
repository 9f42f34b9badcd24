"""An emulator of a test's own, and its control interface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator import client
from support.emulated import Azure

if TYPE_CHECKING:
    from mlflow_azure.emulator.home import Home

WRITES = frozenset({"PUT", "PATCH", "DELETE"})


@dataclass(frozen=True)
class Emulator:
    """A running emulator."""

    home: Home

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """One request to the control interface."""
        found = client.endpoint(self.home)
        assert found is not None, "the emulator does not run"
        return client.control(found, method, path, body)

    def forget_requests(self) -> None:
        """Begin counting anew."""
        self.control("DELETE", "requests")

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The requests to Resource Manager since counting began."""
        return self.control("GET", "requests")

    @property
    def writes(self) -> list[str]:
        """Those of them that change something, as "PUT /path"."""
        return [f"{request['method']} {request['path']}" for request in self.requests if request["write"]]

    def fail(self, **fault: Any) -> None:
        """Make requests fail: see the control interface."""
        self.control("POST", "faults", fault)

    def heal(self) -> None:
        """No more faults."""
        self.control("DELETE", "faults")

    @property
    def azure(self) -> Azure:
        """The SDK's clients, to do by hand what others do in the portal."""
        found = client.endpoint(self.home)
        assert found is not None, "the emulator does not run"
        return Azure(self.home, found)
