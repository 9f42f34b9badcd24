"""`mlflow-azure doctor`."""

from __future__ import annotations

from dataclasses import dataclass

from mlflow_azure.cli.answer import Answer
from mlflow_azure.cli.command import command
from mlflow_azure.cli.invocation import Invocation
from mlflow_azure.console import text
from mlflow_azure.deployment.checks.finding import Outcome, problems

_SYMBOLS = {Outcome.OK: "✓", Outcome.WARNING: "!", Outcome.FAILED: "✗"}


@dataclass(frozen=True)
class Checked:
    """One check.

    Attributes:
        check: "permissions", "quota", …
        outcome: ok, warning (does not stop a deploy), or failed.
        detail: What was found.
        fix: What to do about it; empty if there is nothing to fix.

    """

    check: str
    outcome: Outcome
    detail: str
    fix: str


@dataclass(frozen=True)
class DoctorAnswer(Answer):
    """Whether a deploy would succeed.

    Attributes:
        ready: True if no check failed.
        checks: All checks.

    """

    ready: bool
    checks: tuple[Checked, ...]

    def text(self) -> str:
        width = max(len(each.check) for each in self.checks)
        alike: dict[tuple[str, str], list[Checked]] = {}
        for each in self.checks:
            alike.setdefault((each.detail, each.fix), []).append(each)
        lines = []
        for (detail, fix), (first, *others) in alike.items():
            were = "were" if len(others) > 1 else "was"
            said = f"{detail}; nor {were} {', '.join(each.check for each in others)}" if others else detail
            lines.append(f"{_SYMBOLS[first.outcome]} {text.pad(first.check, width)}  {said}")
            if fix:
                lines.append(f"  {' ' * width}  {fix}")
        return "\n".join(lines)


@command("doctor", DoctorAnswer, makes=True)
def doctor(run: Invocation) -> int:
    """Check everything a deployment needs, without changing anything.

    Examples:
      mlflow-azure doctor
      mlflow-azure doctor --mlflow 3 --rg-location northeurope

    """
    from mlflow_azure.deployment.checks.runner import examine

    run.preview = True
    _ = run.loaded  # faults of the settings are told like those of every command
    found = run.wait(
        lambda: examine(run.cloud, run.credential, lambda: (run.azure, run.settings), run.deadline), "Checking"
    )
    checks = tuple(Checked(each.check, each.outcome, each.detail, run.aimed(each.fix)) for each in found)
    return run.verdict(DoctorAnswer(not problems(found), checks), problems(found))
