"""An emulator with one deployment, which goes to and fro between the states of an operation."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator import launcher

if TYPE_CHECKING:
    from tests.campaign.operations import Line, Operation
    from tests.support.command import Command, Result
    from tests.support.running_emulator import Emulator

JSON = ("--cloud", "emulator", "--output", "json")
OTHERS = "others"
PROVIDERS = ("Microsoft.ContainerRegistry", "Microsoft.Storage", "Microsoft.Web")


class StageError(Exception):
    """An undisturbed command failed."""


@dataclass
class Stage:
    """The command line and the emulator.

    Attributes:
        foreign: What others have in the subscription.
        added: Whether the user has added a setting to the web app.

    """

    cli: Command
    emulator: Emulator
    added: bool = False
    foreign: dict[str, Any] = field(default_factory=dict)

    def set_up(self, operation: Operation) -> None:
        """Go to the state that an operation starts from."""
        self.emulator.control("PUT", "providers", dict.fromkeys(PROVIDERS, "Registered"))
        azure = self.emulator.azure
        azure.resources.resource_groups.create_or_update(OTHERS, {"location": "westeurope"})
        azure.account(OTHERS, "theirs0")
        self.foreign = self.others()
        for line in operation.before:
            self.must(line)
        self.add_a_setting()

    def add_a_setting(self) -> None:
        """Do what users do in the portal."""
        site = self.site()
        if site is None:
            return
        web, name = self.emulator.azure.web.web_apps, site["body"]["name"]
        settings = dict(web.list_application_settings(self.group, name).properties)
        if settings.get("MINE") != "stays":
            web.update_application_settings(self.group, name, {"properties": {**settings, "MINE": "stays"}})
        self.added = True

    @property
    def group(self) -> str:
        return self.cli.environ.get("RG_NAME", "mlflow-rg")

    def run(self, line: Line) -> Result:
        """One command, answered in JSON."""
        return self.cli(*line, *JSON)

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
                found: dict[str, Any] = json.loads(self.emulator.home.state_file.read_text())
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
        """The web app."""
        found = (each for each in self.resources().values() if each["body"].get("type") == "Microsoft.Web/sites")
        return next(found, None)

    def secrets(self) -> dict[str, str]:
        """Everything secret that there is now, by what it is."""
        found = {"client secret of the emulator": str(launcher.endpoint(self.emulator.home)["client_secret"])}  # type: ignore[index]
        for key, each in self._within(self.group).items():
            hidden, name = each.get("hidden") or {}, key.rpartition("/")[2]
            pairs = {**hidden.get("keys", {}), **hidden.get("passwords", {})}
            pairs["publishing password"] = hidden.get("publishingPassword") or ""
            pairs["sign-in secret"] = (hidden.get("appsettings") or {}).get("MLFLOW_AZURE_SIGN_IN_SECRET") or ""
            found |= {f"{what} of {name}": secret for what, secret in pairs.items() if secret}
        return found
