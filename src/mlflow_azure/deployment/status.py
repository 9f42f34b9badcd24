"""The status of a deployment: all resources, the server's health, and who can reach it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlflow_azure import engine
from mlflow_azure.deployment.facts import HIDDEN, MISSING, Principal, ResourceState, RunningImage, ShareUse
from mlflow_azure.deployment.features.enabled import enabled_features
from mlflow_azure.deployment.stack import mlflow_stack
from mlflow_azure.errors import SignInError
from mlflow_azure.events import Warned
from mlflow_azure.resources import arm
from mlflow_azure.resources.entra import auth_settings
from mlflow_azure.resources.entra.service_principal import ServicePrincipal
from mlflow_azure.resources.provider import Provider
from mlflow_azure.resources.server_health import Health, probe, server_token
from mlflow_azure.resources.web.app_settings import CONTINUOUS_DEPLOYMENT, IMAGE_DIGEST, WRITTEN
from mlflow_azure.resources.web.site_config import is_public
from mlflow_azure.resources.web.site_part import SitePart
from mlflow_azure.resources.web.web_app import PLACEHOLDER, RUNNING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.deployment.features.sign_in import SignIn
    from mlflow_azure.deployment.stack_nodes import Stack
    from mlflow_azure.engine import Reading
    from mlflow_azure.engine.node import Properties, Resource
    from mlflow_azure.resources.storage.file_share import FileShare
    from mlflow_azure.settings import Settings


@dataclass(frozen=True)
class Status:
    """The state of a deployment. Values that depend on a missing resource are None.

    Attributes:
        version: The deployed MLflow version; None if none is deployed.
        url: URL of the server.
        health: The server's health.
        is_stopped: Whether someone stopped the web app.
        resources: All resources, in the order of the stack.
        image: The deployed image.
        share: Usage of the file share.
        is_public: Whether the whole internet can reach it.
        sign_in: Whether it requires Microsoft Entra sign-in.
        allowed: Who can sign in, by kind; None if everyone can, or it is not visible.
        continuous_deployment: Whether a push to the registry redeploys.
        portal: The web app's page in the Azure portal.

    """

    version: str | None
    url: str | None
    health: Health | None
    is_stopped: bool
    resources: tuple[ResourceState, ...]
    image: RunningImage | None
    share: ShareUse | None
    is_public: bool | None
    sign_in: bool | None
    allowed: tuple[Principal, ...] | None
    continuous_deployment: bool | None
    portal: str | None

    @property
    def answering(self) -> str | None:
        """Digest of the image that answers, where it is another than the one that was deployed and tells it."""
        return self.health.image if self.health and self.image and self.health.image != self.image.digest else None

    @property
    def missing(self) -> tuple[ResourceState, ...]:
        """The resources that do not exist."""
        return tuple(row for row in self.resources if row.state == MISSING)

    @property
    def hidden(self) -> tuple[ResourceState, ...]:
        """The resources that the user cannot see."""
        return tuple(row for row in self.resources if row.state == HIDDEN)

    @property
    def is_deployed(self) -> bool:
        """Whether anything of it exists; providers do not count, as they belong to the subscription."""
        return any(row.state not in (MISSING, HIDDEN) and row.kind != Provider.kind for row in self.resources)

    def advice(self, settings: Settings) -> Warned | None:
        """What is wrong, and the next command; of several problems, the first is the cause of the others."""
        deploy = "mlflow-azure deploy"
        if self.version not in (None, settings.mlflow_version):
            deploy += f" --mlflow {self.version}"
        if not self.is_deployed:
            return Warned(f"Nothing is deployed to resource group {settings.rg_name}.", deploy)
        if self.missing:
            listed = ", ".join(f"{row.kind} {row.name}" for row in self.missing)
            return Warned(f"Partly deployed. Missing: {listed}.", deploy)
        if self.is_stopped:
            return Warned("The web app is stopped.", deploy)
        if self.health and not self.health.healthy:
            return Warned(f"The server {self.health.detail}.", "mlflow-azure logs --tail 100")
        if self.image and not (self.image.is_newest or self.continuous_deployment):
            return Warned("The web app is not running the newest image in the registry.", f"{deploy} --build none")
        return None


def read_status(azure: Azure, settings: Settings) -> Status:
    """Read everything in parallel, without changing anything.

    Raises:
        MlflowAzureError: Azure cannot be read.

    """
    enabled = enabled_features(azure, settings)
    stack = mlflow_stack(azure, settings, enabled)
    resources = stack.resources
    found = _read(azure, stack, resources)
    readings: Mapping[Resource, Reading] = found["resources"]
    site = readings[stack.site]
    url = site.outputs["url"] if site.outputs else None
    app_settings = readings[stack.app_settings].live or {}
    image = _image(readings, stack)
    return Status(
        version=enabled.version,
        url=url,
        health=_health(azure, url, enabled.sign_in, image, app_settings, enabled.version or settings.mlflow_version)
        if url
        else None,
        is_stopped=site.live is not None and stack.site.state(site.live) != RUNNING,
        resources=tuple(_rows(resources, readings)),
        image=image,
        share=_share(found["share"]),
        is_public=is_public(site.live, readings[stack.config].live),
        sign_in=None if found["sign-in"] is None else auth_settings.requires_sign_in(found["sign-in"]),
        allowed=_allowed(readings),
        continuous_deployment=str(app_settings.get(CONTINUOUS_DEPLOYMENT)).lower() == "true" if app_settings else None,
        portal=azure.cloud.portal_page(stack.site.id) if url else None,
    )


def _read(azure: Azure, stack: Stack, resources: Sequence[Resource]) -> Mapping[str, Any]:
    """Read all resources, and the details that only a status needs, in parallel."""
    work: Mapping[str, Callable[[], Any]] = {
        "resources": lambda: engine.read(resources, azure.deadline, hiding=True),
        "share": lambda: _usage(stack.share),
        "sign-in": lambda: auth_settings.read_sign_in(azure, *stack.site.where),
    }
    return engine.gather(work, azure.deadline)


def _usage(share: FileShare | None) -> Properties | None:
    """Return the file share with its usage; None if there is none."""
    if share is None:
        return None
    shares, where = share.azure.storage.file_shares, (*share.account.where, share.name)
    return arm.get(f"the usage of {share}", lambda: shares.get(*where, expand="stats"))


def _health(
    azure: Azure, url: str, sign_in: SignIn | None, image: RunningImage | None, app_settings: Properties, version: str
) -> Health:
    """Return the server's health, and whether it has the app settings, and runs the image that they name."""
    health, written = _probe(azure, url, sign_in, version), app_settings.get(WRITTEN)
    if image and image.digest:
        health = health.by(image.digest)
    return health.with_settings(written) if written else health


def _probe(azure: Azure, url: str, sign_in: SignIn | None, version: str) -> Health:
    """Probe the server, with a token if sign-in is on; otherwise only App Service would respond."""
    if sign_in is None or sign_in.client_id is None:
        return probe(url, version=version)
    try:
        return probe(url, server_token(azure.credential, sign_in.client_id).value, version=version)
    except SignInError:
        return probe(url, version=version)


def _rows(resources: Iterable[Resource], readings: Mapping[Resource, Reading]) -> Iterator[ResourceState]:
    for resource in resources:
        live = readings[resource].live
        if resource.implied and live is None and not readings[resource].hidden:
            continue
        yield ResourceState(
            kind=resource.kind,
            name=resource.name,
            id=resource.id,
            state=HIDDEN if readings[resource].hidden else MISSING if live is None else resource.state(live),
            sku=None if resource.implied else ((live or {}).get("sku") or {}).get("name"),
            # App Service includes a region in its responses for a site's parts too.
            location=(live or {}).get("location") if not isinstance(resource, SitePart) else None,
        )


def _image(readings: Mapping[Resource, Reading], stack: Stack) -> RunningImage | None:
    config, settings = readings[stack.config].live, readings[stack.app_settings].live
    runs, _, reference = str((config or {}).get("properties", {}).get("linuxFxVersion") or "").partition("|")
    if runs != "DOCKER" or reference == PLACEHOLDER or settings is None:
        return None
    live, digest = readings[stack.image].live, settings.get(IMAGE_DIGEST)
    newest = None if live is None else live["digest"]
    return RunningImage(reference, digest, newest, is_newest=digest == newest)


def _allowed(readings: Mapping[Resource, Reading]) -> tuple[Principal, ...] | None:
    """Return who can sign in; None if everyone can, sign-in is off, or the user cannot see it."""
    principals = (reading.live for node, reading in readings.items() if isinstance(node, ServicePrincipal))
    restricted = (live for live in principals if live and live.get("appRoleAssignmentRequired"))
    return next((tuple(Principal(**each) for each in live["people"]) for live in restricted), None)


def _share(live: Properties | None) -> ShareUse | None:
    if live is None:
        return None
    return ShareUse(live["properties"].get("shareUsageBytes") or 0, live["properties"]["shareQuota"])
