"""A hundred odd runs of an MLflow 1.5.0 file store, as files: what is rare, and what cannot be moved to MLflow 3.

They are written by hand: MLflow's own client writes none that is broken.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

Files = dict[str, bytes]
NESTED = 60
"""So many runs of which each is the child of the one before."""


@dataclass(frozen=True)
class Odd:
    """A kind of run.

    Attributes:
        files: Below its directory, in place of those that an ordinary run has; None for one that it has not.
        meta: What its meta.yaml has besides, or instead.
        aside: Words of the reason why MLflow 3 cannot have it; "" where it can.

    """

    files: dict[str, bytes | None] = field(default_factory=dict)
    meta: dict[str, Any] = field(default_factory=dict)
    aside: str = ""


_LONG_KEY = "k" * 250
CAN_BE_MOVED = {
    "unicode": Odd({"tags/mlflow.runName": "Größe 統計 🚀".encode(), "params/p": "Ärger".encode()}),
    "lines in a tag": Odd({"tags/mlflow.note.content": b"a\nb\r\n\\N \\t\ttab\x0b\x1f"}),
    "the longest tag": Odd({"tags/mlflow.note.content": ("ü" * 8000).encode()}),
    "the longest keys": Odd(
        {f"params/{_LONG_KEY}": b"v", f"tags/{_LONG_KEY}": b"v", f"metrics/{_LONG_KEY}": b"1 1 1\n"}
    ),
    "the longest name": Odd({"tags/mlflow.runName": b"n" * 5000}),
    "keys that are paths": Odd({"params/a/b/c": b"v", "metrics/a/b": b"1 1 1\n", "metrics/a/c d": b"1 2 1\n"}),
    "dots and spaces": Odd({"tags/.x": b"v", "tags/a b.c-d": b"v", "params/.p": b"v", "params/p.": b"v"}),
    "empty values": Odd({"params/p": b"", "tags/t": b""}),
    "spaces around values": Odd({"params/p": b"  v \t\n", "tags/t": b"  v \t\n"}),
    "numbers that are none": Odd({"metrics/m": b"1 nan 0\n2 inf 1\n3 -inf 2\n4 NaN 3\n5 1.5 4\n"}),
    "numbers at the edge": Odd({"metrics/m": b"1 5e-324 0\n2 -0.0 1\n3 1.7976931348623157e308 2\n4 1_0.5 3\n"}),
    "steps at the edge": Odd({"metrics/m": b"0 1 -9223372036854775808\n9223372036854775807 1 9223372036854775807\n"}),
    "points without a step": Odd({"metrics/m": b"1 0.5\n2 0.25\n"}),
    "a point again and again": Odd({"metrics/m": b"1 0.5 0\n" * 50}),
    "no line end": Odd({"metrics/m": b"1 0.5 0\r\n2 0.25 1"}),
    "deleted": Odd(meta={"lifecycle_stage": "deleted"}),
    "killed": Odd(meta={"status": 5, "end_time": 0}),
    "under way": Odd(meta={"status": 1, "end_time": "null"}),
    "artifacts elsewhere": Odd(meta={"artifact_uri": "s3://bucket/größe"}),
    "nothing but meta.yaml": Odd({"tags/t": None}),
}
CANNOT_BE_MOVED = {
    "meta.yaml is not YAML": Odd({"meta.yaml": b"run_id: ["}, aside="meta.yaml cannot be read"),
    "meta.yaml is cut off": Odd({"meta.yaml": b"{{ not yaml \xff"}, aside="meta.yaml cannot be read"),
    "meta.yaml is empty": Odd({"meta.yaml": b""}, aside="meta.yaml is empty"),
    "meta.yaml is a list": Odd({"meta.yaml": b"- 1\n"}, aside="no mapping"),
    "meta.yaml is gone": Odd({"meta.yaml": None}, aside="meta.yaml is missing"),
    "another run's meta.yaml": Odd(meta={"run_id": "f" * 32, "run_uuid": "f" * 32}, aside="meta.yaml is about run"),
    "another experiment's": Odd(meta={"experiment_id": "'4711'"}, aside="belongs to experiment 4711"),
    "a status of no meaning": Odd(meta={"status": 9}, aside="status 9"),
    "a stage of no meaning": Odd(meta={"lifecycle_stage": "gone"}, aside="lifecycle_stage gone"),
    "a time that is none": Odd(meta={"start_time": "soon"}, aside="start_time soon"),
    "a metric that is no number": Odd({"metrics/m": b"1 0.5 1\n2 many 2\n"}, aside="line 2"),
    "a metric that is cut off": Odd({"metrics/m": b"1 0.5 1\n2"}, aside="line 2"),
    "a metric with too much": Odd({"metrics/m": b"1 0.5 1\n2 0.5 2 3\n"}, aside="line 2"),
    "a metric without points": Odd({"metrics/m": b""}, aside="is empty"),
    "a metric from the far future": Odd({"metrics/m": b"%d 0.5 1\n" % 2**70}, aside="larger"),
    "a step beyond all": Odd({"metrics/m": b"1 0.5 %d\n" % 2**63}, aside="larger"),
    "a NUL in a tag": Odd({"tags/t": b"r\0d"}, aside="NUL"),
    "a param that is no text": Odd({"params/p": b"\xff\xfe"}, aside="not UTF-8"),
    "a tag that is too long": Odd({"tags/mlflow.note.content": b"x" * 8001}, aside="8,001 characters"),
    "a param that is too long": Odd({"params/p": b"x" * 8001}, aside="8,001 characters"),
    "a key that is too long": Odd({f"metrics/{'k' * 200}/{'k' * 50}": b"1 1 1\n"}, aside="251 characters"),
    "an address that is too long": Odd(meta={"artifact_uri": "s3://" + "b" * 200}, aside="205 characters"),
    "an id that is too long": Odd(aside="33 characters"),
}


def run_id(kind: str) -> str:
    """The id of the run of that kind."""
    length = 33 if kind == "an id that is too long" else 32
    return hashlib.sha256(kind.encode()).hexdigest()[:length]


def files_of(kind: str, odd: Odd, experiment: str, root: str) -> Files:
    """The files of a run, by their paths in its experiment."""
    run = run_id(kind)
    meta = {
        "artifact_uri": f"{root}/{experiment}/{run}/artifacts",
        "end_time": 1_600_000_000_001,
        "experiment_id": f"'{experiment}'",
        "lifecycle_stage": "active",
        "name": "''",
        "run_id": f"'{run}'",
        "run_uuid": f"'{run}'",
        "source_type": 4,
        "start_time": 1_600_000_000_000,
        "status": 3,
        "tags": "[]",
        "user_id": "someone",
        **odd.meta,
    }
    text = "".join(f"{key}: {value}\n" for key, value in meta.items()).encode()
    files = {"meta.yaml": text, "tags/t": kind.encode(), **odd.files}
    return {f"{run}/{name}": content for name, content in files.items() if content is not None}


def movable(experiment: str, root: str) -> Files:
    """Odd runs that MLflow 3 can have, and a long line of nested ones."""
    kinds = dict(CAN_BE_MOVED)
    for number in range(NESTED):
        parent = {"tags/mlflow.parentRunId": run_id(f"nested {number - 1}").encode()} if number else {}
        kinds[f"nested {number}"] = Odd({"tags/t": None, **parent})
    return _all(kinds, experiment, root)


def not_movable(experiment: str, root: str) -> Files:
    """Runs that MLflow 3 cannot have."""
    return _all(CANNOT_BE_MOVED, experiment, root)


def experiments_not_movable() -> tuple[Files, dict[str, str]]:
    """Experiments that MLflow 3 cannot have, by their paths in the store; and words of the reason, by id."""
    told = {
        "123456789012345678": ("of a later MLflow", "larger than the database takes"),
        "4001": ("n" * 257, "257 characters"),
        "4002": ("Default", "has the same name"),
    }
    files = {
        f"{number}/meta.yaml": f"artifact_location: s3://b\nexperiment_id: '{number}'\nlifecycle_stage: active\n"
        f"name: {name}\n".encode()
        for number, (name, _) in told.items()
    }
    files |= {f"4001/{name}": content for name, content in files_of("in vain", Odd(), "4001", "s3://b").items()}
    return files, {number: reason for number, (_, reason) in told.items()}


def _all(kinds: dict[str, Odd], experiment: str, root: str) -> Files:
    found: Files = {}
    for kind, odd in kinds.items():
        found |= files_of(kind, odd, experiment, root)
    return found
