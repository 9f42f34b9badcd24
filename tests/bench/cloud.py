"""The emulator that is measured against, and the programs that deploy to it."""

from __future__ import annotations

import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench.measure import Done, run
from tests.support.command import isolated
from tests.support.running_emulator import Emulator, started

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LATENCIES: dict[str, dict[str, Any]] = {
    "no latency": {"profile": "none"},
    "1:10": {"profile": "azure", "scale": 0.1},
}
"""What is measured: answers at once, and a tenth of Azure's latencies (src/mlflow_azure/emulator/latency.py)."""


@dataclass(frozen=True)
class Cloud:
    """An emulator of the measurement's own."""

    emulator: Emulator
    environ: dict[str, str]
    directory: Path

    def command(self, *words: str, group: str = "mlflow-rg") -> Done:
        """`mlflow-azure`, with a deployment of its own for each group."""
        return run(self.arguments(*words), {**self.environ, "RG_NAME": group})

    def arguments(self, *words: str) -> list[str]:
        """The command's process."""
        return [sys.executable, "-m", "mlflow_azure", *words, "--cloud", "emulator", "--output", "json"]

    def slow(self, latency: str) -> None:
        """Put latencies in force."""
        self.emulator.control("PUT", "latency", LATENCIES[latency])

    def delete(self, group: str) -> None:
        """Delete a resource group, at once."""
        self.slow("no latency")
        self.emulator.azure.resources.resource_groups.begin_delete(group).result()

    def counted(self, *words: str, group: str = "mlflow-rg") -> tuple[Done, list[dict[str, Any]]]:
        """A command, and the requests to Resource Manager that it sent."""
        self.emulator.forget_requests()
        return self.command(*words, group=group), self.emulator.requests


@contextmanager
def cloud(environ: Mapping[str, str] | None = None, *, warm: bool = True) -> Iterator[Cloud]:
    """An emulator for the length of a `with` block.

    Args:
        environ: The emulator's environment, beside what it needs.
        warm: Whether providers are registered, and the image is in the cache of builds.

    """
    with tempfile.TemporaryDirectory() as directory:
        alone = isolated(Path(directory))
        cli = replace(alone, environ={**alone.environ, **(environ or {})})
        with started(cli) as emulator:
            found = Cloud(emulator, cli.environment(), Path(directory))
            if warm:
                found.command("deploy", group="warm-up")
                found.delete("warm-up")
            yield found
