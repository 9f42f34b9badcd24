"""The web app's settings: what the container gets as environment variables, and how App Service pulls and runs it.

Names that App Service gives a meaning: https://learn.microsoft.com/azure/app-service/reference-app-settings
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from mlflow_azure.azure.refusals import doing
from mlflow_azure.resources import arm
from mlflow_azure.resources.web.site_part import SitePart
from mlflow_azure.resources.web.writes import NOT_AGAIN, read_anew
from mlflow_azure.secret import Secret, revealed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from azure.mgmt.web.models import StringDictionary

    from mlflow_azure.engine.node import Given, Node, Properties, Report
    from mlflow_azure.resources.web.web_app import WebApp


IMAGE_DIGEST = "MLFLOW_AZURE_IMAGE_DIGEST"
CONTINUOUS_DEPLOYMENT = "DOCKER_ENABLE_CI"
SIGN_IN_SECRET = "MLFLOW_AZURE_SIGN_IN_SECRET"  # noqa: S105 - the setting's name
"""Says, too, that the sign-in of a web app was set up by this program."""
FEDERATED_CLIENT = "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID"
"""Names the identity that stands in for the app registration's secret:
https://learn.microsoft.com/azure/app-service/configure-authentication-provider-aad#use-a-managed-identity-instead-of-a-secret-preview"""
DATABASE_URI = "MLFLOW_SERVER_DATABASE_URI"
MIGRATION_TOKEN = "MLFLOW_SERVER_MIGRATION_TOKEN"  # noqa: S105 - the setting's name
CONNECTION_STRING = "AZURE_STORAGE_CONNECTION_STRING"
REGISTRY_PASSWORD = "DOCKER_REGISTRY_SERVER_PASSWORD"  # noqa: S105 - the setting's name
KEYS_ROTATED = "MLFLOW_AZURE_KEYS_ROTATED"
"""When keys were last rotated. The image tells it, so that the container that has the new ones is known."""
_VAULT = "@Microsoft.KeyVault"
SECRETS = frozenset({CONNECTION_STRING, REGISTRY_PASSWORD, SIGN_IN_SECRET, MIGRATION_TOKEN})


class SettingsPart(Protocol):
    """Some app settings, and the nodes whose outputs they use."""

    @property
    def needs(self) -> tuple[Node, ...]:
        """The nodes whose outputs the settings use."""

    def desired(self, given: Given) -> Properties:
        """The settings by name; None for one that must not be there."""


class AppSettings(SitePart):
    """The app settings that the deployment needs; those that the user has added stay.

    They come in parts, so that a command that is about one of them touches no other. None stands for a setting that
    must not be there.
    """

    kind = "app settings"
    config = "appsettings"
    contested = True

    def __init__(self, site: WebApp, parts: Sequence[SettingsPart], *, after: tuple[Node, ...] = ()) -> None:
        super().__init__(site, needs=tuple(node for part in parts for node in part.needs), after=after)
        self.parts = parts

    def read(self, given: Given) -> Properties | None:
        with doing(f"reading the app settings of {self.site}"):
            return _redacted(self.apps.list_application_settings(*self.where))

    def desired(self, given: Given) -> Properties:
        return {name: value for part in self.parts for name, value in part.desired(given).items()}

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        """Write them once, with the user's own: the write replaces all."""

        def write(now: Properties) -> StringDictionary:
            merged = {name: value for name, value in revealed({**now, **desired}).items() if value is not None}
            body = arm.sent({"properties": merged})
            return self.apps.update_application_settings(*self.where, body, **NOT_AGAIN)

        with doing(f"writing the app settings of {self.site}"):
            return _redacted(read_anew(self, write, desired, live, given, report))


def _redacted(answer: StringDictionary) -> Properties:
    settings = arm.body(answer).get("properties") or {}
    return {name: Secret(value) if _is_secret(name, value) else value for name, value in settings.items()}


def _is_secret(name: str, value: str) -> bool:
    return name in SECRETS or (name == DATABASE_URI and has_password(value))


def vault_reference(secret: str) -> str:
    """What an app setting says instead of a secret that App Service is to read from Key Vault.

    https://learn.microsoft.com/azure/app-service/app-service-key-vault-references
    """
    return f"{_VAULT}(SecretUri={secret})"


def is_given(uri: str | Secret | None) -> bool:
    """Whether the URI of MLflow's database is that of someone else's: with a password, or in Key Vault."""
    return isinstance(uri, Secret) or (uri is not None and (uri.startswith(_VAULT) or has_password(uri)))


def has_password(uri: str) -> bool:
    """Whether the URI of a database has a password: someone else's has, ours never."""
    try:
        return bool(urlsplit(uri).password)
    except ValueError:
        return False
