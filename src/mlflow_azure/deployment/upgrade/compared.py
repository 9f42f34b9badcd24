"""The result of a pass: both sides of each experiment, and what could not be moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mlflow_azure.errors import MlflowAzureError


@dataclass(frozen=True)
class Side:
    """One side's counts of an experiment's runs.

    Attributes:
        runs: Number of runs.
        params: Number of their params.
        tags: Number of their tags.
        points: Number of their metric points.
        hash: SHA-256 of the hashes of all of these.

    """

    runs: int
    params: int
    tags: int
    points: int
    hash: str


@dataclass(frozen=True)
class Compared:
    """An experiment on both sides.

    Attributes:
        id: Its id.
        name: Its name.
        file_store: What was read from the file share.
        database: What the database has.

    """

    id: str
    name: str
    file_store: Side
    database: Side

    @property
    def is_equal(self) -> bool:
        """Whether both sides are equal."""
        return self.file_store == self.database


@dataclass(frozen=True)
class LeftAside:
    """What could not be moved.

    Attributes:
        experiment: Id of the experiment.
        run: Id of the run; null for the experiment itself.
        reason: The reason.

    """

    experiment: str
    run: str | None
    reason: str

    def __str__(self) -> str:
        """Return it in words."""
        what = (
            f"experiment {self.experiment}" if self.run is None else f"run {self.run} of experiment {self.experiment}"
        )
        return f"{what}: {self.reason}"


@dataclass(frozen=True)
class Passed:
    """The result of a pass.

    Attributes:
        runs: Number of runs on the file share.
        moved: Number of new or changed runs that were moved.
        repeated: Number of points that the file share has more than once.
        seconds: Its duration.
        experiments: Both sides of each experiment.
        aside: What could not be moved.

    """

    runs: int
    moved: int
    repeated: int
    seconds: float
    experiments: tuple[Compared, ...]
    aside: tuple[LeftAside, ...]

    @classmethod
    def told(cls, told: dict[str, Any]) -> Passed:
        """Create it from the temporary web app's response."""
        return cls(
            told["runs"],
            told["moved"],
            told["repeated"],
            told["seconds"],
            tuple(
                Compared(each["id"], each["name"], Side(**each["file_store"]), Side(**each["database"]))
                for each in told["experiments"]
            ),
            tuple(LeftAside(**each) for each in told["aside"]),
        )

    def refuse_differences(self) -> None:
        """Raise MlflowAzureError if the sides differ."""
        if unequal := [each for each in self.experiments if not each.is_equal]:
            names = ", ".join(f"{each.id} ({each.name})" for each in unequal)
            raise MlflowAzureError(
                f"comparing file share and database: they differ in experiment {names}",
                hint="Nothing was switched or deleted. Run the command again; if it happens again, report it.",
                code="SidesDiffer",
            )
