"""What keeps a registry's blobs and manifests: a real `docker-registry` where the machine has one, else our own store.

Debian's package `docker-registry` brings it; it is the program of the image `registry:2`
(https://distribution.github.io/distribution/).
"""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

import httpx
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from mlflow_azure.emulator.runtime.listener import free_port
from mlflow_azure.emulator.runtime.proxy import ReverseProxy
from mlflow_azure.emulator.runtime.registry_api import distribution_app
from mlflow_azure.emulator.runtime.registry_store import RegistryStore
from mlflow_azure.emulator.runtime.spec import RuntimeFaultError

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import ASGIApp, Receive, Scope, Send

    from mlflow_azure.emulator.runtime.children import Child, Children

_PROGRAM = "docker-registry"
_READY_WITHIN = 20.0


class Storage(Protocol):
    """An ASGI application that answers `/v2/` to whoever was let through."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

    async def stop(self) -> None:
        """End it; what it keeps stays."""


async def open_storage(name: str, root: Path, children: Children) -> Storage:
    """The storage of registry `name` below `root`: of the kind that made it, for the two do not read each other's.

    Raises:
        RuntimeFaultError: docker-registry made it, and is not on this machine any more, or does not start.

    """
    theirs = root / "docker-registry"
    program = shutil.which(_PROGRAM)
    if theirs.exists() and not program:
        raise RuntimeFaultError(
            f"opening container registry {name}: its images were kept by {_PROGRAM}, which is not on the path any "
            f"more. Install it again (apt-get install {_PROGRAM}), or start afresh: mlflow-azure emulator reset"
        )
    if not program or (root / "blobs").exists():
        return _OwnStorage(distribution_app(RegistryStore(root)))
    theirs.mkdir(parents=True, exist_ok=True)
    return await _start(name, program, theirs, children)


class _OwnStorage:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    async def stop(self) -> None:
        """Nothing runs."""


class _DockerRegistry:
    def __init__(self, child: Child, port: int) -> None:
        self._child = child
        self._port = port
        self._proxy = ReverseProxy()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await self._proxy.forward(Request(scope, receive), self._port)
        except httpx.TransportError as error:
            await PlainTextResponse(f"{_PROGRAM} does not answer: {error}", 503)(scope, receive, send)
            return
        await response(scope, receive, send)

    async def until_ready(self) -> bool:
        """Whether it answered in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_READY_WITHIN), httpx.AsyncClient(trust_env=False) as client:
                while self._child.running:
                    with suppress(httpx.TransportError):
                        await client.get(f"http://127.0.0.1:{self._port}/v2/")
                        return True
                    await asyncio.sleep(0.02)
        return False

    async def stop(self) -> None:
        """End the process."""
        await asyncio.gather(self._child.stop(), self._proxy.close())


async def _start(name: str, program: str, root: Path, children: Children) -> _DockerRegistry:
    port = free_port()
    configuration = root / "config.yml"
    configuration.write_text(json.dumps(_configuration(root / "data", port)))  # YAML takes JSON
    log = root / "docker-registry.log"
    with log.open("wb") as output:
        child = await children.start(f"{_PROGRAM} {name}", [program, "serve", configuration], output=output)
    registry = _DockerRegistry(child, port)
    if not await registry.until_ready():
        await registry.stop()
        raise RuntimeFaultError(f"starting {_PROGRAM} for {name}: it does not answer.\n{log.read_text()[-2000:]}")
    return registry


def _configuration(data: Path, port: int) -> dict[str, object]:
    return {
        "version": "0.1",
        "log": {"level": "warn", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(data)}, "delete": {"enabled": True}},
        # Relative: it does not know the address that clients see.
        "http": {"addr": f"127.0.0.1:{port}", "secret": secrets.token_hex(16), "relativeurls": True},
    }
