"""What a web app runs: the interface between a site and the kind of runtime behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mlflow_azure.emulator.runtime.site_log import SiteLog
    from mlflow_azure.emulator.runtime.spec import SiteSpec


class StartError(Exception):
    """The container could not be started; the text is a line of the platform's log."""


class Container(Protocol):
    """A started container, or the process that stands for one."""

    name: str
    port: int  # on loopback
    ssh_port: int | None  # on loopback; None where there is no SSH server

    async def wait(self) -> int:
        """Wait until it ends; its exit status."""

    async def stop(self) -> None:
        """End it gracefully, then the hard way; nothing of it is left."""


class ContainerHost(Protocol):
    """Pulls images and starts them."""

    async def start(self, spec: SiteSpec, log: SiteLog) -> Container:
        """Pull `spec.image` and start it, its output going to `log`. Raises StartError."""
