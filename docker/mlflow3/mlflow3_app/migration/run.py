"""A run as both sides tell it, and the hash over all of it."""

import hashlib
import json
import math
from dataclasses import dataclass, field

Point = tuple[str, int, int, bool, float]
"""A point of a metric: key, timestamp, step, whether it is NaN, and else its value."""

_HIGHEST = 1.7976931348623157e308
"""MLflow's SQL stores write infinity as the highest number (mlflow/store/tracking/sqlalchemy_store.py)."""


@dataclass(frozen=True)
class Run:
    """A run with its whole histories.

    Attributes:
        row: Its columns in the table `runs`, by name.
        params: Value by key.
        tags: Value by key.
        points: Of its metrics: each once, in order.
        repeated: How many points there were more than once, as a client's retry writes them.

    """

    row: dict[str, str | int | None]
    params: dict[str, str]
    tags: dict[str, str]
    points: list[Point]
    repeated: int = field(default=0, compare=False)

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.row["run_uuid"])

    @property
    def hash(self) -> str:
        """Hex SHA-256 over everything above."""
        told = [sorted(self.row.items()), sorted(self.params.items()), sorted(self.tags.items()), self.points]
        return hashlib.sha256(json.dumps(told, ensure_ascii=True).encode()).hexdigest()

    @property
    def counts(self) -> tuple[int, int, int]:
        """How many params, tags and points it has."""
        return len(self.params), len(self.tags), len(self.points)


def point(key: str, timestamp: int, step: int, value: float) -> Point:
    """A point as the database keeps it."""
    if math.isnan(value):
        return key, timestamp, step, True, 0.0
    return key, timestamp, step, False, math.copysign(_HIGHEST, value) if math.isinf(value) else value


def latest(points: list[Point]) -> dict[str, Point]:
    """The point of each metric that MLflow shows: of the highest step, then time, then value."""
    found: dict[str, Point] = {}
    for each in points:
        key, timestamp, step, _, value = each
        other = found.get(key)
        if other is None or (step, timestamp, value) > (other[2], other[1], other[4]):
            found[key] = each
    return found
