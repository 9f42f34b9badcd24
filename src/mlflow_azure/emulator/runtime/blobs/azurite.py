"""Azurite, Microsoft's emulator of Azure Blob Storage: installed once per machine by npm, one process per account."""

from __future__ import annotations

import asyncio
import re
from typing import IO, TYPE_CHECKING

from mlflow_azure.emulator.runtime.blobs.nodejs import Node
from mlflow_azure.emulator.runtime.cache import built_once, cache_directory
from mlflow_azure.emulator.runtime.spec import RuntimeFaultError

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow_azure.emulator.runtime.children import Child, Children

_VERSION = "3.35.0"
NAME = f"azurite-{_VERSION}"
"""Name of its directory in the cache."""
ENTRY = "node_modules/azurite/dist/src/blob/main.js"
_LISTENS = re.compile(r"listens on http://127\.0\.0\.1:(\d+)")
_READY_WITHIN = 60.0


class Azurite:
    """Starts blob services; `children` own the processes."""

    def __init__(self, children: Children, logs: Path) -> None:
        self._node = Node(children, logs)
        self._children = children
        self._logs = logs

    async def install(self) -> Path:
        """Return the directory of the npm installation. Raises RuntimeFaultError."""
        return await built_once(cache_directory() / NAME, self._npm_install)

    async def _npm_install(self, directory: Path) -> None:
        options = ["--no-audit", "--no-fund", "--loglevel=error", "--prefix", str(directory)]
        log = self._logs / "azurite-install.log"
        with log.open("wb") as output:
            status = await self._run(["npm", "install", *options, f"azurite@{_VERSION}"], output)
        if status:
            why = _reason(log.read_text()) or f"exit status {status}"
            raise RuntimeFaultError(f"installing Azurite, which serves the blobs, with npm: {why}. npm's log: {log}")

    async def _run(self, command: list[str], output: IO[bytes]) -> int:
        return await self._children.run(" ".join(command[:2]), command, log=output, env=await self._node.environment())

    async def start(self, account: str, keys: tuple[str, str], directory: Path) -> tuple[Child, int]:
        """Start the blob service of an account with its two keys; return the process and its port."""
        main = await self.install() / ENTRY
        directory.mkdir(parents=True, exist_ok=True)
        log = self._logs / f"azurite-{account}.log"
        options = ["--blobHost", "127.0.0.1", "--blobPort", "0", "--skipApiVersionCheck", "--disableTelemetry"]
        with log.open("wb") as output:
            child = await self._children.start(
                f"azurite {account}",
                ["node", main, *options, "--location", directory],
                output=output,
                env=await self._node.environment() | {"AZURITE_ACCOUNTS": f"{account}:{keys[0]}:{keys[1]}"},
            )
        return child, await _announced_port(child, log)


def _reason(said: str) -> str:
    """Return npm's most informative line: "network request to https://… failed, reason: …"."""
    lines = [line.partition(" ")[2].removeprefix("error ").removeprefix("ERR! ") for line in said.splitlines()]
    telling = [line for line in lines if "reason:" in line or line.startswith(("code ", "404 "))]
    return max(telling, key=len, default=next(filter(None, lines), ""))


def _last_line(said: str) -> str:
    return next((line.strip() for line in reversed(said.splitlines()) if line.strip()), "it said nothing")


async def _announced_port(child: Child, log: Path) -> int:
    deadline = asyncio.get_running_loop().time() + _READY_WITHIN
    while asyncio.get_running_loop().time() < deadline and child.running:
        if found := _LISTENS.search(log.read_text()):
            return int(found[1])
        await asyncio.sleep(0.05)
    await child.stop()
    raise RuntimeFaultError(
        f"starting {child.name}: it did not start listening: {_last_line(log.read_text())}. Its log: {log}"
    )
