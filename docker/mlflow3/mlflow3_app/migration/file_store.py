"""Reads a file store of MLflow 1.5.0, as mlflow/store/tracking/file_store.py of that version writes it.

    EXPERIMENT/meta.yaml                 an experiment; below .trash/ a deleted one
    EXPERIMENT/tags/KEY                  a tag of it
    EXPERIMENT/RUN/meta.yaml             a run
    EXPERIMENT/RUN/{params,tags}/KEY     a value; a key with "/" is a path
    EXPERIMENT/RUN/metrics/KEY           "TIMESTAMP VALUE STEP", one point a line

Whatever 1.5.0 itself could not read is told with its reason, and never passed over.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mlflow3_app.migration.run import Point, Run, point

_TRASH = ".trash"
_OF_EXPERIMENT = frozenset({"tags"})
_STATUS = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}
_NAME_LENGTH = 250  # of the column; the tag has all of it
_YAML = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SERVED = "mlflow-artifacts:"


class CannotMoveError(Exception):
    """Why something of the store cannot be moved."""


@dataclass(frozen=True)
class StoredExperiment:
    """A directory of the store that holds an experiment."""

    directory: Path

    @property
    def id(self) -> str:
        """Its id."""
        return self.directory.name

    @property
    def is_deleted(self) -> bool:
        """1.5.0 moves what is deleted, and writes nothing into it."""
        return self.directory.parent.name == _TRASH

    def runs(self) -> list["StoredRun"]:
        """The directories that hold its runs."""
        return [StoredRun(self, path) for path in _directories(self.directory) if path.name not in _OF_EXPERIMENT]


@dataclass(frozen=True)
class StoredRun:
    """A directory of the store that holds a run."""

    experiment: StoredExperiment
    directory: Path

    @property
    def id(self) -> str:
        """Its id."""
        return self.directory.name

    def fingerprint(self) -> str:
        """Changes whenever one of its files does: a hash over their names, sizes and times."""
        digest = hashlib.sha256(f"{self.experiment.id} {self.experiment.is_deleted}".encode())
        for path, size, changed in sorted(_attributes(str(self.directory))):
            digest.update(f"{path}\0{size}\0{changed}\n".encode(errors="surrogateescape"))
        return digest.hexdigest()


@dataclass(frozen=True)
class FileStore:
    """A file store.

    Attributes:
        root: Its directory.
        artifact_root: Where its server put artifacts: addresses below it are rewritten so that MLflow 3 serves them.
            "" keeps all addresses.

    """

    root: Path
    artifact_root: str = ""

    def experiments(self) -> list[StoredExperiment]:
        """Its experiments, deleted ones too."""
        found = [path for path in _directories(self.root) if path.name != _TRASH]
        return [StoredExperiment(path) for path in [*found, *_directories(self.root / _TRASH)]]

    def experiment(self, stored: StoredExperiment) -> tuple[dict[str, Any], dict[str, str]]:
        """The columns of an experiment, and its tags.

        Raises:
            CannotMoveError: It cannot be read.

        """
        if not stored.id.isdecimal():
            raise CannotMoveError("its id is no whole number")
        meta = _meta(stored.directory)
        if str(meta.get("experiment_id")) != stored.id:
            raise CannotMoveError(f"meta.yaml is about experiment {meta.get('experiment_id')}")
        if not isinstance(meta.get("name"), str):
            raise CannotMoveError("meta.yaml has no name")
        row = {
            "experiment_id": int(stored.id),
            "name": meta["name"],
            "artifact_location": self._address(meta.get("artifact_location")),
            "lifecycle_stage": "deleted" if stored.is_deleted else "active",
        }
        return row, _values(stored.directory / "tags")

    def run(self, stored: StoredRun) -> Run:
        """All of a run.

        Raises:
            CannotMoveError: It cannot be read.

        """
        meta = _meta(stored.directory)
        if str(meta.get("experiment_id")) != stored.experiment.id:
            raise CannotMoveError(f"meta.yaml says that it belongs to experiment {meta.get('experiment_id')}")
        if (meta.get("run_id") or meta.get("run_uuid")) != stored.id:
            raise CannotMoveError(f"meta.yaml is about run {meta.get('run_id') or meta.get('run_uuid')}")
        if meta.get("lifecycle_stage", "active") not in ("active", "deleted"):
            raise CannotMoveError(f"meta.yaml has lifecycle_stage {meta['lifecycle_stage']}")
        tags = _values(stored.directory / "tags")
        points, repeated = _points(stored.directory / "metrics")
        row = {
            "run_uuid": stored.id,
            "name": tags.get("mlflow.runName", "")[:_NAME_LENGTH] or None,
            "experiment_id": int(stored.experiment.id),
            "user_id": None if meta.get("user_id") is None else str(meta["user_id"]),
            "status": _status(meta.get("status", 1)),
            "start_time": _time(meta, "start_time"),
            "end_time": _time(meta, "end_time"),
            "lifecycle_stage": meta.get("lifecycle_stage", "active"),
            "artifact_uri": self._address(meta.get("artifact_uri")),
        }
        params = {key: _param(value) for key, value in _values(stored.directory / "params").items()}
        return Run(row, params, tags, points, repeated)

    def _address(self, address: object) -> str | None:
        """Where artifacts are, as MLflow 3 is to know it."""
        if not isinstance(address, str):
            return None
        root = self.artifact_root.rstrip("/")
        inside = root and f"{address}/".startswith(f"{root}/")
        return f"{_SERVED}{address[len(root) :] or '/'}" if inside else address


def _directories(parent: Path) -> list[Path]:
    try:
        with os.scandir(parent) as entries:
            return sorted(Path(entry.path) for entry in entries if entry.is_dir())
    except FileNotFoundError:  # moved to the trash, or out of it, while we look
        return []


def _attributes(directory: str) -> Iterator[tuple[str, int, int]]:
    """Path, size and time of change of each file, from listings: to open them takes longer on a share."""
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.is_dir():
                    yield entry.path, -1, 0
                    yield from _attributes(entry.path)
                else:
                    found = entry.stat()
                    yield entry.path, found.st_size, found.st_mtime_ns
    except FileNotFoundError:
        return


def _meta(directory: Path) -> dict[str, Any]:
    try:
        meta = yaml.load((directory / "meta.yaml").read_text("utf-8"), _YAML)  # noqa: S506 - a safe one
    except FileNotFoundError:
        raise CannotMoveError("meta.yaml is missing") from None
    except (yaml.YAMLError, ValueError) as error:
        raise CannotMoveError(f"meta.yaml cannot be read: {' '.join(str(error).split())[:200]}") from None
    if not isinstance(meta, dict):
        raise CannotMoveError("meta.yaml is empty" if meta is None else "meta.yaml is no mapping")
    return meta


def _time(meta: dict[str, Any], name: str) -> int | None:
    value = meta.get(name)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise CannotMoveError(f"meta.yaml has {name} {str(value)[:50]}, which is no whole number")


def _status(value: object) -> str:
    status = _STATUS.get(value) if isinstance(value, int) else None
    if status is None:
        raise CannotMoveError(f"meta.yaml has status {str(value)[:50]}")
    return status


def _files(directory: Path) -> Iterator[tuple[str, str]]:
    """Key and content of each file below a directory; the key of one in a subdirectory is a path."""
    for parent, _, names in os.walk(directory):
        for name in names:
            path = Path(parent, name)
            key = path.relative_to(directory).as_posix()
            try:
                yield key, path.read_bytes().decode()
            except UnicodeDecodeError:
                raise CannotMoveError(f"{directory.name}/{_shown(key)} is not UTF-8") from None
            except FileNotFoundError:
                continue  # a tag that was deleted while we look


def _values(directory: Path) -> dict[str, str]:
    return dict(_files(directory))


def _param(text: str) -> str:
    """A param's value as 1.5.0 tells it; one of several lines, which it does not tell, is kept as it is."""
    return text.strip() if len(text.splitlines()) <= 1 else text


def _points(directory: Path) -> tuple[list[Point], int]:
    """The points of all metrics, each once, and how many were repeated."""
    points: set[Point] = set()
    read = 0
    for key, text in _files(directory):
        lines = text.splitlines()
        if not lines:
            raise CannotMoveError(f"metric {_shown(key)} is empty")
        for number, line in enumerate(lines, 1):
            try:
                timestamp, value, step = _fields(line)
                points.add(point(key, int(timestamp), int(step), float(value)))
                read += 1
            except ValueError:
                raise CannotMoveError(
                    f"metric {_shown(key)}, line {number}, is no time, number and step: {_shown(line)}"
                ) from None
    return sorted(points), read - len(points)


def _fields(line: str) -> list[str]:
    """Time, number and step; older versions wrote no step."""
    found = line.strip().split(" ")
    return [*found, "0"] if len(found) == 2 else found  # noqa: PLR2004 - time and number


def _shown(text: str) -> str:
    return repr(text[:80])
