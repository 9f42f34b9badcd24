"""The clients of the management SDKs, created on first use, since importing one takes time."""

from __future__ import annotations

from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from mlflow_azure import __version__
from mlflow_azure.azure.request_log import request_log
from mlflow_azure.azure.retries import retry_policy
from mlflow_azure.deadline import Deadline
from mlflow_azure.errors import MlflowAzureError

if TYPE_CHECKING:
    from collections.abc import Callable

    from azure.core.polling import LROPoller
    from azure.mgmt.authorization import AuthorizationManagementClient
    from azure.mgmt.containerregistry import ContainerRegistryManagementClient
    from azure.mgmt.containerregistrytasks import ContainerRegistryTasksMgmtClient
    from azure.mgmt.monitor import MonitorManagementClient
    from azure.mgmt.msi import ManagedServiceIdentityClient
    from azure.mgmt.postgresqlflexibleservers import PostgreSQLManagementClient
    from azure.mgmt.resource.resources import ResourceManagementClient
    from azure.mgmt.storage import StorageManagementClient
    from azure.mgmt.web import WebSiteManagementClient

    from mlflow_azure.azure.clouds import Cloud
    from mlflow_azure.azure.credential import Credential
    from mlflow_azure.azure.microsoft_graph import MicrosoftGraph
    from mlflow_azure.azure.polling import GrowingPolling
    from mlflow_azure.azure.rest import RestClient

C = TypeVar("C")
T = TypeVar("T")

_IMPORTING = Lock()

POLLING_SECONDS = 2  # if Azure does not say how long to wait; the SDK's own default is 30


class Azure:
    """The signed-in user's view of one subscription.

    Attributes:
        cloud: Its cloud.
        subscription_id: The subscription.
        deadline: When to give up waiting.
        unchecked: What the user is not allowed to read, and was therefore not checked before the first write.

    """

    def __init__(self, cloud: Cloud, credential: Credential, subscription_id: str, deadline: Deadline) -> None:
        self.cloud = cloud
        self.credential = credential
        self.subscription_id = subscription_id
        self.deadline = deadline
        self.unchecked: list[str] = []

    def within(self, deadline: Deadline) -> Azure:
        """Return the same view with another deadline."""
        return Azure(self.cloud, self.credential, self.subscription_id, deadline)

    def _client(self, make: Callable[..., C]) -> C:
        return make(self.credential, self.subscription_id, **client_options(self.cloud, self.deadline))

    @cached_property
    def resources(self) -> ResourceManagementClient:
        """Resource groups, providers, tags."""
        from azure.mgmt.resource.resources import ResourceManagementClient

        return self._client(ResourceManagementClient)

    @cached_property
    def storage(self) -> StorageManagementClient:
        """Storage accounts, blob containers, file shares."""
        from azure.mgmt.storage import StorageManagementClient

        return self._client(StorageManagementClient)

    @cached_property
    def registries(self) -> ContainerRegistryManagementClient:
        """Registries and their webhooks."""
        from azure.mgmt.containerregistry import ContainerRegistryManagementClient

        return self._client(ContainerRegistryManagementClient)

    @cached_property
    def registry_tasks(self) -> ContainerRegistryTasksMgmtClient:
        """Image builds in the cloud."""
        from azure.mgmt.containerregistrytasks import ContainerRegistryTasksMgmtClient

        return self._client(ContainerRegistryTasksMgmtClient)

    @cached_property
    def web(self) -> WebSiteManagementClient:
        """App Service plans and web apps."""
        from azure.mgmt.web import WebSiteManagementClient

        return self._client(WebSiteManagementClient)

    @cached_property
    def postgres(self) -> PostgreSQLManagementClient:
        """Flexible servers, their databases, firewall rules and administrators."""
        from azure.mgmt.postgresqlflexibleservers import PostgreSQLManagementClient

        return self._client(PostgreSQLManagementClient)

    @cached_property
    def identities(self) -> ManagedServiceIdentityClient:
        """User-assigned managed identities."""
        from azure.mgmt.msi import ManagedServiceIdentityClient

        return self._client(ManagedServiceIdentityClient)

    @cached_property
    def monitor(self) -> MonitorManagementClient:
        """Autoscale settings."""
        from azure.mgmt.monitor import MonitorManagementClient

        return self._client(MonitorManagementClient)

    @cached_property
    def authorization(self) -> AuthorizationManagementClient:
        """Role assignments and permissions."""
        from azure.mgmt.authorization import AuthorizationManagementClient

        with _IMPORTING:  # its operations, which would otherwise be imported on first use, by several threads at once
            import azure.mgmt.authorization.v2022_04_01.operations  # noqa: F401

        return self._client(AuthorizationManagementClient)

    @cached_property
    def rest(self) -> RestClient:
        """Azure Resource Manager itself, for requests without a client."""
        from mlflow_azure.azure.rest import RestClient

        return RestClient(self.cloud, self.credential, self.cloud.resource_manager, self.deadline)

    @cached_property
    def directory(self) -> MicrosoftGraph:
        """Microsoft Graph: app registrations, service principals, users and groups."""
        from mlflow_azure.azure.microsoft_graph import MicrosoftGraph

        return MicrosoftGraph(self.cloud, self.credential, self.deadline)

    @cached_property
    def tenant_id(self) -> str:
        """The Microsoft Entra tenant of the subscription. Raises AzureRefusedError, SignInError."""
        from mlflow_azure.azure.refusals import doing

        with doing("reading your Azure subscription"):
            path = f"/subscriptions/{self.subscription_id}"
            return str(self.rest.send("GET", path, query={"api-version": "2022-12-01"})["tenantId"])

    def polling(self, *, lasts: bool = False) -> GrowingPolling:
        """Return the polling method of a long-running operation, for the SDK's `begin_…` methods.

        Args:
            lasts: Whether it is known to take longer than the first pause, so that an immediate poll is useless.

        """
        from mlflow_azure.azure.polling import GrowingPolling

        return GrowingPolling(lasts=lasts)

    def wait(self, poller: LROPoller[T]) -> T:
        """Return the result of a long-running operation, waiting until the deadline.

        Raises:
            TimedOutError: The deadline passed.
            HttpResponseError: The operation failed.

        """
        while not poller.done():
            poller.wait(min(1.0, self.deadline.remaining))
            self.deadline.check()
        result = poller.result()
        if poller.status().lower() != "succeeded":
            # LROPoller swallows a TypeError in its own thread, and then returns as if it were done.
            raise MlflowAzureError(
                f"Azure did not finish the operation; its state is {poller.status()}", hint="Run the command again."
            )
        return result


def client_options(cloud: Cloud, deadline: Deadline | None = None) -> dict[str, Any]:
    """Return the keyword arguments of every management client. None retries after the deadline."""
    return {
        "base_url": cloud.resource_manager,
        "credential_scopes": [cloud.scope],
        "polling_interval": POLLING_SECONDS,
        "user_agent": f"mlflow-azure/{__version__}",
        "retry_policy": retry_policy(deadline or Deadline()),
        "per_retry_policies": [request_log()],
        **cloud.transport,
    }
