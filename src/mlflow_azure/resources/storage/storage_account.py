"""The storage account: artifacts in a blob container; for 1.5.0, metrics and params on a file share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from mlflow_azure.azure.refusals import AGAIN, HINTS, doing
from mlflow_azure.errors import AzureRefusedError, MlflowAzureError
from mlflow_azure.resources import arm
from mlflow_azure.resources.availability import refuse_taken
from mlflow_azure.resources.tagged import TaggedResource, merged_tags
from mlflow_azure.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.engine.node import Given, Properties, Report
    from mlflow_azure.resources.tagged import Place


class StorageAccount(TaggedResource):
    """A StorageV2 account, locally redundant, TLS 1.2 only, without anonymous blob access.

    Args:
        shared_key: Whether it accepts its keys, as a mounted file share needs; otherwise only roles. None: nothing uses
            the keys, and the setting is left unchanged.

    """

    kind = "storage account"
    type = "Microsoft.Storage/storageAccounts"

    def __init__(self, azure: Azure, name: str, *, shared_key: bool | None = True, **place: Unpack[Place]) -> None:
        super().__init__(azure, name, **place)
        self.shared_key = shared_key

    def read(self, given: Given) -> Properties | None:
        accounts = self.azure.storage.storage_accounts
        return arm.get_settled(self.azure, str(self), lambda: accounts.get_properties(*self.where))

    def desired(self, given: Given) -> Properties:
        return {
            "location": self.location,
            "kind": "StorageV2",
            "tags": self.tags,
            "properties": {
                "allowBlobPublicAccess": False,
                **({"allowSharedKeyAccess": False} if self.shared_key is False else {}),
                "minimumTlsVersion": "TLS1_2",
                "supportsHttpsTrafficOnly": True,
            },
        }

    def check_before_create(self, given: Given) -> None:
        accounts, asked = self.azure.storage.storage_accounts, arm.sent({"name": self.name, "type": self.type})
        refuse_taken(self, given, "STORAGE_ACCOUNT_NAME", lambda: accounts.check_name_availability(asked))

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        """Create the account; it takes 20 to 70 seconds."""
        accounts, body = self.azure.storage.storage_accounts, arm.sent({**desired, "sku": {"name": "Standard_LRS"}})
        with doing(f"creating {self}"):
            poller = accounts.begin_create(*self.where, body, polling=self.azure.polling(lasts=True))
            return arm.body(self.azure.wait(poller))

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        body = {"tags": merged_tags(live, desired), "properties": desired["properties"]}
        if live["kind"] != desired["kind"]:
            body["kind"] = desired["kind"]
        with doing(f"updating {self}"):
            return arm.body(self.azure.storage.storage_accounts.update(*self.where, arm.sent(body)))

    def outputs(self, live: Properties) -> Properties:
        """name, endpoints, blob_endpoint; if it accepts keys, keys and connection_strings by name of the key.

        Both keys are always valid, so that one can be renewed while the other is in use. `connection_string` is the
        first.
        """
        endpoints = live["properties"]["primaryEndpoints"]
        if not self.shared_key:
            return {"name": self.name, "blob_endpoint": endpoints["blob"]}
        if live["properties"].get("allowSharedKeyAccess") is False:
            raise AzureRefusedError(
                f"reading the keys of {self}: shared keys are not permitted on it",
                hint="If it keeps the data of MLflow 3, add --mlflow 3. Otherwise: "
                + HINTS["KeyBasedAuthenticationNotPermitted"],
                code="KeyBasedAuthenticationNotPermitted",
            )
        with doing(f"reading the keys of {self}"):
            listed = self.azure.storage.storage_accounts.list_keys(*self.where).keys_property
        if not listed:
            raise MlflowAzureError(f"reading the keys of {self}: Azure's answer has none", hint=AGAIN)
        keys = {str(each.key_name): str(each.value) for each in listed}
        strings = {name: Secret(connection_string(self.name, key, endpoints)) for name, key in keys.items()}
        return {
            "name": self.name,
            "keys": {name: Secret(key) for name, key in keys.items()},
            "connection_strings": strings,
            "connection_string": next(iter(strings.values())),
            "blob_endpoint": endpoints["blob"],
            "endpoints": endpoints,
        }


def connection_string(account: str, key: str, endpoints: Mapping[str, str]) -> str:
    """Return the account's connection string, with the endpoints returned by Azure.

    Format: https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string
    """
    protocol = endpoints["blob"].partition("://")[0]
    parts = [f"DefaultEndpointsProtocol={protocol}", f"AccountName={account}", f"AccountKey={key}"]
    parts += [f"{service.title()}Endpoint={endpoints[service]}" for service in ("blob", "file") if service in endpoints]
    return ";".join(parts)
