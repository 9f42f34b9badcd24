"""Completes the commands shown to the user, so that they refer to the same deployment.

Hints throughout the package say "mlflow-azure destroy". Pasted into another shell, that could refer to another
deployment, so the options, variables and files of this run are added here, for all of them.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mlflow_azure.azure.clouds import REMOTE_CLOUDS, CloudName
from mlflow_azure.cli.names import NAMES, PROGRAM
from mlflow_azure.settings import DEFAULT_FILE, SETTINGS, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlflow_azure.cli.invocation import Common
    from mlflow_azure.settings import Loaded

HOME, RUNTIME = "MLFLOW_AZURE_EMULATOR_HOME", "MLFLOW_AZURE_EMULATOR_RUNTIME"
_OTHER_CLOUDS = (CloudName.USGOV, CloudName.CHINA)
_AZ_LOGIN = re.compile(r"(?<!&& )\baz login\b")  # only once: completed commands stay as they are
_OF_NO_DEPLOYMENT = ("settings init", "settings import", "emulator ")


def program() -> str:
    """How to call this program in a shell: by name if it is on PATH, otherwise by path."""
    found, script = shutil.which(PROGRAM), Path(sys.executable).with_name(PROGRAM)
    if found and (not script.exists() or Path(found).resolve() == script.resolve()):
        return PROGRAM
    return shlex.quote(str(script)) if script.exists() else f"{shlex.quote(sys.executable)} -m mlflow_azure"


def aimed(text: str, common: Common, loaded: Callable[[], Loaded | None]) -> str:
    """Return the text with each `mlflow-azure COMMAND` and `az login` completed for this run.

    Args:
        text: The text to show.
        common: The options of this run.
        loaded: Its settings; None if they are invalid.

    """
    az_name = REMOTE_CLOUDS[common.cloud].az_name if common.cloud in _OTHER_CLOUDS else None
    if az_name:
        text = _AZ_LOGIN.sub(f"az cloud set --name {az_name} && az login", text)
    if PROGRAM not in text:
        return text
    known = "|".join(re.escape(name) for name in sorted(NAMES, key=len, reverse=True))
    pattern = re.compile(rf"(?<![\w/.-]){PROGRAM} ({known})(?![\w-])")

    def named(match: re.Match[str]) -> str:
        name = match[1]
        settings = None if name.startswith(_OF_NO_DEPLOYMENT) else loaded()
        options = [*_options(common, name, settings)]
        if options and match.string[match.end() :].startswith(f" {' '.join(options)}"):
            return match[0]  # already completed
        return " ".join([*_variables(common, name), program(), name, *options])

    return pattern.sub(named, text)


def _variables(common: Common, name: str) -> Iterator[str]:
    """The variables that select the emulator and its runtime: another shell would start another one."""
    if common.cloud is CloudName.EMULATOR or name.startswith("emulator "):
        if home := os.environ.get(HOME):
            yield f"{HOME}={shlex.quote(str(Path(home).expanduser().absolute()))}"
        if runtime := os.environ.get(RUNTIME):
            yield f"{RUNTIME}={shlex.quote(runtime)}"


def _options(common: Common, name: str, loaded: Loaded | None) -> Iterator[str]:
    if common.cloud is not CloudName.PUBLIC and not name.startswith(("emulator ", "settings ")):
        yield f"--cloud {common.cloud}"
    if loaded is None:
        return
    if loaded.file and (common.settings or Path(DEFAULT_FILE).exists()):
        yield f"--settings {shlex.quote(str(loaded.file.absolute()))}"
    for setting in SETTINGS.values():
        value = loaded.values.get(setting.name)
        if value and not setting.secret and value.source in (Source.OPTION, Source.ENVIRONMENT):
            yield f"{setting.option} {shlex.quote(value.text)}"
