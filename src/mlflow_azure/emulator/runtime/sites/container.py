"""What a web app runs: the interface between a site and the kind of runtime behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mlflow_azure.emulator.runtime.sites.site_log import SiteLog
    from mlflow_azure.emulator.runtime.spec import SiteSpec


class StartError(Exception):
    """The container could not be started; the text is a line of the platform's log."""


class Container(Protocol):
    """A started container, or the process that stands for one."""

    name: str
    port: int  # on loopback
    ssh_port: int | None  # on loopback; None where there is no SSH server

    def has_socket(self, address: str, port: int) -> bool:
        """Whether one of its connections goes out from this address and port of this machine. May take a moment."""

    async def wait(self) -> int:
        """Wait until it ends; its exit status."""

    async def stop(self) -> None:
        """End it gracefully, then the hard way; nothing of it is left."""


def app_service_variables(spec: SiteSpec, port: int) -> dict[str, str]:
    """What App Service adds to the app settings; `port` is where the container is to listen.

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
