"""The connections of the process: one shared pool, and one TLS context per certificate bundle.

Each SDK client would have its own connections, and requests loads the whole bundle for each new one, which
takes some ten milliseconds of CPU. Everything sent to Azure goes through here, so importing this module is deferred
until then.
"""

from __future__ import annotations

import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import certifi
import requests
from requests.adapters import HTTPAdapter
from urllib3 import PoolManager, Retry
from urllib3.util.ssl_ import create_urllib3_context

from mlflow_azure.azure.request_log import tell_requests

if TYPE_CHECKING:
    import ssl

    from azure.core.pipeline.transport import RequestsTransport

MOST_CONNECTIONS = 32
"""Connections per host; more than a deploy has steps."""
_BLOCK = 256 * 1024
"""Chunk size in bytes for reading responses: what storage clients use with their own connections. Without it, the
SDK reads 4 KiB, which takes more CPU than everything else for a large blob."""
_POOL = PoolManager(num_pools=MOST_CONNECTIONS, maxsize=MOST_CONNECTIONS)
_PROXIES: dict[str, Any] = {}
_LOADING = threading.Lock()


class PooledAdapter(HTTPAdapter):
    """Sends over the process's shared connections."""

    def init_poolmanager(self, *_args: Any, **_options: Any) -> None:
        """Use the process's pools, including those through proxies."""
        self.poolmanager = _POOL
        self.proxy_manager = _PROXIES

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        """Return which connections a request may use: those with the same TLS context."""
        host, options = super().build_connection_pool_key_attributes(request, verify, cert)
        if host["scheme"] == "http":
            return host, options
        bundle = verify if isinstance(verify, str) else certifi.where()
        return host, {"cert_reqs": "CERT_REQUIRED", "ssl_context": tls_context(bundle)}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Load nothing: the context already has the certificates."""

    def close(self) -> None:
        """Leave the connections open for the next session."""


def tls_context(bundle: str) -> ssl.SSLContext:
    """Return the context that trusts the certificates in a file or directory. Raises OSError if it does not exist."""
    with _LOADING:
        return _tls_context(bundle)


@cache
def _tls_context(bundle: str) -> ssl.SSLContext:
    path = Path(bundle)
    if not path.exists():
        raise OSError(f"there is no certificate bundle at {bundle}")
    context = create_urllib3_context()
    if path.is_dir():
        context.load_verify_locations(capath=path)
    else:
        context.load_verify_locations(cafile=path)
    return context


def session(ca_file: str | None = None) -> requests.Session:
    """Return an HTTP session, whose requests are logged.

    Args:
        ca_file: Certificate authority to trust instead of the system's. The session then bypasses proxies.

    """
    made = _session(ca_file, PooledAdapter())
    tell_requests(made)
    return made


@cache
def sdk_transport(ca_file: str | None = None) -> RequestsTransport:
    """Return the shared transport of the SDK clients. Retries are left to their pipelines."""
    from azure.core.pipeline.transport import RequestsTransport

    # As in RequestsTransport's own session: urllib3 must raise errors unchanged.
    adapter = PooledAdapter(max_retries=Retry(total=False, redirect=False, raise_on_status=False))
    trust: dict[str, Any] = {} if ca_file is None else {"connection_verify": ca_file}
    return RequestsTransport(
        session=_session(ca_file, adapter), session_owner=False, connection_data_block_size=_BLOCK, **trust
    )


def _session(ca_file: str | None, adapter: HTTPAdapter) -> requests.Session:
    made = requests.Session()
    made.mount("https://", adapter)
    made.mount("http://", adapter)
    if ca_file is not None:
        made.trust_env = False
        made.verify = ca_file
    return made
