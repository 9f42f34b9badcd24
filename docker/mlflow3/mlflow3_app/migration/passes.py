"""One pass over a file store: whatever changed since the pass before is moved, and compared."""

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

import sqlalchemy

from mlflow3_app.migration.database import Database, Moved
from mlflow3_app.migration.file_store import CannotMoveError, FileStore, StoredExperiment, StoredRun
from mlflow3_app.migration.run import Run

_READERS = 16  # at the same time: on a share a file takes milliseconds to open, and no processor
_BATCH = 50  # runs in one transaction


@dataclass(frozen=True)
class Aside:
    """What could not be moved: a run, or an experiment where `run` is None."""

    experiment: str
    run: str | None
    reason: str


@dataclass(frozen=True)
class Side:
    """What one side has of an experiment's runs that were moved."""

    runs: int = 0
    params: int = 0
    tags: int = 0
    points: int = 0
    hash: str = ""


@dataclass
class Report:
    """What a pass came to.

    Attributes:
        runs: How many the file store has.
        looked_at: How many of them this pass has looked at so far.
        changed: How many it found new or changed, those too that could not be moved before.
        read: How many of those it has read so far.
        moved: How many of those it has written.
        repeated: Points that the file store has more than once, and the database once.
        experiments: For each, its id, its name, and both sides.
        aside: What could not be moved.

    """

    runs: int = 0
    looked_at: int = 0
    changed: int = 0
    read: int = 0
    moved: int = 0
    repeated: int = 0
    seconds: float = 0
    experiments: list[dict[str, Any]] = field(default_factory=list)
    aside: list[Aside] = field(default_factory=list)

    def data(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


class Pass:
    """One pass. `report` fills while it is done."""

    def __init__(self, store: FileStore, database: Database) -> None:
        self._store = store
        self._database = database
        self._lock = threading.Lock()
        self.report = Report()

    def __call__(self) -> Report:
        """Do it, when no other is under way, wherever that is."""
        with self._database.alone():
            return self._do()

    def _do(self) -> Report:
        began = time.monotonic()
        experiments = self._store.experiments()
        names = self._move_experiments(experiments)
        with ThreadPoolExecutor(_READERS) as readers:
            listed = readers.map(StoredExperiment.runs, experiments)
            found = self._once([run for runs in listed for run in runs], names)
            known = self._database.moved()
            self._database.forget(known.keys() - {run.id for run in found})
            self.report.runs = len(found)
            prints = dict(zip((run.id for run in found), readers.map(self._fingerprint, found), strict=True))
            changed = [run for run in found if run.id not in known or known[run.id].fingerprint != prints[run.id]]
            self.report.changed = len(changed)
            for batch in _batches(changed):
                read = [each for each in readers.map(self._read, batch) if each]
                self._write([(run, prints[run.id]) for run in read])
                self.report.read += len(batch)
        self._compare(names, {run.id for run in found})
        self.report.seconds = round(time.monotonic() - began, 1)
        return self.report

    def _fingerprint(self, stored: StoredRun) -> str:
        found = stored.fingerprint()
        with self._lock:
            self.report.looked_at += 1
        return found

    def _move_experiments(self, experiments: Sequence[StoredExperiment]) -> dict[str, str]:
        """Write the experiments; the names of those that could be."""
        there = self._database.experiments()
        made_by_3 = {number for number, _, made in there if made}
        written, names = [], {}
        read: dict[str, tuple[dict[str, Any], dict[str, str]]] = {}
        for stored in experiments:
            if stored.id in read:
                self._aside(stored.id, None, "it is there twice, once as deleted")
                continue
            if stored.id in made_by_3:
                self._aside(stored.id, None, "the database has another experiment of this id, made by MLflow 3")
                continue
            try:
                row, tags = self._store.experiment(stored)
                self._database.check_experiment(row, tags)
            except CannotMoveError as error:
                self._aside(stored.id, None, str(error))
            else:
                read[stored.id] = row, tags
        taken = {name: number for number, name, _ in there if number not in read}
        for number, (row, tags) in sorted(read.items(), key=lambda each: int(each[0])):
            name = row["name"]
            if name in taken:
                self._aside(number, None, f"experiment {taken[name]} has the same name, {name[:80]!r}")
                continue
            taken[name] = number
            names[number] = name
            written.append((row, tags))
        if written:
            self._database.write_experiments(written)
        return names

    def _once(self, found: Iterable[StoredRun], names: dict[str, str]) -> list[StoredRun]:
        """The runs that can be moved as far as their place tells."""
        once: dict[str, StoredRun] = {}
        for run in found:
            if run.experiment.id not in names:
                self._aside(run.experiment.id, run.id, "its experiment cannot be moved")
            elif run.id in once:
                self._aside(run.experiment.id, run.id, f"experiment {once[run.id].experiment.id} has the same run")
            else:
                once[run.id] = run
        return list(once.values())

    def _read(self, stored: StoredRun) -> Run | None:
        try:
            run = self._store.run(stored)
            self._database.check(run)
        except CannotMoveError as error:
            self._aside(stored.experiment.id, stored.id, str(error))
            return None
        return run

    def _write(self, runs: Sequence[tuple[Run, str]]) -> None:
        """Write them; where one is refused, one by one, to tell which."""
        if not runs:
            return
        try:
            self._database.write(runs)
            self.report.moved += len(runs)
        except (CannotMoveError, sqlalchemy.exc.DBAPIError) as error:
            if isinstance(error, sqlalchemy.exc.DBAPIError) and error.connection_invalidated:
                raise
            if len(runs) > 1:
                for each in runs:
                    self._write([each])
                return
            run, _ = runs[0]
            reason = " ".join(str(getattr(error, "orig", error)).split())
            self._aside(str(run.row["experiment_id"]), run.id, reason[:300])

    def _aside(self, experiment: str, run: str | None, reason: str) -> None:
        with self._lock:
            self.report.aside.append(Aside(_printable(experiment), run and _printable(run), _printable(reason)))

    def _compare(self, names: dict[str, str], found: set[str]) -> None:
        """Put both sides beside each other: what was read from the files, and what the database counts now."""
        aside = {each.run for each in self.report.aside}
        moved = [each for each in self._database.moved().values() if each.run in found and each.run not in aside]
        self.report.repeated = sum(each.repeated for each in moved)
        there = self._database.counts()
        for number in sorted(names, key=int):
            ours = [each for each in moved if each.experiment == int(number)]
            self.report.experiments.append(
                {
                    "id": number,
                    "name": names[number],
                    "file_store": asdict(_side(ours)),
                    "database": asdict(Side(*there.get(int(number), (0, 0, 0, 0)), _hash(ours, "database_hash"))),
                }
            )


def _side(moved: Sequence[Moved]) -> Side:
    counted: Counter[str] = Counter()
    for each in moved:
        counted.update(params=each.params, tags=each.tags, points=each.points)
    return Side(len(moved), counted["params"], counted["tags"], counted["points"], _hash(moved, "file_hash"))


def _hash(moved: Sequence[Moved], side: str) -> str:
    """One hash over those of the runs."""
    told = sorted(f"{each.run} {getattr(each, side)}" for each in moved)
    return hashlib.sha256("\n".join(told).encode()).hexdigest() if told else ""


def _batches(runs: Iterable[StoredRun]) -> Iterator[list[StoredRun]]:
    left = iter(runs)
    while batch := list(islice(left, _BATCH)):
        yield batch


def _printable(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()
