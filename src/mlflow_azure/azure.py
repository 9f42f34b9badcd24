"""Signing in to Azure, and the clients of its management SDKs: made when first used, since importing one costs time."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mlflow_azure import __version__
from mlflow_azure.errors import MlflowAzureError

if TYPE_CHECKING:
    from collections.abc import Callable

    from azure.core.credentials import AccessTokenInfo, TokenRequestOptions
    from azure.core.polling import LROPoller

    from mlflow_azure.clouds import Cloud
    from mlflow_azure.deadline import Deadline
    from mlflow_azure.microsoft_graph import MicrosoftGraph
    from mlflow_azure.rest import RestClient

POLLING_SECONDS = 2  # where Azure does not say how long to wait; the SDK's own default is 30


class Azure:
    """The signed-in user's view of one subscription.

    The clients are typed as Any: they take JSON bodies, which the overloads of their typed signatures do not admit.

    Attributes:
        cloud: The cloud it is in.
        subscription_id: The subscription.
        deadline: When to give up waiting.

    """

    def __init__(self, cloud: Cloud, credential: Credential, subscription_id: str, deadline: Deadline) -> None:
        self.cloud = cloud
        self.credential = credential
        self.subscription_id = subscription_id
        self.deadline = deadline

    def _client(self, make: Callable[..., Any]) -> Any:
        return make(self.credential, self.subscription_id, **client_options(self.cloud))

    @cached_property
    def resources(self) -> Any:
        """ResourceManagementClient: resource groups, providers, tags."""
        from azure.mgmt.resource.resources import ResourceManagementClient

        return self._client(ResourceManagementClient)

    @cached_property
    def storage(self) -> Any:
        """StorageManagementClient: storage accounts, blob containers, file shares."""
        from azure.mgmt.storage import StorageManagementClient

        return self._client(StorageManagementClient)

    @cached_property
    def registries(self) -> Any:
        """ContainerRegistryManagementClient: registries and their webhooks."""
        from azure.mgmt.containerregistry import ContainerRegistryManagementClient

        return self._client(ContainerRegistryManagementClient)

    @cached_property
    def registry_tasks(self) -> Any:
        """ContainerRegistryTasksMgmtClient: image builds in the cloud."""
        from azure.mgmt.containerregistrytasks import ContainerRegistryTasksMgmtClient

        return self._client(ContainerRegistryTasksMgmtClient)

    @cached_property
    def web(self) -> Any:
        """WebSiteManagementClient: App Service plans and web apps."""
        from azure.mgmt.web import WebSiteManagementClient

        return self._client(WebSiteManagementClient)

    @cached_property
    def authorization(self) -> Any:
        """AuthorizationManagementClient: role assignments and permissions."""
        from azure.mgmt.authorization import AuthorizationManagementClient

        return self._client(AuthorizationManagementClient)

    @cached_property
    def rest(self) -> RestClient:
        """Azure Resource Manager itself, for what the clients do not know."""
        from mlflow_azure.rest import RestClient

        return RestClient(self.cloud, self.credential, self.cloud.resource_manager)

    @cached_property
    def directory(self) -> MicrosoftGraph:
        """Microsoft Graph: app registrations, service principals, users and groups."""
        from mlflow_azure.microsoft_graph import MicrosoftGraph

        return MicrosoftGraph(self.cloud, self.credential, self.deadline)

    @cached_property
    def tenant_id(self) -> str:
        """The Microsoft Entra tenant of the subscription. Raises AzureRefusedError, SignInError."""
        from mlflow_azure.refusals import doing

        with doing("reading your Azure subscription"):
            path = f"/subscriptions/{self.subscription_id}"
            return str(self.rest.send("GET", path, query={"api-version": "2022-12-01"})["tenantId"])

    def wait(self, poller: LROPoller[Any]) -> Any:
        """The result of a long-running operation, waiting for it until the deadline.

        Raises:
            TimedOutError: The deadline passed.
            HttpResponseError: The operation failed.

        """
        while not poller.done():
            poller.wait(min(1.0, self.deadline.remaining))
            self.deadline.check()
        result = poller.result()
        if poller.status().lower() != "succeeded":
            # LROPoller swallows a TypeError of its own thread, and then returns as if it were done.
            raise MlflowAzureError(
                f"Azure did not finish the operation: it is {poller.status()}", hint="Run the command again."
            )
        return result


def client_options(cloud: Cloud) -> dict[str, Any]:
    """Keyword arguments of every management client."""
    return {
        "base_url": cloud.resource_manager,
        "credential_scopes": [cloud.scope],
        "polling_interval": POLLING_SECONDS,
        "user_agent": f"mlflow-azure/{__version__}",
        **cloud.transport,
    }


class Credential:
    """Signs in when the first token is needed, and hands the same token to all clients while it is valid.

    Each SDK client has a token cache of its own, and a credential like AzureCliCredential starts a process for each
    token, which takes a second.
    """

    RENEW_SECONDS = 300

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._tokens: dict[tuple[str, ...], AccessTokenInfo] = {}
        self._lock = threading.Lock()

    @cached_property
    def _credential(self) -> Any:
        from azure.identity import ClientSecretCredential, DefaultAzureCredential

        sign_in = self._cloud.sign_in
        if sign_in is None:
            return DefaultAzureCredential(authority=self._cloud.authority, **self._cloud.transport)
        return ClientSecretCredential(
            sign_in.tenant_id,
            sign_in.client_id,
            sign_in.secret.reveal(),
            authority=self._cloud.authority,
            disable_instance_discovery=True,
            **self._cloud.transport,
        )

    def get_token_info(self, *scopes: str, options: TokenRequestOptions | None = None) -> AccessTokenInfo:
        """A token for `scopes`, as azure-core asks for it."""
        import time

        with self._lock:
            token = self._tokens.get(scopes)
            if token is None or options or token.expires_on - time.time() < self.RENEW_SECONDS:
                token = self._credential.get_token_info(*scopes, options=options or {})
                self._tokens[scopes] = token
            return token

    def token(self, scope: str) -> str:
        """A bearer token for `scope`. Raises SignInError."""
        from mlflow_azure.refusals import doing

        with doing("signing in to Azure"):
            return str(self.get_token_info(scope).token)


def visible_subscriptions(cloud: Cloud, credential: Any) -> dict[str, str]:
    """The enabled subscriptions that the signed-in user sees: id → display name."""
    from azure.mgmt.resource.subscriptions import SubscriptionClient

    from mlflow_azure.refusals import doing

    with doing("listing your Azure subscriptions"):
        client = SubscriptionClient(credential, **client_options(cloud))
        return {
            str(found.subscription_id): str(found.display_name)
            for found in client.subscriptions.list()
            if found.state in ("Enabled", "Warned", "PastDue")
        }
