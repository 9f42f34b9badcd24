"""Checks with a storage account whether it accepts a key.

https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlflow_azure.azure.data_plane import SharedKey, storage_credential, storage_options

if TYPE_CHECKING:
    from mlflow_azure.azure.clouds import Cloud
    from mlflow_azure.secret import Secret

TIMEOUT_SECONDS = 30
_NOT_AUTHENTICATED = "Server failed to authenticate the request"
"""An account's message about a wrong key, which Azurite gives with another code; if its firewall refuses, an account
says that it is not authorized: https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes"""


def is_refused(cloud: Cloud, account: str, key: Secret, endpoint: str) -> bool:
    """Whether the account says that the key is not valid.

    An account that cannot be reached, or whose firewall refuses this machine, does not say so.

    Args:
        account: Its name.
        key: The key, in Base64.
        endpoint: URL of its blobs.

    """
    from azure.core.exceptions import AzureError
    from azure.storage.blob import BlobServiceClient

    options: dict[str, Any] = {"retry_total": 0, "connection_timeout": TIMEOUT_SECONDS, "read_timeout": TIMEOUT_SECONDS}
    access = storage_credential(SharedKey(account, key))
    with BlobServiceClient(endpoint, access, **options, **storage_options(cloud)) as client:
        try:
            next(client.list_containers(results_per_page=1).by_page(), None)
        except AzureError as error:
            return _NOT_AUTHENTICATED in str(error)
    return False
