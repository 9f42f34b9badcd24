"""Signing in to Azure."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken, AccessTokenInfo, SupportsTokenInfo, TokenRequestOptions

    from mlflow_azure.azure.clouds import Cloud


class Credential:
    """Signs in when the first token is needed, and gives all clients the same token while it is valid.

    Each SDK client has its own token cache, and a credential like AzureCliCredential starts a process for each
    token, which takes a second.

    Args:
        cloud: The cloud to sign in to.
        az_subscription: A subscription known to `az`, which may be in another tenant than its current one. Azure
            refuses tokens of other tenants: https://github.com/Azure/azure-sdk-for-python/issues/35268

    """

    RENEW_SECONDS = 300

    def __init__(self, cloud: Cloud, az_subscription: str | None = None) -> None:
        _import_core()
        self._cloud = cloud
        self._az_subscription = az_subscription
        self._tokens: dict[tuple[str, ...], AccessTokenInfo] = {}
        self._lock = threading.Lock()

    @cached_property
    def _credential(self) -> SupportsTokenInfo:
        from azure.identity import AzureCliCredential, ClientSecretCredential, DefaultAzureCredential

        sign_in = self._cloud.sign_in
        if sign_in is None:
            chain = DefaultAzureCredential(authority=self._cloud.authority, **self._cloud.transport)
            if self._az_subscription:
                az = AzureCliCredential(subscription=self._az_subscription)
                chain.credentials = tuple(
                    az if isinstance(each, AzureCliCredential) else each for each in chain.credentials
                )
            return chain
        return ClientSecretCredential(
            sign_in.tenant_id,
            sign_in.client_id,
            sign_in.secret.reveal(),
            authority=self._cloud.authority,
            disable_instance_discovery=True,
            **self._cloud.transport,
        )

    def ask_early(self, scope: str) -> None:
        """Request a token in the background. A failure is reported to whoever needs it later."""

        def ask() -> None:
            with suppress(Exception):
                self.get_token_info(scope)

        threading.Thread(target=ask, daemon=True, name="token").start()

    def get_token_info(self, *scopes: str, options: TokenRequestOptions | None = None) -> AccessTokenInfo:
        """Return a token for `scopes`, for azure-core."""
        with self._lock:
            token = self._tokens.get(scopes)
            if token is None or options or token.expires_on - time.time() < self.RENEW_SECONDS:
                token = self._credential.get_token_info(*scopes, options=options or {})
                self._tokens[scopes] = token
            return token

    def get_token(
        self, *scopes: str, claims: str | None = None, tenant_id: str | None = None, enable_cae: bool = False, **_: Any
    ) -> AccessToken:
        """Return the same for clients that only support TokenCredential."""
        from azure.core.credentials import AccessToken

        asked: TokenRequestOptions = {}
        if claims:
            asked["claims"] = claims
        if tenant_id:
            asked["tenant_id"] = tenant_id
        if enable_cae:
            asked["enable_cae"] = enable_cae
        found = self.get_token_info(*scopes, options=asked or None)
        return AccessToken(found.token, found.expires_on)

    def token(self, scope: str) -> str:
        """Return a bearer token for `scope`. Raises SignInError."""
        from mlflow_azure.azure.refusals import doing

        with doing("signing in to Azure"):
            return str(self.get_token_info(scope).token)


def _import_core() -> None:
    """Import all of azure-core before threads do.

    Its modules have circular imports. Threads that start with different ones see partially imported modules:
    https://docs.python.org/3/library/importlib.html, on avoiding deadlocks. All clients are created with a credential.
    """
    import azure.core.pipeline.policies
    import azure.core.pipeline.transport
    import azure.core.polling.base_polling
    import azure.core.rest  # noqa: F401 - all of this is imported for what it imports
