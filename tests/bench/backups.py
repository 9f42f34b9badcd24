"""`make backups`: what a backup and a restore of a full-size deployment take, and whether all comes back.

    python -m tests.bench.backups [--mlflow 3|1.5.0] [--runs 10000] [--megabytes 2000]

Three experiments with runs of 10 metrics of 100 steps each, and artifacts; then backup, destroy, a fresh deploy,
restore, and a second backup. Both backups have to hold the same rows and files. The rate of the artifacts is put beside
that of a plain copy with the SDK.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from tests.support.command import isolated
from tests.support.databases import object_id
from tests.support.running_emulator import started
from tests.support.stored import Stored

if TYPE_CHECKING:
    from tests.support.command import Command
    from tests.support.running_emulator import Emulator

ROOT = Path(__file__).parents[2]
METRICS, STEPS, PIECE = 10, 100, 10_000_000
_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"  # Storage Blob Data Reader
_COPIED = re.compile(r"^blob container .* copied in ([0-9.]+) (s|min)(?: ([0-9]+) s)?", re.MULTILINE)


@dataclass(frozen=True)
class Measured:
    """A command: how long it took, the most memory that it had (MB), and what it said."""

    seconds: float
    memory: float
    said: str

    @property
    def artifact_seconds(self) -> float:
        """How long the artifacts took."""
        found = _COPIED.search(self.said)
        assert found, self.said
        first = float(found[1])
        return first if found[2] == "s" else 60 * first + float(found[3] or 0)


def measured(cli: Command, *arguments: str) -> Measured:
    """Run a command, which has to succeed."""
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlflow_azure", *arguments, "--cloud", "emulator"],
            cwd=cli.directory,
            env=cli.environment(),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
        said.seek(0)
        text = said.read()
    assert os.waitstatus_to_exitcode(status) == 0, text
    print(f"- {arguments[0]}: {seconds:.1f} s, {usage.ru_maxrss / 1024:.0f} MB", flush=True)
    return Measured(seconds, usage.ru_maxrss / 1024, text)


def fill_3(url: str, runs: int, pieces: int) -> None:
    """Runs and artifacts through the server of MLflow 3, which keeps up with no client at this size."""
    session = requests.Session()

    def ask(path: str, **body: Any) -> Any:
        answer = session.post(f"{url}/api/2.0/mlflow/{path}", json=body, timeout=300)
        assert answer.status_code == 200, answer.text
        return answer.json()

    made = [ask("experiments/create", name=f"Übung {each}")["experiment_id"] for each in range(2)]

    def log(number: int) -> None:
        run = ask("runs/create", experiment_id=["0", *made][number % 3], start_time=number + 1)["run"]["info"]["run_id"]
        points = [
            {"key": f"metric {metric}", "value": number + step / 7, "timestamp": step + 1, "step": step}
            for metric in range(METRICS)
            for step in range(STEPS)
        ]
        ask("runs/log-batch", run_id=run, metrics=points)  # as many as one request takes
        ask("runs/log-parameter", run_id=run, key="p", value=str(number))
        if number % 100 == 0:
            ask("runs/delete", run_id=run)

    with ThreadPoolExecutor(4) as clients:
        list(clients.map(log, range(runs)))
    for number in range(pieces):
        path = f"0/full-size/artifacts/{number}.bin"
        sent = session.put(f"{url}/api/2.0/mlflow-artifacts/artifacts/{path}", data=os.urandom(PIECE), timeout=600)
        assert sent.status_code == 200, sent.text


def fill_1_5_0(stored: Stored, runs: int, pieces: int) -> None:
    """Runs by a real 1.5.0 client into the file share, as the server has it mounted; and artifacts."""
    python = ROOT / ".venv" / "mlflow-1.5.0" / "bin" / "python"
    script = ROOT / "tests" / "support" / "fill_store_1_5_0.py"
    store = stored.share / "mlruns"
    subprocess.run([python, script, str(store), str(runs), str(METRICS), str(STEPS)], check=True, capture_output=True)
    for number in range(pieces):
        stored.container.upload_blob(f"mlartefacts/0/full-size/artifacts/{number}.bin", os.urandom(PIECE))


def plain_copy(emulator: Emulator, stored: Stored, mlflow: str, into: Path) -> float:
    """Seconds of a copy of all artifacts with the SDK alone, file after file, each by eight threads."""
    from azure.mgmt.authorization import AuthorizationManagementClient
    from azure.storage.blob import ContainerClient

    if mlflow == "3":
        azure, account = emulator.azure, stored.account
        role = f"/subscriptions/{azure.subscription}/providers/Microsoft.Authorization/roleDefinitions"
        properties = {
            "roleDefinitionId": f"{role}/{_READER}",
            "principalId": object_id(azure),
            "principalType": "ServicePrincipal",
        }
        assignments: Any = azure.client(AuthorizationManagementClient).role_assignments
        assignments.create(account.id, str(uuid.uuid4()), {"properties": properties})
        endpoint = "https://" + account.primary_endpoints.blob.partition("://")[2]  # a token goes nowhere else
        container = ContainerClient(endpoint, "mlflow", azure.credential, connection_verify=azure.endpoint["ca_file"])
    else:
        container = stored.container
    into.mkdir()
    began = time.monotonic()
    for number, blob in enumerate(container.list_blobs()):
        with (into / str(number)).open("wb") as file:
            container.download_blob(blob.name, max_concurrency=8).readinto(file)
    return time.monotonic() - began


def held(backup: Path) -> dict[str, str]:
    """What a backup holds: a hash by name; of a table one that does not depend on the order of its rows."""
    found = {}
    for line in (backup / "files.jsonl").read_text().splitlines():
        entry = json.loads(line)
        if entry["name"].endswith(".copy.gz"):
            with gzip.open(backup / entry["file"], "rb") as rows:
                total = sum(int.from_bytes(hashlib.sha256(row).digest()) for row in rows)
            found[entry["name"]] = f"{total % (1 << 256):x}"
        elif entry["part"] != "database":
            found[f"{entry['part']}/{entry['name']}"] = entry.get("sha256", "")
    return found


def measure(mlflow: str, runs: int, megabytes: int, directory: Path) -> str:
    """Do all of it; a table."""
    deploy = ("deploy", "--mlflow", mlflow, *(("--public",) if mlflow == "3" else ()))
    with started(cli := isolated(directory)) as emulator:
        measured(cli, *deploy)
        stored = Stored(emulator, cli)
        pieces = megabytes * 1_000_000 // PIECE
        url = json.loads(cli("status", "--mlflow", mlflow, "--cloud", "emulator", "--output", "json").stdout)
        began = time.monotonic()
        if mlflow == "3":
            fill_3(url["data"]["url"], runs, pieces)
        else:
            fill_1_5_0(stored, runs, pieces)
        print(f"- filled in {time.monotonic() - began:.0f} s", flush=True)
        plain = plain_copy(emulator, stored, mlflow, directory / "plain")
        print(f"- a plain copy of the artifacts: {plain:.1f} s", flush=True)
        first, second = directory / "first", directory / "second"
        backup = measured(cli, "backup", str(first))
        measured(cli, "destroy", "--mlflow", mlflow, "--yes", *(("--delete-database",) if mlflow == "3" else ()))
        measured(cli, *deploy)
        restore = measured(cli, "restore", str(first))
        measured(cli, "backup", str(second))
    before, after = held(first), held(second)
    different = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    assert not different, f"not equal: {different[:10]}"
    size = pieces * PIECE / 1e6
    rows = [
        "|  | seconds | most memory | artifacts | beside a plain copy |",
        "| --- | --- | --- | --- | --- |",
        f"| plain copy with the SDK | {plain:.1f} | - | {size / plain:.0f} MB/s | 1.00 |",
    ]
    for name, each in (("backup", backup), ("restore", restore)):
        took = each.artifact_seconds
        rate, ratio = f"{size / took:.0f} MB/s" if took else "-", f"{plain / took:.2f}" if took else "-"
        rows.append(f"| {name} | {each.seconds:.1f} | {each.memory:.0f} MB | {rate} | {ratio} |")
    return (
        f"MLflow {mlflow}, {runs:,} runs with {METRICS} metrics of {STEPS} steps, {size:,.0f} MB of artifacts; "
        f"after backup, destroy, deploy and restore {len(before):,} tables and files are equal:\n\n" + "\n".join(rows)
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.backups")
    parser.add_argument("--mlflow", choices=("3", "1.5.0"), default="3")
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--megabytes", type=int, default=2_000)
    options = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="mlflow-azure-backups-") as directory:
        table = measure(options.mlflow, options.runs, options.megabytes, Path(directory))
    print(f"\n{table}\n\nLoad {load:.1f} before and {os.getloadavg()[0]:.1f} after, {os.cpu_count()} cores.")


if __name__ == "__main__":
    main()
