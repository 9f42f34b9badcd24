"""What a live deployment is: which MLflow, sign-in, continuous deployment, pulling with an identity, who gets in.

Nothing of it is kept on disk: the live web app and registry say what was enabled, and a later plain `deploy` goes on
with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlflow_azure import engine
from mlflow_azure.azure.refusals import doing
from mlflow_azure.deployment.features.sign_in import SignIn, live_sign_in
from mlflow_azure.deployment.features.version import release_of, version_of
from mlflow_azure.resources import arm
from mlflow_azure.resources.database.flexible_server import FlexibleServer
from mlflow_azure.resources.registry.webhook import webhook_name
from mlflow_azure.resources.web import autoscale
from mlflow_azure.resources.web.app_settings import DATABASE_URI, is_given
from mlflow_azure.resources.web.autoscale import limits_of
from mlflow_azure.resources.web.site_config import by_owner, is_public, names_image
from mlflow_azure.settings import POSTGRES

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.deployment.foundation import Move
    from mlflow_azure.engine.node import Properties
    from mlflow_azure.resources.web.autoscale import Limits
    from mlflow_azure.settings import Settings


@dataclass(frozen=True)
class Features:
    """What is enabled.

    Attributes:
        identity: Whether the web app pulls the image with its managed identity, and the registry has no admin user.
            None: not, and neither did it before.
        continuous_deployment: A push of the image makes the web app pull it.
        sign_in: Who reaches the server has to sign in. None: nobody has to, or someone else set it up.
        version: Which MLflow is deployed; None where none is.
        is_restricted: Whether access restrictions keep the internet out.
        is_public: Whether someone decided to let everyone in.
        has_own_database: Whether MLflow 3 is on a server of the deployment's own, not on a given database.
        is_private: Whether its server has no public address, but one in a virtual network.
        upgrade: How far the way from 1.5.0 to 3 is; None where it was never begun. While it is "switched", the file
            share is kept.
        release: Which release of MLflow 3 is deployed; None where none is, or nobody noted it.
        move: What a deploy does beside the usual where it changes the MLflow.
        scaling: Between which numbers the plan has instances by its load; None for a fixed number.
        serves: Whether a deploy came as far as to name the image: before it does, it has decided who gets in.
        pulls_anew: Whether a web app that pulled with a password is to pull with its identity.

    """

    identity: bool | None = None
    continuous_deployment: bool = False
    sign_in: SignIn | None = None
    version: str | None = None
    is_restricted: bool = False
    is_public: bool = False
    has_own_database: bool = True
    is_private: bool = False
    upgrade: str | None = None
    release: str | None = None
    move: Move | None = None
    scaling: Limits | None = None
    serves: bool = False
    pulls_anew: bool = False


MINIMUM = Features()


def enabled_features(azure: Azure, settings: Settings) -> Features:
    """What the live deployment has enabled; nothing where there is none.

    Raises:
        MlflowAzureError: Whatever stands in the way of reading it.

    """
    group, site, registry = settings.rg_name, settings.web_app_name, settings.acr_name
    web, hook = azure.web.web_apps, webhook_name(site)

    def read(get: Callable[[], Any]) -> Callable[[], dict[str, Any] | None]:
        return lambda: arm.get(f"what is enabled on web app {site}", get)

    found = engine.gather(
        {
            "site": read(lambda: web.get(group, site)),
            "config": read(lambda: web.get_configuration(group, site)),
            "webhook": read(lambda: azure.registries.webhooks.get(group, registry, hook)),
            "sign_in": read(lambda: web.get_auth_settings_v2_without_secrets(group, site)),
        },
        azure.deadline,
    )
    config = found["config"] and by_owner(found["config"]["properties"])
    live = found["site"]
    if live is None or version_of(live) != POSTGRES:
        return features_of(azure, **{**found, "config": config}, has_own_database=True)
    given = _has_given_database(azure, group, site)
    scaling = autoscale.find(azure, group, live["properties"]["serverFarmId"])
    return features_of(azure, **{**found, "config": config}, has_own_database=not given, autoscale=scaling)


def features_of(
    azure: Azure,
    *,
    site: Properties | None,
    config: Properties | None,
    webhook: Properties | None,
    sign_in: Properties | None,
    has_own_database: bool,
    server: Properties | None = None,
    autoscale: Properties | None = None,
) -> Features:
    """The features that a live web app, its configuration as it is read, webhook and sign-in settings make up.

    Whether the server is private is noted at the web app, which may not be there yet where the server is.
    """
    return Features(
        identity=True if config and config["properties"].get("acrUseManagedIdentityCreds") else None,
        continuous_deployment=bool(webhook and arm.is_tagged_ours(webhook["tags"])),
        sign_in=live_sign_in(azure, sign_in),
        version=version_of(site),
        is_restricted=is_public(site, config) is False or bool(config and config["otherRules"]),
        is_public=_is_tagged(site, arm.ACCESS, arm.PUBLIC),
        has_own_database=has_own_database,
        is_private=FlexibleServer.is_private(server) if server else _is_tagged(site, arm.NETWORK, arm.PRIVATE),
        upgrade=site["tags"].get(arm.UPGRADE) if site else None,
        scaling=limits_of(autoscale),
        serves=names_image(config),
        release=release_of(site),
    )


def _is_tagged(site: Properties | None, name: str, value: str) -> bool:
    return bool(site and site["tags"].get(name) == value)


def _has_given_database(azure: Azure, group: str, site: str) -> bool:
    """Whether the live app settings have a database that is not on a server of our own."""
    with doing(f"reading the app settings of web app {site}"):
        answer = azure.web.web_apps.list_application_settings(group, site)
    return is_given((arm.body(answer).get("properties") or {}).get(DATABASE_URI))
