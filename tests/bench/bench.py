"""`make bench`: how long the command line takes to start, and a deploy to the emulator, beside each other.

Times of one machine mean little; the ratios of one run do. Prints a table, and the requests that each deploy sends.
The emulator has no latency of its own here (profile "none"), so this measures our own code, the SDK and the emulator.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mlflow_azure.emulator import launcher
from mlflow_azure.emulator.home import Home

RUNS = 5
COMMAND = [sys.executable, "-m", "mlflow_azure"]
EMULATOR = ["--cloud", "emulator", "--output", "json"]


def main() -> None:
    """Measure, and print."""
    with tempfile.TemporaryDirectory() as directory:
        home = Home(Path(directory) / "emulator")
        environ = {**os.environ, "MLFLOW_AZURE_EMULATOR_HOME": str(home.root)}
        try:
            _measure(home, environ)
        finally:
            launcher.stop(home)


def _measure(home: Home, environ: dict[str, str]) -> None:
    rows = [
        ("python -c pass", *_timed([sys.executable, "-c", "pass"], environ)),
        ("--version", *_timed([*COMMAND, "--version"], environ)),
        ("--help", *_timed([*COMMAND, "--help"], environ)),
    ]
    _run([*COMMAND, "emulator", "start"], environ)
    _run([*COMMAND, "deploy", *EMULATOR], environ)  # builds the image, which later deploys find in the cache
    _run([*COMMAND, "destroy", *EMULATOR, "--yes"], environ)
    _forget(home)
    rows.append(("first deploy, image environment cached", *_timed([*COMMAND, "deploy", *EMULATOR], environ, runs=1)))
    first = _requests(home)
    _forget(home)
    rows.append(("deploy that changes nothing", *_timed([*COMMAND, "deploy", *EMULATOR], environ, runs=1)))
    unchanged = _requests(home)
    rows[-1] = ("deploy that changes nothing", *_timed([*COMMAND, "deploy", *EMULATOR], environ))
    print(f"{'':42}{'median s':>10}{'min s':>10}{'max s':>10}")
    for name, median, least, most in rows:
        print(f"{name:42}{median:10.2f}{least:10.2f}{most:10.2f}")
    print(f"requests of a first deploy: {first[0]} ({first[1]} writes)")
    print(f"requests of a deploy that changes nothing: {unchanged[0]} ({unchanged[1]} writes)")


def _timed(arguments: list[str], environ: dict[str, str], runs: int = RUNS) -> tuple[float, float, float]:
    """Median, least and most seconds of wall time of the whole process."""
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        _run(arguments, environ)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds), min(seconds), max(seconds)


def _run(arguments: list[str], environ: dict[str, str]) -> None:
    subprocess.run(arguments, env=environ, check=True, capture_output=True)


def _forget(home: Home) -> None:
    launcher.control(launcher.endpoint(home) or {}, "DELETE", "requests")


def _requests(home: Home) -> tuple[int, int]:
    """How many requests Resource Manager got, and how many of them write."""
    requests = launcher.control(launcher.endpoint(home) or {}, "GET", "requests")
    return len(requests), sum(request["write"] for request in requests)


if __name__ == "__main__":
    main()
