"""The parts of the app settings, by what they follow from.

Names that App Service gives a meaning: https://learn.microsoft.com/azure/app-service/reference-app-settings
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from mlflow_azure.engine.compare import UNKNOWN, one_of
from mlflow_azure.engine.node import Node
from mlflow_azure.resources.web.app_settings import (
    CONNECTION_STRING,
    DATABASE_URI,
    FEDERATED_CLIENT,
    IMAGE_DIGEST,
    REGISTRY_PASSWORD,
    SIGN_IN_SECRET,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlflow_azure.engine.node import Given, Properties
    from mlflow_azure.resources.database.flexible_server import FlexibleServer
    from mlflow_azure.resources.entra.client_secret import ClientSecret
    from mlflow_azure.resources.registry.container_registry import ContainerRegistry
    from mlflow_azure.resources.registry.registry_image import Image
    from mlflow_azure.resources.registry.registry_password import RegistryPassword
    from mlflow_azure.resources.storage.storage_account import StorageAccount
    from mlflow_azure.resources.storage.storage_key import StorageKey
    from mlflow_azure.resources.user_assigned_identity import UserAssignedIdentity
    from mlflow_azure.resources.web.web_app import WebApp
    from mlflow_azure.secret import Secret


@dataclass(frozen=True)
class _Part:
    """Settings that follow from what stands in its fields."""

    @property
    def needs(self) -> tuple[Node, ...]:
        """The nodes among the fields."""
        values = (getattr(self, each.name) for each in fields(self))
        return tuple(value for value in values if isinstance(value, Node))


@dataclass(frozen=True)
class FixedSettings(_Part):
    """Settings that follow from no other resource."""

    values: Mapping[str, str | Secret | None]

    def desired(self, given: Given) -> Properties:
        """Just them."""
        return self.values


@dataclass(frozen=True)
class StorageSettings(_Part):
    """How MLflow reaches the blob container of its artifacts: with `key`; None is any that is valid."""

    account: StorageAccount
    key: StorageKey | None = None

    def desired(self, given: Given) -> Properties:
        """The account's connection string."""
        if self.key:
            return {CONNECTION_STRING: given(self.key, "connection_string")}
        return {CONNECTION_STRING: one_of(given(self.account, "connection_strings"))}


@dataclass(frozen=True)
class BlobSettings(_Part):
    """Where MLflow 3 reaches the account of its artifacts, as its identity."""

    account: StorageAccount

    def desired(self, given: Given) -> Properties:
        """The account's endpoint, over TLS: the Azure SDK sends tokens no other way."""
        endpoint = given(self.account, "blob_endpoint")
        secure = UNKNOWN if endpoint is UNKNOWN else "https://" + endpoint.partition("://")[2]
        return {"MLFLOW_SERVER_BLOB_ENDPOINT": secure}


@dataclass(frozen=True)
class DatabaseSettings(_Part):
    """How MLflow 3 reaches its database: as its identity, with a token for a password, which the image asks for."""

    server: FlexibleServer
    database: str
    identity: UserAssignedIdentity
    connections: int

    def desired(self, given: Given) -> Properties:
        """The database's URI, without a password, and how many connections an instance may hold."""
        host = given(self.server, "host")
        uri = UNKNOWN if host is UNKNOWN else f"postgresql://{self.identity.name}@{host}/{self.database}"
        return {DATABASE_URI: uri, "MLFLOW_SERVER_DATABASE_CONNECTIONS": str(self.connections)}


@dataclass(frozen=True)
class IdentitySettings(_Part):
    """Which of the web app's identities MLflow 3 is, and which names it answers to."""

    identity: UserAssignedIdentity
    site: WebApp

    def desired(self, given: Given) -> Properties:
        """The identity's client id; the web app's host names."""
        hosts = given(self.site, "hosts")
        return {
            "AZURE_CLIENT_ID": given(self.identity, "client_id"),
            "MLFLOW_SERVER_ALLOWED_HOSTS": UNKNOWN if hosts is UNKNOWN else ",".join(hosts),
        }


@dataclass(frozen=True)
class RegistrySettings(_Part):
    """How App Service pulls the image: as the registry's admin user, or with the web app's identity.

    Attributes:
        registry: The registry.
        identity: Whether with the identity.
        password: The admin user's password that is to be used; None is any that is valid.

    """

    registry: ContainerRegistry
    identity: bool
    password: RegistryPassword | None = None

    def desired(self, given: Given) -> Properties:
        """Where the registry is, and with which user and password."""
        server = given(self.registry, "login_server")
        return {
            "DOCKER_REGISTRY_SERVER_URL": UNKNOWN if server is UNKNOWN else f"https://{server}",
            "DOCKER_REGISTRY_SERVER_USERNAME": None if self.identity else given(self.registry, "username"),
            REGISTRY_PASSWORD: None if self.identity else self._password(given),
        }

    def _password(self, given: Given) -> Any:
        return given(self.password, "password") if self.password else one_of(given(self.registry, "passwords"))


@dataclass(frozen=True)
class ImageSettings(_Part):
    """The image's digest.

    App Service looks for a new image under the same tag only when it restarts, and a changed app setting restarts it.
    """

    image: Image

    def desired(self, given: Given) -> Properties:
        """The digest."""
        return {IMAGE_DIGEST: given(self.image, "digest")}


@dataclass(frozen=True)
class SignInSettings(_Part):
    """The secret of the app registration, with which App Service signs browsers in."""

    secret: ClientSecret

    def desired(self, given: Given) -> Properties:
        """The secret where it is a new one; an older one, which nobody can read, stays."""
        value = given(self.secret, "secret")
        return {} if value is None else {SIGN_IN_SECRET: value}


@dataclass(frozen=True)
class FederatedSettings(_Part):
    """The identity that stands in for the secret of the app registration."""

    identity: UserAssignedIdentity

    def desired(self, given: Given) -> Properties:
        """The identity's client id, and no secret any more."""
        return {FEDERATED_CLIENT: given(self.identity, "client_id"), SIGN_IN_SECRET: None}
