"""How long each command takes to start, beside the interpreter itself, and what memory it needs."""

from __future__ import annotations

import os
import sys
import tempfile
from typing import TYPE_CHECKING

from mlflow_azure.cli.names import NAMES
from tests.bench.az_script import AZ
from tests.bench.measure import in_turn, peak_megabytes, run, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BARE, TYPER = "python -c pass", "import typer"
COMMANDS = (
    *("--version", "--help", "settings show"),
    *(f"{name} --help" for name in dict.fromkeys(each.partition(" ")[0] for each in NAMES)),
)


def measure(rounds: int) -> Iterator[str]:
    """Seconds, ratios and memory of each command."""
    ours = [sys.executable, "-m", "mlflow_azure"]
    processes: dict[str, list[str]] = {
        BARE: [sys.executable, "-c", "pass"],
        TYPER: [sys.executable, "-c", "import typer"],
        **{f"mlflow-azure {words}": [*ours, *words.split()] for words in COMMANDS},
    }
    if AZ.exists():
        processes["az --version"] = [str(AZ), "--version"]
    with tempfile.TemporaryDirectory() as directory:
        environ = {**os.environ, "AZURE_CONFIG_DIR": directory, "AZURE_CORE_COLLECT_TELEMETRY": "false"}
        spreads = in_turn({name: _starter(arguments, environ) for name, arguments in processes.items()}, rounds)
        memory = {name: peak_megabytes(arguments, environ) for name, arguments in processes.items()}
    yield table(
        ["", "seconds", f"by `{BARE}`", f"by `{TYPER}`", "peak MB"],
        (
            [f"`{name}`", seconds, seconds / spreads[BARE], seconds / spreads[TYPER], f"{memory[name]:.0f}"]
            for name, seconds in spreads.items()
        ),
    )


def _starter(arguments: list[str], environ: dict[str, str]) -> Callable[[], float]:
    return lambda: run(arguments, environ).seconds
