"""Clients of both MLflows against servers of both: what docs/how-to/clients.md says of them."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.environments import environment

if TYPE_CHECKING:
    from tests.support.command import Command
    from tests.support.running_emulator import Emulator

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

CHECKOUT = Path(__file__).parents[2]
SUPPORT = CHECKOUT / "tests" / "support"
JSON = ("--cloud", "emulator", "--output", "json")
CLIENTS = {"1.5.0": "mlflow-1.5.0", "current": "examples-newest"}
SERVERS = {"1.5.0": (), "3": ("--mlflow", "3", "--public")}
OPERATIONS = {
    "runs": "runs: params, metrics with history, tags",
    "search": "search, delete and restore runs",
    "experiments": "list experiments",
    "artifacts": "upload, list and download artifacts",
    "model": "`log_model` and `load_model`",
    "registry": "model registry",
    "traces": "traces",
}
CONNECTED = """
import os, runpy
from mlflow_azure.client import connect
connect(cloud="emulator")
assert not [name for name in os.environ if name.startswith("AZURE_STORAGE")]
runpy.run_path(os.environ["EXAMPLE"], run_name="__main__")
"""


@pytest.fixture(scope="module")
def servers(shared_cli: Command, shared_emulator: Emulator) -> dict[str, Command]:
    """The command line for a deployment of each MLflow, in one Azure."""
    commands = {version: shared_cli.of(f"clients-of-{version}") for version in SERVERS}
    with ThreadPoolExecutor() as threads:
        deploys = {v: threads.submit(commands[v], "deploy", *JSON, *options) for v, options in SERVERS.items()}
    assert [deploy.result().exit_code for deploy in deploys.values()] == [0, 0]
    return commands


@pytest.fixture(scope="module")
def pythons() -> dict[str, Path]:
    """A Python with each client, as the Makefile keeps it."""
    return {client: environment(name) / "python" for client, name in CLIENTS.items()}


def run(server: Command, python: Path, *words: str | Path, **environ: str) -> str:
    """What a program prints that was told what `env` says, and nothing else."""
    variables = server("env", *JSON, "--show-secrets").data
    process = {**server.environment(), **variables, **environ}
    path = f"{Path(sys.executable).parent}:{process['PATH']}"
    done = subprocess.run(
        [str(word) for word in (python, "-W", "ignore", *words)],
        cwd=server.directory,
        env={**process, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def outcomes(servers: dict[str, Command], pythons: dict[str, Path]) -> dict[tuple[str, str], dict[str, Any]]:
    """What each client could do on each server, by both."""
    with ThreadPoolExecutor(max_workers=2) as threads:
        begun = {
            (client, version): threads.submit(run, server, python, SUPPORT / "client_operations.py")
            for client, python in pythons.items()
            for version, server in servers.items()
        }
    return {pair: json.loads(printed.result().splitlines()[-1]) for pair, printed in begun.items()}


def test_the_documentation_says_which_client_can_do_what_with_which_server(
    outcomes: dict[tuple[str, str], dict[str, Any]],
) -> None:
    pairs = [(client, version) for version in SERVERS for client in CLIENTS]
    rows = [["what", *(f"{client} client, server {version}" for client, version in pairs)]]
    rows += [["---"] * len(rows[0])]
    for operation, words in OPERATIONS.items():
        rows.append([words, *("no" if outcomes[pair][operation] else "yes" for pair in pairs)])
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    assert table in (CHECKOUT / "docs" / "how-to" / "clients.md").read_text(), f"{table}\n{outcomes}"


def test_what_does_not_work_fails_as_the_documentation_explains_it(
    outcomes: dict[tuple[str, str], dict[str, Any]],
) -> None:
    assert "mlflow-artifacts" in outcomes["1.5.0", "3"]["artifacts"]
    assert "404" in outcomes["current", "1.5.0"]["model"]
    assert not [why for why in outcomes["current", "3"].values() if why]


def test_a_client_of_3_behind_sign_in_needs_no_key(servers: dict[str, Command], pythons: dict[str, Path]) -> None:
    server = servers["3"]
    assert server("auth", "enable", *JSON).exit_code == 0
    package = {"PYTHONPATH": str(CHECKOUT / "src"), "EXAMPLE": str(CHECKOUT / "examples" / "register_model.py")}
    try:
        shown = server("env", *JSON, "--show-secrets").data
        assert not [name for name in shown if "KEY" in name or "CONNECTION" in name]
        printed = run(server, pythons["current"], "-c", CONNECTED, **package)
        assert "is the champion" in printed
    finally:
        assert server("auth", "disable", *JSON, "--yes").exit_code == 0
