"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from mlflow_azure.errors import SignInError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlflow_azure.errors import MlflowAzureError


class Outcome(StrEnum):
    """How it stands."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True)
class Finding:
    """One thing that was checked.

    Attributes:
        check: What was checked: "permissions".
        outcome: How it stands. A warning does not stop a deploy.
        detail: What was found.
        fix: What to do about it; a command where there is one. Empty where all is well.
        problem: The error that a deploy would end with; only where the check failed.

    """

    check: str
    outcome: Outcome
    detail: str
    fix: str = ""
    problem: MlflowAzureError | None = None


def ok(check: str, detail: str) -> Finding:
    """All is well."""
    return Finding(check, Outcome.OK, detail)


def warning(check: str, detail: str, fix: str) -> Finding:
    """A deploy goes on, but someone should know."""
    return Finding(check, Outcome.WARNING, detail, fix)


def failed(check: str, problem: MlflowAzureError) -> Finding:
    """A deploy would fail."""
    return Finding(check, Outcome.FAILED, problem.message, problem.hint, problem)


def problems(findings: Iterable[Finding]) -> list[MlflowAzureError]:
    """The errors that a deploy would end with. That of the sign-in comes first, since it is likely behind others."""
    found = [finding.problem for finding in findings if finding.problem]
    return sorted(found, key=lambda problem: not isinstance(problem, SignInError))
