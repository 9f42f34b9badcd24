"""An emulator with one deployment, put back for each case into the state that an operation starts from."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator import launcher
from tests.campaign.content import held
from tests.campaign.forked import note_requests, noted_requests
from tests.support.running_emulator import Emulator

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow_azure.emulator.home import Home
    from tests.campaign.forked import Disturbance, Forked, Running
    from tests.campaign.operations import Line, Operation, Step
    from tests.support.command import Result

JSON = ("--cloud", "emulator", "--output", "json")
TEMPORARY = "-move"
"""How the name of the web app ends that moves what is stored."""
OTHERS = "others"
PROVIDERS = (
    "Microsoft.ContainerRegistry",
    "Microsoft.DBforPostgreSQL",
    "Microsoft.ManagedIdentity",
    "Microsoft.Storage",
    "Microsoft.Web",
)


class StageError(Exception):
    """An undisturbed command failed."""


@dataclass
class Stage:
    """The command line and the emulator.

    Attributes:
        foreign: What others have in the subscription.
        came: Whether the last command came to where it was to be disturbed.
        deployed: Whether the operation starts from a deployment, to whose web app the user has added a setting.

    """

    cli: Forked
    home: Home
    came: bool = False
    deployed: bool = False
    foreign: dict[str, Any] = field(default_factory=dict)
    _emulator: Running | None = None

    @property
    def emulator(self) -> Emulator:
        """The emulator, which runs."""
        return Emulator(self.home)

    @property
    def work(self) -> Path:
        """Where the command line works."""
        return self.cli.command.directory

    def prepare(self, before: tuple[Step, ...]) -> None:
        """Go to the state that an operation starts from, from nothing, and keep it."""
        self._start()
        self.emulator.control("PUT", "providers", dict.fromkeys(PROVIDERS, "Registered"))
        azure = self.emulator.azure
        azure.resources.resource_groups.create_or_update(OTHERS, {"location": "westeurope"})
        azure.registry(OTHERS, "theirs0")
        for step in before:
            if callable(step):
                step(self)
            else:
                self.must(step)
        self._add_a_setting()
        self.deployed = self.site() is not None
        self.foreign = self.others()
        launcher.stop(self.home)
        self._ended()
        for place in (self.home.root, self.work):
            _copy(place, _kept(place))
        self._start()

    def put_back(self) -> None:
        """Be where the operation starts again."""
        self._kill()
        for place in (self.home.root, self.work):
            _empty(place)
            _copy(_kept(place), place)
        self._start()

    def close(self) -> None:
        """End the emulator, and forget what is in it."""
        self._kill()
        shutil.rmtree(self.home.root)

    def _kill(self) -> None:
        if self._emulator:
            os.kill(self._emulator.pid, signal.SIGKILL)
            self._ended()
        launcher.stop(self.home)  # what it left behind

    def rehearse(self, line: Line) -> list[dict[str, Any]]:
        """One command, which has to succeed; the requests that it sent."""
        file, began = self.work.with_name("requests"), time.time()
        file.unlink(missing_ok=True)
        result = self.cli(*line, *JSON, before=lambda: note_requests(file))
        if result.exit_code:
            raise StageError(f"{' '.join(line)}: {result.stderr[-500:]}")
        return noted_requests(file, began)

    def stored(self, operation: Operation) -> dict[str, Any]:
        """What the deployment stores, where that is part of the state."""
        return held(self) if operation.stores else {}

    def _start(self) -> None:
        self.home.root.mkdir(exist_ok=True)
        self._emulator = self.cli.start_emulator(self.home)

    def condition(self) -> str:
        """Whether the emulator runs, or how it ended, and what it wrote."""
        assert self._emulator is not None
        written = (self._emulator.output / "stderr").read_text()[-1000:]
        ended = os.waitid(os.P_PID, self._emulator.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return f"{f'ended with {ended.si_status}' if ended else 'runs'}: {written}"

    def _ended(self) -> None:
        """Wait until the emulator has ended."""
        if self._emulator:
            self._emulator.result()
            self._emulator = None

    def _add_a_setting(self) -> None:
        """Do what users do in the portal."""
        site = self.site()
        if site is None:
            return
        web, name = self.emulator.azure.web.web_apps, site["body"]["name"]
        settings = dict(web.list_application_settings(self.group, name).properties)
        web.update_application_settings(self.group, name, {"properties": {**settings, "MINE": "stays"}})

    @property
    def group(self) -> str:
        """The deployment's resource group."""
        return "mlflow-rg"

    def run(self, line: Line, disturbed: Disturbance | None = None) -> Result:
        """One command, answered in JSON."""
        came = self.work.with_name("came")
        came.unlink(missing_ok=True)
        result = self.cli(*line, *JSON, before=replace(disturbed, came=came).install if disturbed else lambda: None)
        self.came = came.exists()
        return result

    def must(self, line: Line) -> Result:
        """One command, which has to succeed, at the second try at the latest."""
        result = self.run(line)
        if result.exit_code:
            result = self.run(line)
        if result.exit_code:
            raise StageError(f"{' '.join(line)}: {result.stderr[-500:]}")
        return result

    @property
    def url(self) -> str:
        """Where the server is reached."""
        site = self.site()
        assert site is not None
        name = site["body"]["name"]
        sites = self.emulator.control("GET", "status")["sites"]
        return next(each["url"] for each in sites if each["name"] == name)

    def _state(self) -> dict[str, Any]:
        while True:
            with suppress(FileNotFoundError):  # between the two steps of a save
                found: dict[str, Any] = json.loads(self.home.state_file.read_text())
                return found

    def _within(self, group: str) -> dict[str, Any]:
        marked = f"/resourcegroups/{group}".lower()
        return {
            key: found
            for key, found in self._state()["resources"].items()
            if f"{key}/".lower().find(f"{marked}/") >= 0 and "body" in found
        }

    def resources(self) -> dict[str, Any]:
        """What is in the deployment's group, as the emulator keeps it."""
        return {
            key: {each: found.get(each) for each in ("body", "hidden")}
            for key, found in self._within(self.group).items()
        }

    def others(self) -> dict[str, Any]:
        """What is in the group of someone else."""
        return self._within(OTHERS)

    def registrations(self) -> dict[str, Any]:
        """The app registrations, by their names."""
        applications = self._state()["directory"].get("applications", {}).values()
        return {f"application/{each['displayName']}": each for each in applications}

    def site(self) -> dict[str, Any] | None:
        """The web app that serves."""
        sites = (each for each in self.resources().values() if each["body"].get("type") == "Microsoft.Web/sites")
        return next((each for each in sites if not each["body"]["name"].endswith(TEMPORARY)), None)

    def secrets(self) -> dict[str, str]:
        """Everything secret that there is now, by what it is."""
        found = {"client secret of the emulator": str(launcher.endpoint(self.home)["client_secret"])}  # type: ignore[index]
        for key, each in self._within(self.group).items():
            hidden, name = each.get("hidden") or {}, key.rpartition("/")[2]
            pairs = {**hidden.get("keys", {}), **hidden.get("passwords", {})}
            pairs["publishing password"] = hidden.get("publishingPassword") or ""
            pairs["sign-in secret"] = (hidden.get("appsettings") or {}).get("MLFLOW_AZURE_SIGN_IN_SECRET") or ""
            pairs["task token"] = (hidden.get("appsettings") or {}).get("MLFLOW_SERVER_MIGRATION_TOKEN") or ""
            found |= {f"{what} of {name}": secret for what, secret in pairs.items() if secret}
        return found


def _kept(place: Path) -> Path:
    return place.with_name(f"kept-{place.name}")


def _empty(place: Path) -> None:
    """Delete what is in a directory, which stays: the ports of a home without one are free for others."""
    for each in place.iterdir():
        shutil.rmtree(each) if each.is_dir() and not each.is_symlink() else each.unlink()


def _copy(place: Path, to: Path) -> None:
    """Copy a directory with all that its files are, their owners too: PostgreSQL looks at that."""
    subprocess.run(["cp", "-a", f"{place}/.", to], check=True)
