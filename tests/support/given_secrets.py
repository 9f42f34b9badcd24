"""Every secret that the emulated Azure has given out, and every place outside of Azure's own keeping that holds one."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from mlflow_azure.emulator import launcher
from mlflow_azure.emulator.state import previous
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from tests.support.running_emulator import Emulator

KINDS = ("keys", "passwords", "publishingPassword")
"""Where Azure keeps what it gives out on demand: of storage accounts, registries and web apps."""


def given_secrets(emulator: Emulator) -> dict[str, str]:
    """The secrets, by what they are.

    Keys of storage accounts, passwords of registries and of web apps' deployment users, what the processes of a web app
    show to be its identity, and the client secret with which the deployer signed in.
    """
    endpoint = launcher.endpoint(emulator.home)
    assert endpoint is not None, "the emulator does not run"
    found = {"the deployer's client secret": str(endpoint["client_secret"])}
    for resource, entry in _resources(emulator).items():
        for kind in KINDS:
            kept = entry["hidden"].get(kind, {})
            for name, value in (kept if isinstance(kept, dict) else {"": kept}).items():
                found[f"{resource}: {kind} {name}"] = str(value)
    for process in psutil.Process(endpoint["pid"]).children(recursive=True):
        with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            environ = process.environ()
            if "IDENTITY_HEADER" in environ:
                found[f"what shows the identity of {environ['WEBSITE_SITE_NAME']}"] = environ["IDENTITY_HEADER"]
    return found


def places_of(secrets: dict[str, str], emulator: Emulator, *directories: Path) -> list[str]:
    """Where one of the secrets stands: what stands there, and which secret.

    Looked through is all that Azure answers and keeps of every resource (app settings, configurations, sign-in, mounts,
    webhooks, tags …) but the secret in its own place; all files of the emulator (images, logs, databases, blobs) but
    its memory; and all files in the directories.
    """
    own = {
        file.name
        for file in (emulator.home.state_file, previous(emulator.home.state_file), emulator.home.endpoint_file)
    }
    files = [
        Path(directory, name)
        for root in (emulator.home.root, *directories)
        for directory, _, names in os.walk(root)
        for name in names
        if name not in own
    ]
    state = _state(emulator)
    for entry in state["resources"].values():
        for kind in KINDS:
            entry["hidden"].pop(kind, None)
    places = {}
    for file in files:
        with suppress(FileNotFoundError):  # servers run, whose files come and go
            if file.is_file():
                places[str(file)] = file.read_bytes()
    del state["identity"]  # the deployer's, which the emulator itself checks
    places |= {f"state: {name}": json.dumps(section).encode() for name, section in state.items()}
    return [
        f"{place}: {what}"
        for place, content in places.items()
        for what, secret in secrets.items()
        if secret.encode() in content
    ]


def _resources(emulator: Emulator) -> dict[str, Any]:
    found: dict[str, Any] = _state(emulator)["resources"]
    return found


def _state(emulator: Emulator) -> dict[str, Any]:
    """What the emulator remembers. Its file is away for a moment whenever it is replaced."""
    wait_until(emulator.home.state_file.exists)
    try:
        state: dict[str, Any] = json.loads(emulator.home.state_file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return _state(emulator)
    return state
