"""The finding of a check."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from mlflow_azure.errors import SignInError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlflow_azure.errors import MlflowAzureError


class Outcome(StrEnum):
    """The outcome of a check."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True)
class Finding:
    """The finding of one check.

    Attributes:
        check: Name of the check: "permissions".
        outcome: The outcome. A warning does not stop a deploy.
        detail: What was found.
        fix: What to do about it, if possible a command. Empty if there is nothing to fix.
        problem: The error that a deploy would fail with; only if the check failed.

    """

    check: str
    outcome: Outcome
    detail: str
    fix: str = ""
    problem: MlflowAzureError | None = None


def ok(check: str, detail: str) -> Finding:
    """Return a finding without a problem."""
    return Finding(check, Outcome.OK, detail)


def warning(check: str, detail: str, fix: str) -> Finding:
    """Return a finding that does not stop a deploy, but that the user should know."""
    return Finding(check, Outcome.WARNING, detail, fix)


def failed(check: str, problem: MlflowAzureError) -> Finding:
    """Return a finding that would make a deploy fail."""
    return Finding(check, Outcome.FAILED, problem.message, problem.hint, problem)


def problems(findings: Iterable[Finding]) -> list[MlflowAzureError]:
    """The errors that a deploy would fail with. That of the sign-in comes first, as the likely cause of others."""
    found = [finding.problem for finding in findings if finding.problem]
    return sorted(found, key=lambda problem: not isinstance(problem, SignInError))
