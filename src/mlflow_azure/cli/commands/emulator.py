"""`mlflow-azure emulator start | stop | status | reset`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlflow_azure.cli.answer import Answer
from mlflow_azure.cli.command import command
from mlflow_azure.cli.emulated import ASKING, emulator_failures, emulator_launcher, tell_version
from mlflow_azure.cli.invocation import Invocation
from mlflow_azure.console import text


@dataclass(frozen=True)
class EmulatedAccount:
    """A storage account in the emulator: its `name`, and the URL of its blob endpoint."""

    name: str
    blob: str


@dataclass(frozen=True)
class EmulatedRegistry:
    """A container registry in the emulator: its `name`, and the host and port to push images to."""

    name: str
    login_server: str


@dataclass(frozen=True)
class EmulatedSite:
    """A web app in the emulator: its `name`, its URL, and whether it is "Running"."""

    name: str
    url: str
    state: str


@dataclass(frozen=True)
class EmulatorAnswer(Answer):
    """Whether the emulator is running, and what it contains. If it is not running, all else is null or empty.

    Attributes:
        running: Whether it is running.
        pid: Process id.
        home: Directory of its files.
        runtime: How web apps run: process or container.
        runtime_reason: Why they run that way.
        resource_manager: URL of its Azure Resource Manager.
        subscription_id: Its subscription.
        groups: Names of its resource groups.
        accounts: Its storage accounts.
        registries: Its container registries.
        sites: Its web apps.

    """

    running: bool
    pid: int | None = None
    home: str | None = None
    runtime: str | None = None
    runtime_reason: str | None = None
    resource_manager: str | None = None
    subscription_id: str | None = None
    groups: tuple[str, ...] = ()
    accounts: tuple[EmulatedAccount, ...] = ()
    registries: tuple[EmulatedRegistry, ...] = ()
    sites: tuple[EmulatedSite, ...] = ()

    def text(self) -> str:
        if not self.running:
            return "The emulator is not running."
        lines = [
            ("Emulator", f"running (process {self.pid})"),
            ("Home", self.home),
            (
                "Web apps run",
                f"as {'containers' if self.runtime == 'container' else 'processes'} ({self.runtime_reason})",
            ),
            ("Resource Manager", self.resource_manager),
            ("Subscription", self.subscription_id),
            *(("Resource group", each) for each in self.groups),
            *(("Storage account", f"{each.name}  {each.blob}") for each in self.accounts),
            *(("Registry", f"{each.name}  {each.login_server}") for each in self.registries),
            *(("Web app", f"{each.name}  {each.url}  {each.state}") for each in self.sites),
        ]
        return text.fields(lines)


@command("emulator start", EmulatorAnswer, settings=False)
def start(run: Invocation) -> None:
    """Start the emulator in the background. Does nothing if it is already running."""
    launcher = emulator_launcher()
    with emulator_failures():
        tell_version(run.console, run.wait(launcher.start, "Starting the emulator"))
        found = run.wait(launcher.status, ASKING)
    run.answer(_answer(found))


@dataclass(frozen=True)
class EmulatorStopAnswer(Answer):
    """The emulator is stopped.

    Attributes:
        stopped: Whether it was running before.

    """

    stopped: bool

    def text(self) -> str:
        return "The emulator is stopped." if self.stopped else "The emulator was not running."


@command("emulator stop", EmulatorStopAnswer, settings=False)
def stop(run: Invocation) -> None:
    """Stop the emulator and everything it runs. Everything deployed comes back at the next start."""
    launcher = emulator_launcher()
    with emulator_failures():
        stopped = run.wait(launcher.stop, "Stopping the emulator")
    run.answer(EmulatorStopAnswer(stopped))


@command("emulator status", EmulatorAnswer, settings=False)
def status(run: Invocation) -> None:
    """Show whether the emulator runs, where, and what it runs."""
    launcher = emulator_launcher()
    with emulator_failures():
        found = run.wait(launcher.status, ASKING)
    run.answer(_answer(found))


@dataclass(frozen=True)
class EmulatorResetAnswer(Answer):
    """The emulator is stopped and empty: `reset` is true."""

    reset: bool

    def text(self) -> str:
        return "The emulator is stopped and empty."


@command("emulator reset", EmulatorResetAnswer, settings=False, asks=True)
def reset(run: Invocation) -> None:
    """Stop the emulator and delete everything deployed to it, including its data."""
    launcher = emulator_launcher()
    run.require_consent("Delete everything in the emulator, including its data?")
    with emulator_failures():
        run.wait(launcher.reset, "Stopping the emulator")
    run.answer(EmulatorResetAnswer(reset=True))


def _answer(status: Mapping[str, Any] | None) -> EmulatorAnswer:
    if status is None:
        return EmulatorAnswer(running=False)
    return EmulatorAnswer(
        running=True,
        **{name: status[name] for name in ("pid", "home", "runtime", "runtime_reason")},
        **{name: status[name] for name in ("resource_manager", "subscription_id")},
        groups=tuple(status["groups"]),
        accounts=tuple(EmulatedAccount(**each) for each in status["accounts"]),
        registries=tuple(EmulatedRegistry(**each) for each in status["registries"]),
        sites=tuple(EmulatedSite(**each) for each in status["sites"]),
    )
