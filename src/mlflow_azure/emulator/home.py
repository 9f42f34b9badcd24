"""Where an emulator keeps its files. Two homes are two independent emulators."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_data_path

HOME_VARIABLE = "MLFLOW_AZURE_EMULATOR_HOME"


@dataclass(frozen=True)
class Home:
    """The directory of one emulator, and the names of the files in it."""

    root: Path

    @property
    def endpoint_file(self) -> Path:
        """JSON that says where the emulator listens and how to sign in (mode 600); there while it runs."""
        return self.root / "endpoint.json"

    @property
    def state_file(self) -> Path:
        """What the emulated Azure holds."""
        return self.root / "state.json"

    @property
    def log_file(self) -> Path:
        """What the daemon wrote to its standard output and error."""
        return self.root / "emulator.log"

    @property
    def start_lock(self) -> Path:
        """Held by whoever starts, stops or resets the daemon."""
        return self.root.with_name(self.root.name + ".lock")

    @property
    def daemon_lock(self) -> Path:
        """Held by the daemon as long as it lives; the kernel releases it however the daemon ends."""
        return self.root / "daemon.lock"

    @property
    def task_blobs(self) -> Path:
        """Sources that were uploaded for ACR Tasks, and the logs of their runs."""
        return self.root / "acr-tasks"

    @property
    def subscription_id(self) -> str:
        """Of the subscription that a new emulator with this home has: what is named after it can be told beforehand."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, self.root.as_uri()))

    @property
    def on_demand_file(self) -> Path:
        """There while the emulator runs only because a command needed it, and no one has started it by its name."""
        return self.root / "on-demand"


def default_home() -> Home:
    """The home that `MLFLOW_AZURE_EMULATOR_HOME` names, else one in the user's data directory."""
    chosen = os.environ.get(HOME_VARIABLE)
    return Home(Path(chosen).expanduser().absolute() if chosen else user_data_path("mlflow-azure") / "emulator")
