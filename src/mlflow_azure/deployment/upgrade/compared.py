"""What a pass came to: both sides of each experiment, and what could not be moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mlflow_azure.errors import MlflowAzureError


@dataclass(frozen=True)
class Side:
    """What one side has of an experiment's runs.

    Attributes:
        runs: How many.
        params: Of those runs.
        tags: Of those runs.
        points: Of their metrics.
        hash: SHA-256 over the hashes of all of them.

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
        """Whether both sides are."""
        return self.file_store == self.database


@dataclass(frozen=True)
class LeftAside:
    """What could not be moved.

    Attributes:
        experiment: Id of the experiment.
        run: Id of the run; None for the experiment itself.
        reason: Why.

    """

    experiment: str
    run: str | None
    reason: str

    def __str__(self) -> str:
        """In words."""
        what = (
            f"experiment {self.experiment}" if self.run is None else f"run {self.run} of experiment {self.experiment}"
        )
        return f"{what}: {self.reason}"


@dataclass(frozen=True)
class Passed:
    """What a pass came to.

    Attributes:
        runs: How many runs the file share has.
        moved: How many of them were new or changed, and were moved.
        repeated: Points that the file share has more than once.
        seconds: How long it took.
        experiments: Both sides of each.
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
        """From what the temporary web app tells."""
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
        """Raise MlflowAzureError where the sides are not equal."""
        if unequal := [each for each in self.experiments if not each.is_equal]:
            names = ", ".join(f"{each.id} ({each.name})" for each in unequal)
            raise MlflowAzureError(
                f"comparing file share and database: they differ in experiment {names}",
                hint="Nothing was switched or deleted. Run the command again; if it happens again, report it.",
                code="SidesDiffer",
            )
