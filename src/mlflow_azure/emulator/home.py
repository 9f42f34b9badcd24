"""The directory of an emulator's files. Two homes are two independent emulators."""

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
        """JSON with the emulator's address and credentials (mode 600); exists while it runs."""
        return self.root / "endpoint.json"

    @property
    def state_file(self) -> Path:
        """The state of the emulated Azure."""
        return self.root / "state.json"

    @property
    def log_file(self) -> Path:
        """The daemon's standard output and error."""
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
        """Uploaded sources of ACR Tasks, and the logs of their runs."""
        return self.root / "acr-tasks"

    @property
    def subscription_id(self) -> str:
        """Subscription id of a new emulator with this home, so that names derived from it are known beforehand."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, self.root.as_uri()))

    @property
    def on_demand_file(self) -> Path:
        """Exists while the emulator runs only because a command needed it, and was not started explicitly."""
        return self.root / "on-demand"


def default_home() -> Home:
    """Return the home given by `MLFLOW_AZURE_EMULATOR_HOME`, or the one in the user's data directory."""
    chosen = os.environ.get(HOME_VARIABLE)
    return Home(Path(chosen).expanduser().absolute() if chosen else user_data_path("mlflow-azure") / "emulator")
