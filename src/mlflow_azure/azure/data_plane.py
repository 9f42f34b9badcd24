"""Options of storage clients, which are the same for blobs and files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlflow_azure import __version__
from mlflow_azure.azure.request_log import tell_response

if TYPE_CHECKING:
    from azure.core.credentials import AzureSasCredential

    from mlflow_azure.azure.clouds import Cloud
    from mlflow_azure.azure.credential import Credential
    from mlflow_azure.secret import Secret


@dataclass(frozen=True)
class SharedKey:
    """A key of a storage account."""

    account: str
    key: Secret


def storage_credential(access: SharedKey | Credential | AzureSasCredential) -> Any:
    """The credential of a client: the account's key, the user's tokens, or a signature."""
    if isinstance(access, SharedKey):
        return {"account_name": access.account, "account_key": access.key.reveal()}
    return access


def storage_options(cloud: Cloud) -> dict[str, Any]:
    """Keyword arguments of every client of a storage service."""
    return {"user_agent": f"mlflow-azure/{__version__}", "raw_response_hook": tell_response, **cloud.transport}
