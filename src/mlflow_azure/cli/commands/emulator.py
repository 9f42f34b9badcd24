"""`mlflow-azure emulator start | stop | status | reset`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlflow_azure.cli.emulated import emulator_failures, emulator_launcher
from mlflow_azure.cli.invocation import Invocation, command
from mlflow_azure.console import text

if TYPE_CHECKING:
    from collections.abc import Mapping


@command("emulator start", settings=False)
def start(run: Invocation) -> None:
    """Start the emulator in the background. Does nothing when it is running."""
    launcher = emulator_launcher()
    with emulator_failures():
        run.wait(launcher.start, "Starting the emulator")
        status = launcher.status()
    run.answer(status, _text(status))


@command("emulator stop", settings=False)
def stop(run: Invocation) -> None:
    """Stop the emulator and everything it runs. What was deployed is there again after the next start."""
    launcher = emulator_launcher()
    with emulator_failures():
        stopped = run.wait(launcher.stop, "Stopping the emulator")
    run.answer({"stopped": stopped}, "The emulator is stopped." if stopped else "The emulator was not running.")


@command("emulator status", settings=False)
def status(run: Invocation) -> None:
    """Show whether the emulator runs, where, and what it runs."""
    launcher = emulator_launcher()
    with emulator_failures():
        found = run.wait(launcher.status, "Asking the emulator")
    if found is None:
        run.answer({"running": False}, "The emulator is not running.")
    else:
        run.answer({"running": True, **found}, _text(found))


@command("emulator reset", settings=False)
def reset(run: Invocation) -> None:
    """Stop the emulator and delete everything that was deployed to it, data too."""
    launcher = emulator_launcher()
    run.require_consent("Delete everything in the emulator, data too?", "reset")
    with emulator_failures():
        run.wait(launcher.reset, "Stopping the emulator")
    run.answer({"reset": True}, "The emulator is stopped, and empty.")


def _text(status: Mapping[str, Any]) -> str:
    return text.fields(
        [(name.replace("_", " "), value) for name, value in status.items() if value not in (None, [], {})]
    )
