"""`mlflow-azure doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.cli.invocation import Invocation, command
from mlflow_azure.console import text
from mlflow_azure.deployment.checks.finding import Finding, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence


_SYMBOLS = {Outcome.OK: "✓", Outcome.WARNING: "!", Outcome.FAILED: "✗"}


@command("doctor")
def doctor(run: Invocation) -> int:
    """Check everything that a deploy needs, and change nothing. Its exit code is that of such a deploy."""
    from mlflow_azure.deployment.checks.runner import examine

    _ = run.loaded  # faults of the settings are told like those of every command
    found = run.wait(
        lambda: examine(run.cloud, run.credential, lambda: (run.azure, run.settings), run.deadline), "Checking"
    )
    problems = [finding.problem for finding in found if finding.problem]
    rows = [{"check": each.check, "outcome": each.outcome, "detail": each.detail, "fix": each.fix} for each in found]
    run.console.verdict(run.command, {"ready": not problems, "checks": rows}, _text(found), problems)
    return problems[0].exit_code if problems else 0


def _text(found: Sequence[Finding]) -> str:
    width = max(len(finding.check) for finding in found)
    lines = []
    for finding in found:
        lines.append(f"{_SYMBOLS[finding.outcome]} {text.pad(finding.check, width)}  {finding.detail}")
        if finding.fix:
            lines.append(f"  {' ' * width}  {finding.fix}")
    return "\n".join(lines)
