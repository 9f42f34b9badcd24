"""From a web app's configuration to the container that the runtime runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm.web_mounts import state
from mlflow_azure.emulator.runtime import Mount, SiteSpec

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body
    from mlflow_azure.emulator.arm.world import World

# https://learn.microsoft.com/azure/app-service/reference-app-settings: seconds, by default and at most.
_START_LIMIT, _LONGEST_START_LIMIT = 230.0, 1800.0


async def run_site(world: World, site: Body) -> None:
    """Let the runtime bring the site's container in line with its configuration."""
    await world.runtime.sites.apply(_specification(world, site))


def _specification(world: World, site: Body) -> SiteSpec:
    hidden, name = world.resources.hidden(site["id"]), site["name"]
    configuration, settings = hidden["web"], hidden["appsettings"]
    return SiteSpec(
        name=name,
        image=_image(configuration["linuxFxVersion"]),
        registry_username=settings.get("DOCKER_REGISTRY_SERVER_USERNAME"),
        registry_password=settings.get("DOCKER_REGISTRY_SERVER_PASSWORD"),
        app_settings=settings,
        mounts=tuple(_mounts(world, hidden["azurestorageaccounts"])),
        command=configuration["appCommandLine"] or None,
        enabled=site["properties"]["enabled"],
        start_limit=_start_limit(settings.get("WEBSITES_CONTAINER_START_TIME_LIMIT", "")),
        access_rules=tuple(configuration["ipSecurityRestrictions"]),
        port=world.ports.of(f"site/{name}"),
        scm_port=world.ports.of(f"scm/{name}"),
        publishing_credentials=_publishing_credentials(name, hidden),
    )


def _publishing_credentials(name: str, hidden: dict[str, Any]) -> tuple[str, str] | None:
    allowed = hidden["basicPublishingCredentialsPolicies"]["scm"]
    return (f"${name}", hidden["publishingPassword"]) if allowed else None


def _image(linux_fx_version: str) -> str | None:
    kind, _, image = linux_fx_version.partition("|")
    return image if kind.upper() == "DOCKER" else None


def _start_limit(setting: str) -> float:
    return min(float(setting), _LONGEST_START_LIMIT) if setting.isdecimal() else _START_LIMIT


def _mounts(world: World, mounts: dict[str, Any]) -> list[Mount]:
    """The mounts that can work. The others say in their `state` that they cannot."""
    return [
        Mount(name, world.runtime.shares.ensure(mount["accountName"], mount["shareName"]), mount["mountPath"])
        for name, mount in mounts.items()
        if state(world, mount) == "Ok"
    ]
