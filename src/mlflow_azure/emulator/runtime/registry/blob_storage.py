"""The storage of a registry's blobs and manifests: a real registry if available, otherwise our own store.

The real one is Debian's `docker-registry`, or the image `registry:2`, which contains the same program
(https://distribution.github.io/distribution/).
"""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from typing import TYPE_CHECKING, Protocol

import httpx
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from mlflow_azure.emulator.runtime.listener import free_port
from mlflow_azure.emulator.runtime.plain_http import plain_client
from mlflow_azure.emulator.runtime.proxy import ReverseProxy
from mlflow_azure.emulator.runtime.registry.api import distribution_app
from mlflow_azure.emulator.runtime.registry.store import RegistryStore
from mlflow_azure.emulator.runtime.spec import RuntimeFaultError

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

    from mlflow_azure.emulator.runtime.children import Child, Children

_PROGRAM = "docker-registry"
_READY_WITHIN = 20.0


InContainer = Callable[["Path"], Awaitable["RegistryProcess | None"]]


class Storage(Protocol):
    """An ASGI application that serves `/v2/` to admitted clients."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""

    async def untag(self, repository: str, tag: str) -> None:
        """Delete an existing tag. The manifest stays."""

    async def remove(self, repository: str) -> None:
        """Delete a repository."""

    async def stop(self) -> None:
        """Stop it; its data is kept."""


async def open_storage(name: str, root: Path, children: Children, in_container: InContainer) -> Storage:
    """Return the storage of registry `name` below `root`, of the kind that created it: they are not compatible.

    `in_container` starts a registry in a container.

    Raises:
        RuntimeFaultError: A real registry created it, which is no longer available or does not start.

    """
    if (root / "blobs").exists():
        return _OwnStorage(RegistryStore(root))
    theirs = root / "docker-registry"
    process = await _start(name, theirs, children) or await in_container(theirs)
    if process:
        return await _opened(name, process, theirs / "data")
    if theirs.exists():
        raise RuntimeFaultError(
            f"opening container registry {name}: its images were kept by {_PROGRAM}, which is no longer installed. "
            f"Install it again (apt-get install {_PROGRAM}), or reset the emulator."
        )
    return _OwnStorage(RegistryStore(root))


async def no_containers(_root: Path) -> None:
    """Return None: there is no engine to start a registry."""


class _OwnStorage:
    def __init__(self, store: RegistryStore) -> None:
        self._store = store
        self._app = distribution_app(store)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    async def untag(self, repository: str, tag: str) -> None:
        self._store.delete_manifest(repository, tag)

    async def remove(self, repository: str) -> None:
        self._store.delete_repository(repository)

    async def stop(self) -> None:
        """Do nothing: nothing is running."""


class RegistryProcess(Protocol):
    """A running registry: as a child process or in a container."""

    port: int  # on loopback

    @property
    def running(self) -> bool:
        """Whether it has not ended."""

    async def stop(self) -> None:
        """End it."""

    def log(self) -> str:
        """Return its last output."""


class _RealStorage:
    def __init__(self, process: RegistryProcess, data: Path) -> None:
        self._process = process
        self._repositories = data / "docker/registry/v2/repositories"
        self._proxy = ReverseProxy()
        self._linking = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            async with self._turn(request):
                response = await self._proxy.forward(request, self._process.port)
        except httpx.TransportError as error:
            await PlainTextResponse(f"the registry does not respond: {error}", 503)(scope, receive, send)
            return
        await response(scope, receive, send)

    def _turn(self, request: Request) -> AbstractAsyncContextManager[object]:
        """Admit one request at a time of those that write or follow links to blobs; uploaded data (PATCH) needs none.

        The program empties a link before it writes it anew, so that two pushes of one image would break each other.
        """
        follows = request.method == "PUT" or "/manifests/" in request.url.path
        return self._linking if follows else nullcontext()

    async def untag(self, repository: str, tag: str) -> None:
        """Delete it in the registry's files: version 2 has no request for it, and rereads its files each time."""
        await asyncio.to_thread(shutil.rmtree, self._repositories / repository / "_manifests/tags" / tag)

    async def remove(self, repository: str) -> None:
        """Delete it in the same way; repositories below this one stay."""
        for part in ("_manifests", "_layers", "_uploads"):
            await asyncio.to_thread(shutil.rmtree, self._repositories / repository / part, ignore_errors=True)

    async def until_ready(self) -> bool:
        """Return whether it responded in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_READY_WITHIN), plain_client() as client:
                while self._process.running:
                    with suppress(httpx.TransportError):
                        await client.get(f"http://127.0.0.1:{self._process.port}/v2/")
                        return True
                    await asyncio.sleep(0.02)
        return False

    async def stop(self) -> None:
        """End the process."""
        await asyncio.gather(self._process.stop(), self._proxy.close())


async def _opened(name: str, process: RegistryProcess, data: Path) -> _RealStorage:
    storage = _RealStorage(process, data)
    if not await storage.until_ready():
        said = process.log()
        await storage.stop()
        raise RuntimeFaultError(f"starting container registry {name}: it does not respond.\n{said}")
    return storage


class _Program:
    def __init__(self, child: Child, port: int, log: Path) -> None:
        self.port = port
        self._child = child
        self._log = log

    @property
    def running(self) -> bool:
        return self._child.running

    async def stop(self) -> None:
        await self._child.stop()

    def log(self) -> str:
        return self._log.read_text()[-2000:]


async def _start(name: str, root: Path, children: Children) -> _Program | None:
    program = shutil.which(_PROGRAM)
    if not program:
        return None
    root.mkdir(parents=True, exist_ok=True)
    port = free_port()
    configuration = root / "config.yml"
    configuration.write_text(json.dumps(_configuration(root / "data", port)))  # JSON is valid YAML
    log = root / "docker-registry.log"
    with log.open("wb") as output:
        child = await children.start(f"{_PROGRAM} {name}", [program, "serve", configuration], output=output)
    return _Program(child, port, log)


def _configuration(data: Path, port: int) -> dict[str, object]:
    return {
        "version": "0.1",
        "log": {"level": "warn", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(data)}, "delete": {"enabled": True}},
        # Relative: it does not know its address for clients.
        "http": {"addr": f"127.0.0.1:{port}", "secret": secrets.token_hex(16), "relativeurls": True},
    }
