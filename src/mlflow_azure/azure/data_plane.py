"""How clients of storage services reach them: options that are the same for blobs and files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlflow_azure import __version__

if TYPE_CHECKING:
    from mlflow_azure.azure.clouds import Cloud
    from mlflow_azure.azure.credential import Credential
    from mlflow_azure.secret import Secret


@dataclass(frozen=True)
class SharedKey:
    """A key of a storage account."""

    account: str
    key: Secret


def storage_credential(access: SharedKey | Credential) -> Any:
    """What a client signs its requests with: the account's key, or tokens of who is signed in."""
    if isinstance(access, SharedKey):
        return {"account_name": access.account, "account_key": access.key.reveal()}
    return access


def storage_options(cloud: Cloud, connections: int) -> dict[str, Any]:
    """Keyword arguments of a client that up to `connections` threads use at the same time.

    The transport that the SDK makes by itself keeps ten connections, and drops those of further threads.
    """
    from azure.core.pipeline.transport import RequestsTransport
    from requests.adapters import HTTPAdapter

    session = cloud.session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(pool_connections=1, pool_maxsize=connections))
    transport = RequestsTransport(session=session, session_owner=False, **cloud.transport)
    return {"transport": transport, "user_agent": f"mlflow-azure/{__version__}"}
