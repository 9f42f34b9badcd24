"""The blob services of storage accounts: Azurite behind a proxy that checks access."""

from __future__ import annotations

import asyncio
import logging
import shutil
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.runtime.blobs.azurite import Azurite
from mlflow_azure.emulator.runtime.blobs.front import BlobFront
from mlflow_azure.emulator.runtime.either_listener import EitherListener
from mlflow_azure.emulator.runtime.failing import Failing
from mlflow_azure.emulator.runtime.spec import RuntimeFaultError

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow_azure.emulator.faults import Fault
    from mlflow_azure.emulator.runtime.blobs.asked import Asked
    from mlflow_azure.emulator.runtime.blobs.front import Admit
    from mlflow_azure.emulator.runtime.children import Child, Children
    from mlflow_azure.emulator.runtime.failing import Strike
    from mlflow_azure.emulator.runtime.spec import TlsMaterial


_LOG = logging.getLogger(__name__)


@dataclass
class _Account:
    listener: EitherListener
    front: BlobFront
    keys: tuple[str, str]
    child: Child | None = None
    starting: asyncio.Task[None] | None = None

    async def runs(self) -> bool:
        """Return whether Azurite serves it, waiting while it starts."""
        if self.starting:
            await asyncio.wait({self.starting})
        return self.child is not None and self.child.running


class Blobs:
    """The blob services of all storage accounts of one home; data in `<home>/blobs/<account>`.

    `also_on` is an address by which containers reach this machine, for endpoints opened from then on. `admit` decides
    for each request whether it may access the blobs, and `strike` whether it fails.
    """

    def __init__(self, home: Path, children: Children, logs: Path, tls: TlsMaterial) -> None:
        self._tls = tls
        self.admit: Admit = lambda _asked: ("", "")
        self.strike: Strike = lambda _method, _path: None
        self._root = home / "blobs"
        self.also_on: str | None = None
        self._azurite = Azurite(children, logs)
        self._accounts: dict[str, _Account] = {}
        self._changing = asyncio.Lock()
        self._turn = asyncio.Lock()  # one Azurite starts at a time: each needs a core for a second

    async def ensure(self, account: str, keys: tuple[str, str], port: int) -> str:
        """Serve the account on `port` with these keys (Base64), keeping its data; return the endpoint, with a slash."""
        async with self._changing:
            served = self._accounts.get(account)
            if served is None:
                await self._open(account, keys, port)
            elif not await served.runs() or served.keys != keys:
                await self._serve_with(served, account, keys)
        return f"http://127.0.0.1:{port}/"

    async def _serve_with(self, served: _Account, account: str, keys: tuple[str, str]) -> None:
        """Restart Azurite, which reads its keys only at its start. Clients wait; in Azure they notice nothing."""
        served.front.open.clear()
        if served.child:
            await served.child.stop()
        served.keys, served.front.key = keys, keys[0]
        await self._start(served, account)

    async def _open(self, account: str, keys: tuple[str, str], port: int) -> None:
        """Listen, and start Azurite in the background: only early requests wait."""
        await self._azurite.install()
        front = BlobFront(account, keys[0], 0, self._admitted)
        front.open.clear()
        failing = Failing(front, self._struck)
        listener = EitherListener(failing, port, self._tls, also_on=self.also_on)
        failing.cut = listener.cut
        await listener.start()
        served = self._accounts[account] = _Account(listener, front, keys)
        served.starting = asyncio.create_task(self._start(served, account))
        served.starting.add_done_callback(_tell_failure)

    def _admitted(self, asked: Asked) -> tuple[str, str]:
        return self.admit(asked)

    def _struck(self, method: str, path: str) -> Fault | None:
        return self.strike(method, path)

    async def _start(self, served: _Account, account: str) -> None:
        try:
            async with self._turn:
                started = await self._azurite.start(account, served.keys, self._root / account)
            served.child, served.front.azurite_port = started
        finally:
            served.front.open.set()

    async def remove(self, account: str) -> None:
        """End the account's service and delete its blobs."""
        async with self._changing:
            if served := self._accounts.pop(account, None):
                await _close(served)
            shutil.rmtree(self._root / account, ignore_errors=True)

    async def create_container(self, account: str, container: str) -> None:
        """Create a blob container unless it exists, as Azure Resource Manager does."""
        await asyncio.to_thread(_create_container, await self._client_arguments(account, container))

    async def delete_container(self, account: str, container: str) -> None:
        """Delete a blob container with its blobs, if it exists."""
        await asyncio.to_thread(_delete_container, await self._client_arguments(account, container))

    async def _client_arguments(self, account: str, container: str) -> dict[str, Any]:
        try:
            served = self._accounts[account]
        except KeyError:
            raise RuntimeFaultError(f"using storage account {account}: it does not exist") from None
        await served.front.open.wait()
        return {
            # Not through the proxy: Resource Manager needs no key, even if the account accepts none.
            "account_url": f"http://127.0.0.1:{served.front.azurite_port}/{account}",
            "container_name": container,
            "credential": {"account_name": account, "account_key": served.keys[0]},
        }

    async def stop(self) -> None:
        """End every service; the data is kept."""
        async with self._changing:
            await asyncio.gather(*map(_close, self._accounts.values()))
            self._accounts.clear()


async def _close(account: _Account) -> None:
    await account.listener.stop()
    await account.runs()
    if account.child:
        await account.child.stop()
    await account.front.close()


def _tell_failure(start: asyncio.Task[None]) -> None:
    if not start.cancelled() and start.exception():
        _LOG.error("serving the blobs of a storage account", exc_info=start.exception())


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
