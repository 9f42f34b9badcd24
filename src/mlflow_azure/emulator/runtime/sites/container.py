"""The interface between a site and the runtime behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mlflow_azure.emulator.runtime.sites.site_log import SiteLog
    from mlflow_azure.emulator.runtime.spec import SiteSpec


class StartError(Exception):
    """The container could not be started; the text is a line for the platform's log."""


class Container(Protocol):
    """A started container, or the process in its place."""

    name: str
    port: int  # on loopback
    ssh_port: int | None  # on loopback; None where there is no SSH server

    def has_socket(self, address: str, port: int) -> bool:
        """Whether it has a connection from this address and port of this machine. May take a moment."""

    async def wait(self) -> int:
        """Wait until it ends; return its exit status."""

    async def stop(self) -> None:
        """Stop it gracefully, then kill it; nothing of it is left."""


def app_service_variables(spec: SiteSpec, port: int) -> dict[str, str]:
    """Return what App Service adds to the app settings; `port` is the container's port.

    https://learn.microsoft.com/azure/app-service/reference-app-settings
    """
    identity = (
        {"IDENTITY_ENDPOINT": spec.identity.url, "IDENTITY_HEADER": spec.identity.header} if spec.identity else {}
    )
    return identity | {
        "PORT": str(port),
        "WEBSITE_SITE_NAME": spec.name,
        "WEBSITE_HOSTNAME": f"localhost:{spec.port}",
        "WEBSITE_INSTANCE_ID": spec.instance_id,
        "WEBSITE_ROLE_INSTANCE_ID": str(spec.instance),
    }


class ContainerHost(Protocol):
    """Pulls images and starts them."""

    async def start(self, spec: SiteSpec, log: SiteLog) -> Container:
        """Pull `spec.image` and start it, its output going to `log`. Raises StartError."""
