"""The emulator as a cloud: started when a command needs it, stopped when it is empty."""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from mlflow_azure import __version__
from mlflow_azure.azure.clouds import ClientSecret, Cloud, CloudName
from mlflow_azure.errors import MlflowAzureError, SettingsError
from mlflow_azure.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.console import Console

RUNTIMES = {
    "process": "as processes",
    "container": "as containers of the pushed image",
}


ASKING = "Asking the emulator"
BEGINNERS = frozenset({"init", "deploy"})
"""The commands that may start a new emulator. For all others, no emulator means nothing is deployed."""


def is_missing() -> bool:
    """Whether the emulator has never been started, so that it cannot contain anything."""
    with emulator_failures():
        return not emulator_launcher().has_home()


def running_cloud(console: Console, command: str, preview: ExitStack | None) -> Cloud:
    """Return the emulator as a cloud, and start it if needed; not every command starts a new one.

    Args:
        console: Where to report it.
        command: The name of the command.
        preview: Closes, with the command, the preview of a new emulator; None if no preview is wanted.

    """
    launcher = emulator_launcher()
    if preview is not None and is_missing():
        console.note("There is no emulator yet: this is for a new one, which was not started.")
        with emulator_failures():
            return _cloud(preview.enter_context(launcher.passing()))
    if command not in BEGINNERS and is_missing():
        raise MlflowAzureError(
            f"nothing is deployed to the emulator: it has never been started in {launcher.default_home().root}",
            hint="Deploy to it: mlflow-azure deploy --cloud emulator. If it is kept "
            "elsewhere, set MLFLOW_AZURE_EMULATOR_HOME",
            code="NotDeployed",
        )
    with emulator_failures():
        if launcher.endpoint() is None:
            console.note("Starting the emulator. Stop it with: mlflow-azure emulator stop")
        found = launcher.start(on_demand=True)
    tell_version(console, found)
    return _cloud(found)


def _cloud(found: Mapping[str, Any]) -> Cloud:
    return Cloud(
        CloudName.EMULATOR,
        resource_manager=found["resource_manager"],
        authority=found["authority"],
        graph=found["graph"],
        site_scheme="http",
        ca_file=found["ca_file"],
        sign_in=ClientSecret(found["tenant_id"], found["client_id"], Secret(found["client_secret"])),
        subscription_id=found["subscription_id"],
        runs_containers=found["runtime"] == "container",
        remark=f"Deploying to the emulator: web apps run for real on this machine, {RUNTIMES[found['runtime']]} "
        f"({found['runtime_reason']}).",
    )


def tell_version(console: Console, found: Mapping[str, Any]) -> None:
    """Warn if the running emulator has a different version from this program."""
    running = found.get("version", "an earlier version")
    if running != __version__:
        console.warn(
            f"The running emulator is version {running}, and this program is version {__version__}.",
            "mlflow-azure emulator stop. The next command starts the right one, with everything that was deployed.",
        )


def stop_if_unused(console: Console, azure: Azure) -> None:
    """Stop an emulator that was started by a command, once it is empty."""
    launcher = emulator_launcher()
    if not launcher.runs_on_demand() or any(True for _ in azure.resources.resource_groups.list()):
        return
    with emulator_failures():
        launcher.stop()
    console.note("The emulator is empty, so it was stopped.")


def emulator_launcher() -> ModuleType:
    """Return the module that starts, stops and queries the emulator. Raises SettingsError if its extra is missing."""
    if sys.platform == "win32":
        raise SettingsError(
            "the emulator runs on Linux and macOS, not on Windows",
            hint="Run mlflow-azure in the Windows Subsystem for Linux, or deploy to Azure without --cloud emulator",
            code="EmulatorNotSupported",
        )
    try:
        from mlflow_azure.emulator import launcher
    except ImportError as error:
        raise _not_installed(error) from error
    return launcher


def _not_installed(error: ImportError) -> SettingsError:
    from mlflow_azure.cli.extras import install

    return SettingsError(
        f"the emulator is not installed ({error.name} is missing)",
        hint=install("emulator"),
        code="EmulatorNotInstalled",
    )


@contextmanager
def emulator_failures() -> Iterator[None]:
    """Turn errors of the emulator's client into ours."""
    from mlflow_azure.emulator.launcher import EmulatorError

    try:
        yield
    except ImportError as error:
        raise _not_installed(error) from error
    except EmulatorError as error:
        raise MlflowAzureError(str(error), hint=error.hint, code="EmulatorFailed") from error
    except OSError as error:
        raise MlflowAzureError(
            f"using the emulator's home: {error.strerror or error}: {error.filename}",
            hint="Its contents are kept. Free some space, or make it writable, or keep the emulator elsewhere: "
            "MLFLOW_AZURE_EMULATOR_HOME=DIRECTORY",
            code="EmulatorHome",
        ) from error
