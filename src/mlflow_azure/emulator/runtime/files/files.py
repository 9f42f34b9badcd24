"""File endpoints of storage accounts, each on a TLS port of its own."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlflow_azure.emulator.runtime.failing import Failing
from mlflow_azure.emulator.runtime.files.endpoint import FileEndpoint
from mlflow_azure.emulator.runtime.files.records import Records
from mlflow_azure.emulator.runtime.listener import Listener

if TYPE_CHECKING:
    from mlflow_azure.emulator.faults import Fault
    from mlflow_azure.emulator.runtime.failing import Strike
    from mlflow_azure.emulator.runtime.shares import Shares
    from mlflow_azure.emulator.runtime.spec import TlsMaterial


@dataclass(frozen=True)
class _Account:
    listener: Listener
    endpoint: FileEndpoint


class Files:
    """The file services of all storage accounts of one home.

    `records` are Resource Manager's records of the shares. `strike` decides for each request whether it fails.
    """

    def __init__(self, shares: Shares, tls: TlsMaterial) -> None:
        self.records = Records()
        self.strike: Strike = lambda _method, _path: None
        self._shares = shares
        self._tls = tls
        self._accounts: dict[str, _Account] = {}
        self._changing = asyncio.Lock()

    async def ensure(self, account: str, keys: tuple[str, str], port: int) -> str:
        """Serve the account on `port` with these keys (Base64); return the endpoint, with a trailing slash."""
        async with self._changing:
            if served := self._accounts.get(account):
                served.endpoint.keys = keys
            else:
                endpoint = FileEndpoint(account, keys, self._shares, self.records)
                failing = Failing(endpoint, self._struck)
                listener = Listener(failing, port, self._tls)
                failing.cut = listener.cut
                await listener.start()
                self._accounts[account] = _Account(listener, endpoint)
        return f"https://localhost:{port}/"

    def _struck(self, method: str, path: str) -> Fault | None:
        return self.strike(method, path)

    async def remove(self, account: str) -> None:
        """End the account's service."""
        async with self._changing:
            if served := self._accounts.pop(account, None):
                await served.listener.stop()

    async def stop(self) -> None:
        """End every service."""
        async with self._changing:
            await asyncio.gather(*(served.listener.stop() for served in self._accounts.values()))
            self._accounts.clear()
