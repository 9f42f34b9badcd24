"""Virtual environments for the process runtime: the image's locked requirements, installed once per lock."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

from mlflow_azure.emulator.runtime.cache import built_once, cache_directory
from mlflow_azure.emulator.runtime.spec import RuntimeFaultError

if TYPE_CHECKING:
    from mlflow_azure.emulator.runtime.children import Children

# The newest Python on which MLflow 1.5.0 works: 3.12 removed `imp` and `distutils`. The image uses the same.
_PYTHON = (3, 11)


class Environments:
    """Creates virtual environments; the installing processes belong to `children`."""

    def __init__(self, children: Children) -> None:
        self._children = children

    async def ensure(self, context: Path, log: IO[bytes]) -> Path:
        """Return the environment with exactly the context's `requirements.lock`, hash-checked.

        The output of uv or pip goes to `log`.

        Raises:
            RuntimeFaultError: There is no lock or no Python 3.11, or the installation failed.

        """
        lock = program(context) / "requirements.lock"
        if not lock.is_file():
            raise RuntimeFaultError(
                "the build context has no requirements.lock: without a container engine only an image whose "
                "requirements are locked can run"
            )
        digest = hashlib.sha256(lock.read_bytes() + platform.platform().encode()).hexdigest()[:24]
        directory = cache_directory() / "environments" / digest

        async def install(directory: Path) -> None:
            python = directory / "bin/python"
            await self._run([await self._python(), "-m", "venv", "--without-pip", directory], log)
            # The image installs only what its lock names too: MLflow 3 declares packages that its server never imports.
            what: list[str | Path] = ["--no-deps", "--require-hashes", "-r", lock]
            if not await self._installed_by_uv(directory, what, log):
                await self._run([python, "-m", "ensurepip"], log)  # takes seconds, which uv does not need
                how = ["--disable-pip-version-check", "--no-input", "--progress-bar=off"]
                await self._run([python, "-m", "pip", "install", *how, *what], log)

        return await built_once(directory, install)

    async def _python(self) -> str:
        if sys.version_info[:2] == _PYTHON:
            return sys.executable
        found = shutil.which("python3.11")
        # A version manager may put a shim on the path without an interpreter behind it.
        if found and not await self._children.run("python", [found, "-c", ""], log=subprocess.DEVNULL):
            return found
        raise RuntimeFaultError(
            f"looking for Python 3.11, on which MLflow 1.5.0 runs without a container: this is Python "
            f"{platform.python_version()} and there is no python3.11 on the path. Install it "
            "(for example: uv python install 3.11), or start a container engine"
        )

    async def _installed_by_uv(self, directory: Path, what: list[str | Path], log: IO[bytes]) -> bool:
        """Install with uv, which is much faster than pip; return whether that worked: it may lack the index."""
        path = f"{os.environ.get('PATH', os.defpath)}{os.pathsep}{Path(sys.executable).parent}"
        if not (uv := shutil.which("uv", path=path)):
            return False
        # Compiled, as with pip: otherwise a web app's log begins with Python's warnings about old packages.
        how: list[str | Path] = ["--quiet", "--compile-bytecode", "--python", directory / "bin/python"]
        command = [uv, "pip", "install", *how, *what]
        return not await self._children.run("python environment", command, log=log, env=_environment())

    async def _run(self, command: list[str | Path], log: IO[bytes]) -> None:
        status = await self._children.run("python environment", command, log=log, env=_environment())
        if status:
            raise RuntimeFaultError(
                f"installing the image's requirements: {' '.join(map(str, command[1:4]))} ended with status {status}"
            )


def program(context: Path) -> Path:
    """Return the directory of a context's lock and startup script: its root, or a folder if images share a context."""
    locks = [context / "requirements.lock", *sorted(context.glob("*/requirements.lock"))]
    return next((lock.parent for lock in locks if lock.is_file()), context)


def _environment() -> dict[str, str]:
    """Return the caller's environment, for package index and proxy, without variables that redirect pip."""
    ours = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PIP_TARGET", "PIP_PREFIX", "PIP_USER"}
    return {name: value for name, value in os.environ.items() if name not in ours}
