"""The unmodified Azure SDK, pointed at an emulator."""

from __future__ import annotations

import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import ResourceNotFoundError
from azure.identity import ClientSecretCredential
from azure.mgmt.containerregistry import ContainerRegistryManagementClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.storage import StorageManagementClient
from azure.mgmt.web import WebSiteManagementClient

from mlflow_azure.emulator import launcher

if TYPE_CHECKING:
    from azure.core.exceptions import HttpResponseError

    from mlflow_azure.emulator.home import Home


@dataclass
class Azure:
    """The SDK's clients for one emulator."""

    home: Home
    endpoint: dict[str, Any]

    def __post_init__(self) -> None:
        found = self.endpoint
        self.groups: list[str] = []
        self.subscription = found["subscription_id"]
        self.credential = ClientSecretCredential(
            found["tenant_id"],
            found["client_id"],
            found["client_secret"],
            authority=found["authority"],
            disable_instance_discovery=True,
            connection_verify=found["ca_file"],
        )
        self.resources = self.client(ResourceManagementClient)
        self.storage = self.client(StorageManagementClient)
        self.registries = self.client(ContainerRegistryManagementClient)
        self.web = self.client(WebSiteManagementClient)

    def client(self, kind: Any, **options: Any) -> Any:
        """A management client as an application makes it."""
        return kind(self.credential, self.subscription, **(self.options() | options))

    def options(self) -> dict[str, Any]:
        """What a management client has to be told to reach the emulator."""
        url = self.endpoint["resource_manager"]
        return {
            "base_url": url,
            "credential_scopes": [f"{url}/.default"],
            "connection_verify": self.endpoint["ca_file"],
            "polling_interval": 1,
        }

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """A request to the control interface."""
        return launcher.control(self.endpoint, method, path, body)

    def group(self) -> str:
        """A new resource group."""
        name = f"rg-{uuid.uuid4().hex[:8]}"
        self.resources.resource_groups.create_or_update(name, {"location": "westeurope"})
        self.groups.append(name)
        return name

    def clean_up(self) -> None:
        """Delete the groups that `group` made, with the processes behind them."""
        while self.groups:
            with suppress(ResourceNotFoundError):  # the test deleted it itself
                self.resources.resource_groups.begin_delete(self.groups.pop(), polling=False)

    def account(self, group: str, name: str | None = None) -> Any:
        """A new storage account."""
        name = name or f"st{uuid.uuid4().hex[:10]}"
        wanted = {"location": "westeurope", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
        return self.storage.storage_accounts.begin_create(group, name, wanted).result()

    def registry(self, group: str, name: str | None = None) -> Any:
        """A new container registry with its admin user."""
        name = name or f"cr{uuid.uuid4().hex[:10]}"
        wanted = {"location": "westeurope", "sku": {"name": "Basic"}, "properties": {"adminUserEnabled": True}}
        return self.registries.registries.begin_create(group, name, wanted).result()

    def plan(self, group: str, sku: str = "S1") -> Any:
        """A new Linux plan."""
        wanted = {"location": "westeurope", "sku": {"name": sku}, "kind": "linux", "properties": {"reserved": True}}
        return self.web.app_service_plans.begin_create_or_update(group, f"plan-{uuid.uuid4().hex[:8]}", wanted).result()

    def site(self, group: str, plan: Any = None, name: str | None = None, **properties: Any) -> Any:
        """A new web app."""
        plan = plan or self.plan(group)
        name = name or f"site-{uuid.uuid4().hex[:8]}"
        wanted = {"location": "westeurope", "properties": {"serverFarmId": plan.id, **properties}}
        return self.web.web_apps.begin_create_or_update(group, name, wanted).result()


def error_code(error: HttpResponseError) -> str:
    """Azure's error code, in whichever of its two spellings."""
    if error.error is not None:
        return str(error.error.code)
    return str(response_of(error).json()["Code"])


def response_of(error: HttpResponseError) -> Any:
    """The HTTP response that an error was made of."""
    assert error.response is not None
    return error.response
