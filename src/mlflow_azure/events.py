"""The events of planning, applying and destroying a stack, as values.

The engine yields these; the console renders them. Neither knows the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlflow_azure.errors import MlflowAzureError

Report = Callable[[str, float | None], None]
"""Reports progress: a message, and the fraction done (0 to 1) if the total is known."""


class Action(StrEnum):
    """What a step does to its resource."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    KEEP = "keep"
    DELETE = "delete"
    CHECK = "check"
    VERIFY = "verify"
    COPY = "copy"


@dataclass(frozen=True)
class Difference:
    """One value that differs from the desired one. `path` is dotted: `properties.httpsOnly`.

    Secret values are `Secret` (see secret.py), whose text is "(secret)".
    """

    path: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Step:
    """One row of progress: a resource, and what happens to it."""

    key: str
    kind: str
    name: str
    action: Action
    id: str | None = None
    differences: tuple[Difference, ...] = field(default=())


@dataclass(frozen=True)
class Planned:
    """All upcoming steps, in dependency order.

    Attributes:
        steps: The steps.
        waits: The dependencies: for each key, the keys of the steps it waits for.

    """

    steps: tuple[Step, ...]
    waits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Started:
    """A step has begun."""

    step: Step


@dataclass(frozen=True)
class Progressed:
    """Progress of a running step. `fraction` is between 0 and 1 if the total is known."""

    step: Step
    message: str
    fraction: float | None = None


@dataclass(frozen=True)
class Finished:
    """A step is done, after `seconds` of wall time."""

    step: Step
    seconds: float


@dataclass(frozen=True)
class Failed:
    """A step failed, after `seconds` of wall time."""

    step: Step
    seconds: float
    error: MlflowAzureError


@dataclass(frozen=True)
class Skipped:
    """A step was skipped; `reason` names what it waited for."""

    step: Step
    reason: str


@dataclass(frozen=True)
class Warned:
    """Something the user should know that does not stop the work."""

    message: str
    hint: str = ""


Event = Planned | Started | Progressed | Finished | Failed | Skipped | Warned
