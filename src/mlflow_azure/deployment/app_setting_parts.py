"""The parts of the app settings, by their source.

Names with a meaning to App Service: https://learn.microsoft.com/azure/app-service/reference-app-settings
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
    """App settings derived from the dataclass's fields."""

    @property
    def needs(self) -> tuple[Node, ...]:
        """Return the fields that are nodes."""
        values = (getattr(self, each.name) for each in fields(self))
        return tuple(value for value in values if isinstance(value, Node))


@dataclass(frozen=True)
class FixedSettings(_Part):
    """App settings that do not depend on other resources."""

    values: Mapping[str, str | Secret | None]

    def desired(self, given: Given) -> Properties:
        """Return them."""
        return self.values


@dataclass(frozen=True)
class StorageSettings(_Part):
    """Access of MLflow to its blob container, with `key`; None means any valid key."""

    account: StorageAccount
    key: StorageKey | None = None

    def desired(self, given: Given) -> Properties:
        """Return the account's connection string."""
        if self.key:
            return {CONNECTION_STRING: given(self.key, "connection_string")}
        return {CONNECTION_STRING: one_of(given(self.account, "connection_strings"))}


@dataclass(frozen=True)
class BlobSettings(_Part):
    """Access of MLflow 3 to its storage account, with its identity."""

    account: StorageAccount

    def desired(self, given: Given) -> Properties:
        """Return the account's endpoint, over TLS: the Azure SDK sends tokens over TLS only."""
        endpoint = given(self.account, "blob_endpoint")
        secure = UNKNOWN if endpoint is UNKNOWN else "https://" + endpoint.partition("://")[2]
        return {"MLFLOW_SERVER_BLOB_ENDPOINT": secure}


@dataclass(frozen=True)
class DatabaseSettings(_Part):
    """Access of MLflow 3 to its database: with its identity, whose token the image uses as the password."""

    server: FlexibleServer
    database: str
    identity: UserAssignedIdentity
    connections: int

    def desired(self, given: Given) -> Properties:
        """Return the database's URI, without a password, and the connection limit per instance."""
        host = given(self.server, "host")
        uri = UNKNOWN if host is UNKNOWN else f"postgresql://{self.identity.name}@{host}/{self.database}"
        return {DATABASE_URI: uri, "MLFLOW_SERVER_DATABASE_CONNECTIONS": str(self.connections)}


@dataclass(frozen=True)
class IdentitySettings(_Part):
    """The identity that MLflow 3 uses, and the host names it responds to."""

    identity: UserAssignedIdentity
    site: WebApp

    def desired(self, given: Given) -> Properties:
        """Return the identity's client id and the web app's host names."""
        hosts = given(self.site, "hosts")
        return {
            "AZURE_CLIENT_ID": given(self.identity, "client_id"),
            "MLFLOW_SERVER_ALLOWED_HOSTS": UNKNOWN if hosts is UNKNOWN else ",".join(hosts),
        }


@dataclass(frozen=True)
class RegistrySettings(_Part):
    """How App Service pulls the image: as the registry's admin user or with the web app's identity.

    Attributes:
        registry: The registry.
        identity: Whether it uses the identity.
        password: The admin user's password to use; None means any valid one.

    """

    registry: ContainerRegistry
    identity: bool
    password: RegistryPassword | None = None

    def desired(self, given: Given) -> Properties:
        """Return the registry's address, user and password."""
        server = given(self.registry, "login_server")
        return {
            "DOCKER_REGISTRY_SERVER_URL": UNKNOWN if server is UNKNOWN else f"https://{server}",
            "DOCKER_REGISTRY_SERVER_USERNAME": None if self.identity else given(self.registry, "pull_username"),
            REGISTRY_PASSWORD: None if self.identity else self._password(given),
        }

    def _password(self, given: Given) -> Any:
        return given(self.password, "password") if self.password else one_of(given(self.registry, "pull_passwords"))


@dataclass(frozen=True)
class ImageSettings(_Part):
    """The image's digest.

    App Service only checks the tag for a new image when it restarts, and a changed app setting restarts it.
    """

    image: Image

    def desired(self, given: Given) -> Properties:
        """Return the digest."""
        return {IMAGE_DIGEST: given(self.image, "digest")}


@dataclass(frozen=True)
class SignInSettings(_Part):
    """The app registration's secret, with which App Service signs browsers in."""

    secret: ClientSecret

    def desired(self, given: Given) -> Properties:
        """Return a new secret; an existing one cannot be read, and stays."""
        value = given(self.secret, "secret")
        return {} if value is None else {SIGN_IN_SECRET: value}


@dataclass(frozen=True)
class FederatedSettings(_Part):
    """The identity that replaces the app registration's secret."""

    identity: UserAssignedIdentity

    def desired(self, given: Given) -> Properties:
        """Return the identity's client id, and remove the secret."""
        return {FEDERATED_CLIENT: given(self.identity, "client_id"), SIGN_IN_SECRET: None}
