"""The runtime "none": Resource Manager answers, and nothing stands behind it. For tests of the control plane alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class _Blobs:
    async def ensure(self, _account: str, _keys: tuple[str, str], port: int) -> str:
        return f"http://127.0.0.1:{port}/"

    async def create_container(self, account: str, container: str) -> None: ...

    async def delete_container(self, account: str, container: str) -> None: ...

    async def remove(self, account: str) -> None: ...


class _Shares:
    def ensure(self, account: str, share: str) -> Path:
        return Path(account, share)

    def remove(self, account: str, share: str | None) -> None: ...

    def usage(self, _account: str, _share: str) -> int:
        return 0


class _Registry:
    async def ensure(
        self,
        _name: str,
        port: int,
        _credentials: Callable[[], tuple[str, str] | None],
        _token_ok: Callable[[str], bool],
    ) -> str:
        return f"localhost:{port}"

    async def remove(self, name: str) -> None: ...


class _Sites:
    async def restart(self, name: str) -> None: ...

    async def remove(self, name: str) -> None: ...

    def state(self, _name: str) -> str:
        return "Stopped"


class BareRuntime:
    """Runs nothing."""

    kind = "none"

    def __init__(self) -> None:
        self.blobs = _Blobs()
        self.shares = _Shares()
        self.registry = _Registry()
        self.sites = _Sites()

    async def start(self) -> None:
        """Nothing to start."""

    async def stop(self) -> None:
        """Nothing to stop."""
