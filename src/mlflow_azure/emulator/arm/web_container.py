"""Converts a web app's configuration to the container that the runtime runs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm.identity_principals import user_assigned
from mlflow_azure.emulator.arm.registries import REGISTRY_TYPE, takes_arm_tokens
from mlflow_azure.emulator.arm.roles import may_pull
from mlflow_azure.emulator.arm.web_mounts import state
from mlflow_azure.emulator.runtime import Mount, SiteSpec
from mlflow_azure.emulator.runtime.registry.token_service import TOKEN_USER

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body
    from mlflow_azure.emulator.arm.world import World

# https://learn.microsoft.com/azure/app-service/reference-app-settings: seconds, by default and at most.
_START_LIMIT, _LONGEST_START_LIMIT = 230.0, 1800.0


_REFERENCE = re.compile(r"@Microsoft\.KeyVault\(SecretUri=([^)]+)\)")


async def run_site(world: World, site: Body) -> None:
    """Make the runtime apply the configuration to the site's container."""
    await world.runtime.sites.apply(_specification(world, site))


def _specification(world: World, site: Body) -> SiteSpec:
    hidden, name = world.resources.hidden(site["id"]), site["name"]
    configuration = hidden["web"]
    settings = {each: _resolved(world, site, value) for each, value in hidden["appsettings"].items()}
    return SiteSpec(
        name=name,
        image=_image(configuration["linuxFxVersion"]),
        registry_username=settings.get("DOCKER_REGISTRY_SERVER_USERNAME"),
        registry_password=settings.get("DOCKER_REGISTRY_SERVER_PASSWORD"),
        app_settings=settings,
        mounts=tuple(_mounts(world, hidden["azurestorageaccounts"])),
        broken_mounts=tuple(_broken_mounts(world, hidden["azurestorageaccounts"])),
        command=configuration["appCommandLine"] or None,
        enabled=site["properties"]["enabled"] and not hidden.get("stopped"),
        start_limit=_start_limit(settings.get("WEBSITES_CONTAINER_START_TIME_LIMIT", "")),
        access_rules=tuple(configuration["ipSecurityRestrictions"]),
        port=world.ports.of(f"site/{name}"),
        scm_port=world.ports.of(f"scm/{name}"),
        publishing_credentials=_publishing_credentials(name, hidden),
        pull_identity=_pull_identity(world, site, configuration),
        instances=_instances(world, site),
        health_check_path=configuration.get("healthCheckPath"),
        identity=world.runtime.sites.identities.access(name) if site.get("identity") else None,
    )


def _resolved(world: World, site: Body, setting: str) -> str:
    """Return an app setting's value for the container: the Key Vault secret it refers to, if the identity may read it.

    Otherwise the reference itself: https://learn.microsoft.com/azure/app-service/app-service-key-vault-references
    """
    reference = _REFERENCE.fullmatch(setting)
    reader = site["properties"]["keyVaultReferenceIdentity"].lower()
    own = {each.lower() for each in site.get("identity", {}).get("userAssignedIdentities") or {}}
    if site.get("identity", {}).get("principalId"):
        own.add("systemassigned")
    if reference is None or reader not in own:
        return setting
    return str(world.settings.get("vault", {}).get(reference[1], setting))


def _instances(world: World, site: Body) -> int:
    """The plan's number of machines."""
    plan = world.resources.find(site["properties"]["serverFarmId"])
    return int(plan["sku"]["capacity"]) if plan else 1


def sign_in(world: World, spec: SiteSpec) -> tuple[str, str]:
    """Return user name and password for a site's registry, obtained by its managed identity.

    An identity without the role AcrPull gets a password that the registry refuses. So does any if the registry
    accepts no tokens for Resource Manager: App Service has no others (github.com/MicrosoftDocs/azure-docs/pull/128529).
    """
    login_server = (spec.image or "").partition("/")[0]
    for registry in world.resources.of_type(REGISTRY_TYPE):
        served = registry["properties"].get("loginServer") == login_server
        if served and takes_arm_tokens(registry) and may_pull(world, spec.pull_identity or "", registry["id"]):
            return TOKEN_USER, world.runtime.registry.auth(registry["name"]).refresh_token()
    return TOKEN_USER, "none"


def _pull_identity(world: World, site: Body, configuration: dict[str, Any]) -> str | None:
    """Return the object id of the identity that pulls the image; empty if the site lacks it, None if none should.

    `acrUserManagedIdentityID` is a client id; without one the system-assigned identity pulls:
    https://learn.microsoft.com/azure/app-service/configure-custom-container#use-an-image-from-a-private-registry
    """
    if not configuration["acrUseManagedIdentityCreds"]:
        return None
    if client := configuration.get("acrUserManagedIdentityID"):
        return next((each.principal for each in user_assigned(world, site) if each.client == client), "")
    return str(site.get("identity", {}).get("principalId", ""))


def _publishing_credentials(name: str, hidden: dict[str, Any]) -> tuple[str, str] | None:
    allowed = hidden["basicPublishingCredentialsPolicies"]["scm"]
    return (f"${name}", hidden["publishingPassword"]) if allowed else None


def _image(linux_fx_version: str) -> str | None:
    kind, _, image = linux_fx_version.partition("|")
    return image if kind.upper() == "DOCKER" else None


def _start_limit(setting: str) -> float:
    return min(float(setting), _LONGEST_START_LIMIT) if setting.isdecimal() else _START_LIMIT


def _broken_mounts(world: World, mounts: dict[str, Any]) -> list[str]:
    return [name for name, mount in mounts.items() if state(world, mount) != "Ok"]


def _mounts(world: World, mounts: dict[str, Any]) -> list[Mount]:
    """Return the working mounts. The others show their problem in `state`."""
    return [
        Mount(name, world.runtime.shares.ensure(mount["accountName"], mount["shareName"]), mount["mountPath"])
        for name, mount in mounts.items()
        if state(world, mount) == "Ok"
    ]
