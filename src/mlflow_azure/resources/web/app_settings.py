"""The web app's app settings: the container's environment variables, and how App Service pulls and runs it.

Names with a meaning to App Service: https://learn.microsoft.com/azure/app-service/reference-app-settings
"""

from __future__ import annotations

from datetime import UTC, datetime
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
"""Also marks a web app's sign-in as set up by this program."""
FEDERATED_CLIENT = "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID"
"""The identity that replaces the app registration's secret:
https://learn.microsoft.com/azure/app-service/configure-authentication-provider-aad#use-a-managed-identity-instead-of-a-secret-preview"""
DATABASE_URI = "MLFLOW_SERVER_DATABASE_URI"
MIGRATION_TOKEN = "MLFLOW_SERVER_MIGRATION_TOKEN"  # noqa: S105 - the setting's name
CONNECTION_STRING = "AZURE_STORAGE_CONNECTION_STRING"
REGISTRY_PASSWORD = "DOCKER_REGISTRY_SERVER_PASSWORD"  # noqa: S105 - the setting's name
WRITTEN = "MLFLOW_AZURE_KEYS_ROTATED"
"""When this program last changed app settings that a container may already have had (ISO 8601). The image reports it,
which identifies a container that has them. The name is that of its first use: the image of 1.5.0 reads it, and a
change of its build context would make every deployment build a new image."""
_VAULT = "@Microsoft.KeyVault"
SECRETS = frozenset({CONNECTION_STRING, REGISTRY_PASSWORD, SIGN_IN_SECRET, MIGRATION_TOKEN})


class SettingsPart(Protocol):
    """Some app settings, and the nodes whose outputs they use."""

    @property
    def needs(self) -> tuple[Node, ...]:
        """The nodes whose outputs the settings use."""

    def desired(self, given: Given) -> Properties:
        """Return the settings by name; None for one that must not exist."""


class AppSettings(SitePart):
    """The app settings that the deployment needs; the user's own stay.

    They are divided into parts, so that a command for one part does not touch the others. None stands for a setting
    that must not exist.
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
        """Write them once, with the user's own: the write replaces everything."""
        written = {WRITTEN: datetime.now(UTC).isoformat(timespec="microseconds")} if live else {}

        def write(now: Properties) -> StringDictionary:
            merged = {**now, **desired, **written}
            merged = {name: value for name, value in revealed(merged).items() if value is not None}
            body = arm.sent({"properties": merged})
            return self.apps.update_application_settings(*self.where, body, **NOT_AGAIN)

        with doing(f"writing the app settings of {self.site}"):
            return _redacted(read_anew(self, write, desired, live, given, report))

    def outputs(self, live: Properties) -> Properties:
        return {"written": live.get(WRITTEN)}


def _redacted(answer: StringDictionary) -> Properties:
    settings = arm.body(answer).get("properties") or {}
    return {name: Secret(value) if _is_secret(name, value) else value for name, value in settings.items()}


def _is_secret(name: str, value: str) -> bool:
    return name in SECRETS or (name == DATABASE_URI and has_password(value))


def vault_reference(secret: str) -> str:
    """Return the value of an app setting whose secret App Service reads from Key Vault.

    https://learn.microsoft.com/azure/app-service/app-service-key-vault-references
    """
    return f"{_VAULT}(SecretUri={secret})"


def is_given(uri: str | Secret | None) -> bool:
    """Whether the URI of MLflow's database is a given one: with a password, or in Key Vault."""
    return isinstance(uri, Secret) or (uri is not None and (uri.startswith(_VAULT) or has_password(uri)))


def has_password(uri: str) -> bool:
    """Whether a database URI has a password: a given one has, ours never does."""
    try:
        return bool(urlsplit(uri).password)
    except ValueError:
        return False
