"""`mlflow-azure list`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mlflow_azure.azure.clouds import CloudName
from mlflow_azure.cli.answer import Answer
from mlflow_azure.cli.command import command
from mlflow_azure.cli.emulated import ASKING, emulator_failures, emulator_launcher, is_missing
from mlflow_azure.cli.invocation import Invocation
from mlflow_azure.console import text
from mlflow_azure.deployment.facts import ListedDeployment
from mlflow_azure.errors import SettingsError, SignInError


@dataclass(frozen=True)
class ListedEmulator:
    """An emulator on this machine.

    Attributes:
        home: Directory of its files.
        running: Whether it is running.
        groups: Names of its resource groups; empty if it is not running.
        urls: URLs of the servers in it.

    """

    home: str
    running: bool
    groups: tuple[str, ...]
    urls: tuple[str, ...]


@dataclass(frozen=True)
class ListAnswer(Answer):
    """The deployments and emulators found.

    Attributes:
        deployments: The deployments in the subscription that you can see.
        emulators: The emulator on this machine, if there is one.

    """

    deployments: tuple[ListedDeployment, ...]
    emulators: tuple[ListedEmulator, ...]

    def text(self) -> str:
        return "\n\n".join(self._parts()) or "No deployments."

    def _parts(self) -> Iterator[str]:
        if self.deployments:
            rows = [
                (each.group, each.mlflow or "", each.state or "no web app", each.url or "") for each in self.deployments
            ]
            yield text.table(("RESOURCE GROUP", "MLFLOW", "STATE", "URL"), rows)
        for each in self.emulators:
            holds = f"running, with {', '.join(each.groups) or 'nothing'} in it" if each.running else "not running"
            yield text.fields([("Emulator", holds), ("Home", each.home), *(("Server", url) for url in each.urls)])


@command("list", ListAnswer)
def list_(run: Invocation) -> None:
    """List the deployments in your subscription that you can see, and the emulator on this machine.

    Those of another subscription: --subscription-id ID. An emulator elsewhere: MLFLOW_AZURE_EMULATOR_HOME says where.

    Examples:
      mlflow-azure list
      mlflow-azure list --cloud emulator
      mlflow-azure list --output json

    """
    from mlflow_azure.deployment.listing import deployments

    if run.common.cloud is CloudName.EMULATOR and _is_without_emulator():
        run.answer(ListAnswer((), ()))
        return
    found: tuple[ListedDeployment, ...] = ()
    try:
        found = run.wait(lambda: deployments(run.azure))
    except (SignInError, SettingsError) as error:
        if _is_without_emulator():
            raise
        run.console.warn(error.message, error.hint)
    run.answer(ListAnswer(found, _emulators(run)))  # asked last, since asking what is in it starts it


def _is_without_emulator() -> bool:
    """Whether the emulator is not installed, or was never started."""
    try:
        emulator_launcher()
    except SettingsError:
        return True
    return is_missing()


def _emulators(run: Invocation) -> tuple[ListedEmulator, ...]:
    """The emulator of the home in the environment, otherwise the user's; none if it was never started."""
    if _is_without_emulator():
        return ()
    launcher = emulator_launcher()
    with emulator_failures():
        status = run.wait(launcher.status, ASKING)
    if status is None:
        return (ListedEmulator(str(launcher.default_home().root), running=False, groups=(), urls=()),)
    urls = tuple(str(each["url"]) for each in status["sites"])
    return (ListedEmulator(str(status["home"]), running=True, groups=tuple(status["groups"]), urls=urls),)
