"""An emulator of a test's own, and its control interface."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator import launcher
from mlflow_azure.emulator.home import Home
from tests.support import warm
from tests.support.emulated import Azure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.command import Command

WRITES = frozenset({"PUT", "PATCH", "DELETE"})


@dataclass(frozen=True)
class Emulator:
    """A running emulator."""

    home: Home

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """One request to the control interface."""
        found = launcher.endpoint(self.home)
        assert found is not None, "the emulator does not run"
        return launcher.control(found, method, path, body)

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
        found = launcher.endpoint(self.home)
        assert found is not None, "the emulator does not run"
        return Azure(self.home, found)


@contextmanager
def started(cli: Command) -> Iterator[Emulator]:
    """The emulator of this command line, running for the length of a `with` block."""
    home = Home(Path(cli.environ["MLFLOW_AZURE_EMULATOR_HOME"]))
    home.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    process = warm.start_emulator(home.root, home.log_file, cli.environment())
    while launcher.endpoint(home) is None:
        assert process.is_alive(), home.log_file.read_text()
        process.join(0.02)
    try:
        yield Emulator(home)
    finally:
        _end(home, cli.environ["MLFLOW_AZURE_EMULATOR_RUNTIME"])


def _end(home: Home, runtime: str) -> None:
    """End it; its processes end by themselves then, each on its leash, which nobody needs to wait for."""
    found = launcher.endpoint(home)
    if found is None or runtime != "process":
        launcher.stop(home)
    else:
        os.kill(found["pid"], signal.SIGKILL)
