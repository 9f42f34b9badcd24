"""`make bench`: how long the command line takes to start, and a deploy to the emulator, beside each other.

Times of one machine mean little; the ratios of one run do. Prints a table of times, and for each kind of deploy what
was asked of Resource Manager: how many requests and writes, and the longest chain of answers that followed each other.
Once the emulator answers at once (profile "none"), once with a tenth of Azure's latencies.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from mlflow_azure.emulator import launcher
from mlflow_azure.emulator.home import Home

RUNS = 5
COMMAND = [sys.executable, "-m", "mlflow_azure"]
EMULATOR = ["--cloud", "emulator", "--output", "json"]
DEPLOY = [*COMMAND, "deploy", *EMULATOR]
LATENCIES: dict[str, dict[str, Any]] = {
    "no latency": {"profile": "none"},
    "1:10": {"profile": "azure", "scale": 0.1},
}


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
        ("import typer", *_timed([sys.executable, "-c", "import typer"], environ)),
        *((" ".join(words), *_timed([*COMMAND, *words], environ)) for words in (["--version"], ["--help"])),
        ("deploy --help", *_timed([*COMMAND, "deploy", "--help"], environ)),
    ]
    _run([*COMMAND, "emulator", "start"], environ)
    _run(DEPLOY, environ)  # builds the image, which later deploys find in the cache
    asked = []
    for name, latency in LATENCIES.items():
        _control(home, "PUT", "latency", LATENCIES["no latency"])
        _run([*COMMAND, "destroy", *EMULATOR, "--yes"], environ)
        _control(home, "PUT", "latency", latency)
        for what, runs in (("first deploy", 1), ("deploy that changes nothing", RUNS)):
            _control(home, "DELETE", "requests")
            rows.append((f"{what}, {name}", *_timed(DEPLOY, environ, runs=1)))
            asked.append((rows[-1][0], _control(home, "GET", "requests")))
            if runs > 1:
                rows[-1] = (rows[-1][0], *_timed(DEPLOY, environ, runs=runs))
    print(f"{'':42}{'median s':>10}{'min s':>10}{'max s':>10}")
    for name, median, least, most in rows:
        print(f"{name:42}{median:10.2f}{least:10.2f}{most:10.2f}")
    print(f"\n{'Resource Manager was asked in a':42}{'requests':>10}{'writes':>10}{'chain s':>10}")
    for name, requests in asked:
        writes = sum(request["write"] for request in requests)
        print(f"{name:42}{len(requests):10}{writes:10}{longest_chain(requests):10.2f}")


def longest_chain(requests: list[dict[str, Any]]) -> float:
    """Seconds of the longest chain of requests each of which began after the one before it was answered.

    No order of the same requests that keeps these dependencies can take less time.
    """
    ends: list[tuple[float, float]] = []  # when a request ended, and the longest chain until then
    for request in sorted(requests, key=lambda each: float(each["began"])):
        before = max((chain for end, chain in ends if end <= request["began"]), default=0.0)
        ends.append((request["began"] + request["seconds"], before + request["seconds"]))
    return max((chain for _, chain in ends), default=0.0)


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


def _control(home: Home, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    return launcher.control(launcher.endpoint(home) or {}, method, path, body)


if __name__ == "__main__":
    main()
