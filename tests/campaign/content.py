"""What a deployment stores: filled before a command that copies or moves it, and read back afterwards."""

from __future__ import annotations

import gzip
import hashlib
import re
from typing import TYPE_CHECKING, Any

import psycopg

from mlflow_azure.data import manifest
from mlflow_azure.emulator.runtime.database.cluster import SUPERUSER
from tests.support.odd_runs import Odd, files_of, run_id
from tests.support.stored import NAME, Stored

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow_azure.emulator.home import Home
    from tests.campaign.stage import Stage

RUNS = ("a run", "another run")
_RUN = Odd({"metrics/m": b"1 0.5 0\n2 0.25 1\n", "params/p": b"v"})
_MADE_ANEW = "sqlite.sql.gz"
"""MLflow's tables in sqlite, which tell when they were made."""
_NOW = re.compile(r"\b1[7-9]\d{11}\b")
"""Milliseconds since 1970, of these years."""
_EXPERIMENT = "artifact_location: {}/0\nexperiment_id: '0'\nlifecycle_stage: active\nname: Default\n"


def fill(stage: Stage) -> None:
    """Store an experiment with two runs, of which one has artifacts."""
    stored = _stored(stage)
    root = f"wasbs://{NAME}@{stored.account.name}.blob.core.windows.net/mlartefacts"
    files = {"meta.yaml": _EXPERIMENT.format(root).encode()}
    for kind in RUNS:
        files |= files_of(kind, _RUN, "0", root)
    stored.write_all({f"mlruns/0/{name}": content for name, content in files.items()})
    stored.upload({f"{_artifacts(RUNS[0])}/{name}": name.encode() for name in ("model", "notes.txt")})


def change(stage: Stage) -> None:
    """Store other things since a backup: some are new, some are others, some are gone."""
    stored = _stored(stage)
    run = stored.share / "mlruns" / "0" / run_id(RUNS[1])
    (run / "params/p").write_bytes(b"changed")
    (run / "params/new").write_bytes(b"new")
    (run / "metrics/m").unlink()
    stored.upload({f"{_artifacts(RUNS[0])}/model": b"changed", f"{_artifacts(RUNS[1])}/new": b"new"})
    stored.container.delete_blob(f"{_artifacts(RUNS[0])}/notes.txt")
    for sockets in _sockets(stage.home):
        with _connected(sockets) as database:
            database.execute("UPDATE params SET value = 'changed'")
            database.execute("DELETE FROM metrics")


def _artifacts(kind: str) -> str:
    return f"mlartefacts/0/{run_id(kind)}/artifacts"


def held(stage: Stage) -> dict[str, Any]:
    """All that is stored, and the backups in the directory of the command line.

    Snapshots and blobs, which a key reads, are left out where the account takes none.
    """
    backups = {each.parent.name: _backup(each.parent) for each in stage.work.glob(f"*/{manifest.FILES}")}
    if not any("/storageAccounts/" in key for key in stage.resources()):
        return {"backups": backups}
    stored = _stored(stage)
    has_keys = stored.account.allow_shared_key_access is not False
    return {
        "share": stored.files(),
        "snapshots": len(stored.snapshots()) if has_keys else 0,
        "container": stored.blobs() if has_keys else {},
        "databases": [_tables(sockets) for sockets in _sockets(stage.home)],
        "backups": backups,
    }


def _stored(stage: Stage) -> Stored:
    return Stored(stage.emulator, stage.cli.command)


def _backup(directory: Path) -> dict[str, str]:
    """The content of each file of a backup by its name in Azure, and the names of what lies beside them."""
    found = {
        f"{entry.part}/{entry.name}": "is there" if entry.name == _MADE_ANEW else _digest(directory / entry.file)
        for entry in manifest.lines(directory / manifest.FILES)
        if entry.file
    }
    return found | {each.name: "is there" for each in directory.iterdir()}


def _digest(file: Path) -> str:
    """The hash of its content, without the time when MLflow made something by itself."""
    content = file.read_bytes()
    if file.suffix == ".gz":
        content = _NOW.sub("(now)", gzip.decompress(content).decode("latin-1")).encode("latin-1")
    return hashlib.sha256(content).hexdigest()


def _sockets(home: Home) -> list[str]:
    """Where the PostgreSQL servers of an emulator listen."""
    return [each.read_text() for each in sorted(home.root.glob("databases/*/sockets"))]


def _connected(sockets: str) -> psycopg.Connection[Any]:
    return psycopg.connect(host=sockets, user=SUPERUSER, dbname=NAME, autocommit=True)


def _tables(sockets: str) -> dict[str, str]:
    """The rows of each table of MLflow's database, without the time when it made something by itself."""
    with _connected(sockets) as database:
        names = database.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return {name: _rows(database, name) for (name,) in names}


def _rows(database: psycopg.Connection[Any], table: str) -> str:
    rows = sorted(text for (text,) in database.execute(f'SELECT each::text FROM "{table}" each'))
    return _NOW.sub("(now)", "\n".join(rows))
