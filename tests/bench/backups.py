"""`make backups`: what backup, restore and upgrade of a full-size deployment take, and whether all comes back.

    python -m tests.bench.backups [--mlflow 3|1.5.0] [--runs 10000] [--megabytes 2000] [--write]

1.5.0: artifacts beside a plain copy with the SDK, and the memory for a twentieth of them; then experiments with runs of
10 metrics of 100 steps each: backup, destroy, a fresh deploy, restore, and a second backup, which has to hold the same.

3: the same runs come to it by an upgrade, while a client goes on logging; then the same round trip.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.commands import held, measured
from tests.bench.contents import files_and_blobs, served
from tests.bench.filled import (
    BY_CLIENT,
    METRICS,
    STEPS,
    fill_artifacts,
    fill_odd_artifacts,
    fill_runs,
    log_with_client,
)
from tests.bench.measure import table
from tests.bench.page import machine, write
from tests.bench.upgrades import upgraded
from tests.support.command import isolated
from tests.support.running_emulator import started
from tests.support.stored import Stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.support.command import Command

_AT_ONCE = 8
_LITTLE = 20
"""The part of the artifacts for which the memory is measured, too."""


def plain_copy(stored: Stored, into: Path) -> float:
    """Seconds of a copy of all artifacts with the SDK alone, eight blobs at a time."""
    container = stored.container
    into.mkdir()

    def copy(name: str) -> None:
        with (into / name.replace("/", "-")).open("wb") as file:
            container.download_blob(name).readinto(file)

    began = time.monotonic()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(copy, [blob.name for blob in container.list_blobs()]))
    return time.monotonic() - began


def plain_copy_back(stored: Stored, out: Path) -> float:
    """Seconds of a copy the other way, to other names."""
    container = stored.container

    def copy(path: Path) -> None:
        with path.open("rb") as file:
            container.upload_blob(f"plain/{path.name}", file)

    began = time.monotonic()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(copy, out.iterdir()))
    seconds = time.monotonic() - began
    for blob in container.list_blobs(name_starts_with="plain/"):
        container.delete_blob(blob.name)
    return seconds


def artifacts(cli: Command, stored: Stored, megabytes: int, directory: Path) -> str:
    """Rate and memory of the artifacts, while there are no runs; a table."""
    memory = {}
    for size in (megabytes // _LITTLE, megabytes):
        fill_artifacts(stored, size)
        plain = plain_copy(stored, directory / "plain")
        backup = measured(cli, "backup", str(directory / "artifacts"))
        back = plain_copy_back(stored, directory / "plain")
        restore = measured(cli, "restore", str(directory / "artifacts"), "--replace", "--yes")
        memory[size] = backup.memory, restore.memory
        shutil.rmtree(directory / "plain")
        shutil.rmtree(directory / "artifacts")
    rows = []
    for place, (name, done, beside) in enumerate((("backup", backup, plain), ("restore", restore, back))):
        took = done.seconds_of("blob container")
        most = [each[place] for each in memory.values()]
        rows.append(
            [
                name,
                f"{megabytes / took:.0f} MB/s",
                f"{megabytes / beside:.0f} MB/s",
                f"{beside / took:.2f}",
                *(f"{each:.0f} MB" for each in most),
                f"{most[1] / most[0]:.2f}",
            ]
        )
    sizes = [f"memory at {size:,} MB" for size in memory]
    head = [f"{megabytes:,} MB of artifacts", "rate", "plain copy with the SDK", "by that", *sizes, "by that"]
    return table(head, rows)


def round_trip(cli: Command, now: Callable[[], Mapping[str, str]], deploy: tuple[str, ...], directory: Path) -> str:
    """Backup, destroy, deploy, restore, and another backup, which has to be equal; a table."""
    first, second = directory / "first", directory / "second"
    of_3 = "3" in deploy
    as_it_was = now()
    backup = measured(cli, "backup", str(first))
    measured(cli, "backup", "--verify", str(first))
    version = ("--mlflow", "3", "--delete-database") if of_3 else ()
    measured(cli, "destroy", "--yes", *version)
    measured(cli, *deploy)
    restore = measured(cli, "restore", str(first))
    assert now() == as_it_was
    again = measured(cli, "backup", str(second))
    before, after = held(first), held(second)
    different = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    assert not different, f"not equal: {different[:10]}"
    rows = [
        [name, f"{done.seconds:.0f}", f"{done.memory:.0f} MB"]
        for name, done in (("backup", backup), ("restore to a fresh deployment", restore), ("backup of that", again))
    ]
    what = "tables and artifacts" if of_3 else "files and artifacts"
    told = "runs and artifacts, as the server gives them" if of_3 else "files, directories and blobs"
    return (
        f"{table(['', 'seconds', 'memory'], rows)}\n\nBoth backups hold the same {len(before):,} {what}. Read without "
        f"them, {len(as_it_was):,} {told}, had the same SHA-256 before and after."
    )


def measure(mlflow: str, runs: int, megabytes: int, directory: Path) -> Iterator[str]:
    """Do all of it; tables."""
    with started(cli := isolated(directory)) as emulator:
        url = json.loads(measured(cli, "deploy").answer)["data"]["url"]
        stored = Stored(emulator, cli)
        if mlflow == "1.5.0":
            yield artifacts(cli, stored, megabytes, directory)
        began = time.monotonic()
        fill_artifacts(stored, megabytes)
        fill_odd_artifacts(stored)
        log_with_client(stored, url)
        fill_runs(stored, runs)
        print(f"- filled in {time.monotonic() - began:.0f} s", flush=True)
        yield (
            f"MLflow {mlflow}, {runs:,} runs with {METRICS} metrics of {STEPS} steps ({min(BY_CLIENT, runs):,} written "
            "by a client of 1.5.0, the others as its files) and a hundred odd ones, "
            f"{megabytes:,} MB of artifacts:"
        )
        if mlflow == "3":
            yield upgraded(cli, stored, url)
            yield round_trip(cli, partial(served, url), ("deploy", "--mlflow", "3", "--public"), directory)
        else:
            yield round_trip(cli, partial(files_and_blobs, stored), ("deploy",), directory)


def main() -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.backups")
    parser.add_argument("--mlflow", choices=("3", "1.5.0"), default="3")
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--megabytes", type=int, default=2_000)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    load, began = os.getloadavg()[0], time.monotonic()
    tables = []
    with tempfile.TemporaryDirectory(prefix="mlflow-azure-backups-") as directory:
        for each in measure(options.mlflow, options.runs, options.megabytes, Path(directory)):
            print(f"\n{each}\n", flush=True)
            tables.append(each)
    size = f"--runs {options.runs} --megabytes {options.megabytes}"
    command = f"`python -m tests.bench.backups --mlflow {options.mlflow} {size}`"
    text = "\n\n".join([f"{command}, {machine(load, time.monotonic() - began)}", *tables])
    print(text)
    if options.write:
        write(f"backups_{options.mlflow}", text)


if __name__ == "__main__":
    main()
