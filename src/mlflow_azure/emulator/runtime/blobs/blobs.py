"""Blob endpoints of storage accounts: Azurite behind a small proxy that makes it look like the account's own host.

Clients address a real account by host name, `https://<account>.blob.core.windows.net/<container>`. Azurite on an IP
address wants `/<account>/<container>`, and there azure-storage 0.36 (which MLflow 1.5.0 uses) loses the account in
the range requests of downloads over 32 MB. Azurite also takes the account from a host name of the form
`<account>.<anything>`: the proxy gives the account's port that name, so that `http://127.0.0.1:<port>/` behaves like
Azure's.
"""

from __future__ import annotations

import asyncio
import shutil
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from mlflow_azure.emulator.runtime.blobs.azurite import Azurite
from mlflow_azure.emulator.runtime.listener import Listener
from mlflow_azure.emulator.runtime.proxy import ReverseProxy
from mlflow_azure.emulator.runtime.spec import RuntimeFaultError

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

    from mlflow_azure.emulator.runtime.children import Child, Children


@dataclass
class _Account:
    listener: Listener
    endpoint: _BlobEndpoint
    keys: tuple[str, str]
    child: Child


class Blobs:
    """The blob services of all storage accounts of one home; data in `<home>/blobs/<account>`.

    `also_on` is an address by which containers reach this machine, for the endpoints opened from then on.
    """

    def __init__(self, home: Path, children: Children, logs: Path) -> None:
        self._root = home / "blobs"
        self.also_on: str | None = None
        self._azurite = Azurite(children, logs)
        self._accounts: dict[str, _Account] = {}
        self._changing = asyncio.Lock()

    async def ensure(self, account: str, keys: tuple[str, str], port: int) -> str:
        """Serve the account on `port` with these keys (Base64), its data kept; the endpoint, ending in a slash."""
        async with self._changing:
            served = self._accounts.get(account)
            if served is None:
                await self._open(account, keys, port)
            elif served.keys != keys or not served.child.running:
                await served.child.stop()
                served.child, served.endpoint.azurite_port = await self._start(account, keys)
                served.keys = keys
        return f"http://127.0.0.1:{port}/"

    async def _open(self, account: str, keys: tuple[str, str], port: int) -> None:
        child, azurite_port = await self._start(account, keys)
        endpoint = _BlobEndpoint(account, azurite_port)
        listener = Listener(endpoint, port, also_on=self.also_on)
        await listener.start()
        self._accounts[account] = _Account(listener, endpoint, keys, child)

    async def _start(self, account: str, keys: tuple[str, str]) -> tuple[Child, int]:
        return await self._azurite.start(account, keys, self._root / account)

    async def remove(self, account: str) -> None:
        """End the account's service and delete its blobs."""
        async with self._changing:
            if served := self._accounts.pop(account, None):
                await _close(served)
            shutil.rmtree(self._root / account, ignore_errors=True)

    async def create_container(self, account: str, container: str) -> None:
        """Create a blob container unless it exists, as Azure Resource Manager does."""
        await asyncio.to_thread(_create_container, self._client_arguments(account, container))

    async def delete_container(self, account: str, container: str) -> None:
        """Delete a blob container with its blobs, if it exists."""
        await asyncio.to_thread(_delete_container, self._client_arguments(account, container))

    def _client_arguments(self, account: str, container: str) -> dict[str, Any]:
        try:
            served = self._accounts[account]
        except KeyError:
            raise RuntimeFaultError(f"using storage account {account}: there is none of that name") from None
        return {
            "account_url": f"http://127.0.0.1:{served.listener.port}/",
            "container_name": container,
            "credential": {"account_name": account, "account_key": served.keys[0]},
        }

    async def stop(self) -> None:
        """End every service; the data stays."""
        async with self._changing:
            await asyncio.gather(*map(_close, self._accounts.values()))
            self._accounts.clear()


async def _close(account: _Account) -> None:
    await account.listener.stop()
    await asyncio.gather(account.child.stop(), account.endpoint.close())


def _create_container(arguments: dict[str, Any]) -> None:
    from azure.core.exceptions import ResourceExistsError
    from azure.storage.blob import ContainerClient

    with ContainerClient(**arguments) as client, suppress(ResourceExistsError):
        client.create_container()


def _delete_container(arguments: dict[str, Any]) -> None:
    from azure.core.exceptions import ResourceNotFoundError
    from azure.storage.blob import ContainerClient

    with ContainerClient(**arguments) as client, suppress(ResourceNotFoundError):
        client.delete_container()


class _BlobEndpoint:
    def __init__(self, account: str, azurite_port: int) -> None:
        self.azurite_port = azurite_port
        self._host = f"{account}.blob.localhost"
        self._proxy = ReverseProxy()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._proxy.forward(request, self.azurite_port, [("host", self._host)])
        except httpx.TransportError as error:
            await PlainTextResponse(f"Azurite does not answer: {error}", 503)(scope, receive, send)
            return
        await response(scope, receive, send)

    async def close(self) -> None:
        await self._proxy.close()
