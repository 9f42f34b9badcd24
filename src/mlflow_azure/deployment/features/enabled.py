"""The features of a live deployment: MLflow version, sign-in, continuous deployment, identity, access.

None of this is stored on disk: the live web app and registry say what is enabled, and a later plain `deploy` keeps
it.
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
    """The enabled features.

    Attributes:
        identity: Whether the web app pulls the image with its managed identity, and the registry has no admin user.
            None: it does not, and never has.
        continuous_deployment: A push of the image makes the web app pull it.
        sign_in: The server requires sign-in. None: it does not, or someone else set it up.
        version: The deployed MLflow version; None if none is deployed.
        is_restricted: Whether access restrictions keep the internet out.
        is_public: Whether someone explicitly let everyone in.
        has_own_database: Whether MLflow 3 uses the deployment's own server, not a given database.
        is_private: Whether that server has an address in a virtual network only.
        upgrade: The state of the upgrade from 1.5.0 to 3; None if it was never begun. While it is "switched", the file
            share is kept.
        release: The deployed release of MLflow 3; None if there is none, or it is not recorded.
        move: What a deploy does in addition when it changes the MLflow version.
        scaling: The limits of the plan's autoscale; None for a fixed number of instances.
        serves: Whether a deploy got as far as setting the image; it decides who gets in before that.
        pulls_anew: Whether a web app switches from pulling with a password to pulling with its identity.

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
    """Return the live deployment's features; none if nothing is deployed.

    Raises:
        MlflowAzureError: It cannot be read.

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
    """Derive the features from a live web app, its configuration, webhook and sign-in settings.

    Whether the server is private is recorded on the web app, which may not exist yet when the server does.
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
    """Whether the live app settings refer to a database that is not on our own server."""
    with doing(f"reading the app settings of web app {site}"):
        answer = azure.web.web_apps.list_application_settings(group, site)
    return is_given((arm.body(answer).get("properties") or {}).get(DATABASE_URI))
