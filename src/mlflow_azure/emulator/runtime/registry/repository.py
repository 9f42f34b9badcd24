"""A client of a registry's data plane, to pull and push like a container engine, for the process runtime."""

from __future__ import annotations

import hashlib
import json
import re
import ssl
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urljoin

import httpx

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
_ACCEPTED = f"{MANIFEST_TYPE}, application/vnd.docker.distribution.manifest.v2+json"


class PullError(Exception):
    """The registry refused the request or lacks the object; with a container engine's wording."""


class _ChallengeAuth(httpx.Auth):
    """Handles `WWW-Authenticate: Bearer realm=…` by fetching a token with the user's name and password."""

    def __init__(self, user: str | None, password: str | None) -> None:
        self._basic = httpx.BasicAuth(user, password) if user and password else None
        self.token: str | None = None

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        if self.token:
            request.headers["Authorization"] = f"Bearer {self.token}"
        response = yield request
        challenge = dict(re.findall(r'(\w+)="([^"]*)"', response.headers.get("WWW-Authenticate", "")))
        if response.status_code != httpx.codes.UNAUTHORIZED or "realm" not in challenge:
            return
        realm = challenge.pop("realm")
        token_request = httpx.Request("GET", realm, params=challenge)
        if self._basic:
            token_request = next(self._basic.auth_flow(token_request))
        answer = yield token_request
        if answer.status_code == httpx.codes.OK:
            await answer.aread()
            self.token = answer.json()["access_token"]
            request.headers["Authorization"] = f"Bearer {self.token}"
            yield request


class Repository:
    """One repository of a registry. Use as an async context manager.

    Args:
        login_server: `localhost:<port>`.
        name: The repository.
        ca_file: PEM of the authority that signed the registry's certificate.
        user: Registry user name; with `password`.
        token: An access token, instead of user and password.

    """

    def __init__(
        self,
        login_server: str,
        name: str,
        ca_file: Path,
        *,
        user: str | None = None,
        password: str | None = None,
        token: str | None = None,
    ) -> None:
        self._base = f"/v2/{name}"
        auth = _ChallengeAuth(user, password)
        auth.token = token
        self._client = httpx.AsyncClient(
            base_url=f"https://{login_server}",
            auth=auth,
            verify=ssl.create_default_context(cafile=str(ca_file)),
            trust_env=False,
            timeout=60,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self._client.aclose()

    async def manifest(self, reference: str) -> tuple[str, dict[str, Any]]:
        """Return digest and content of a manifest."""
        response = await self._send("GET", f"/manifests/{reference}", headers={"Accept": _ACCEPTED})
        return response.headers["Docker-Content-Digest"], response.json()

    async def blob(self, digest: str) -> bytes:
        """Return a blob's content, verified against its digest."""
        content = (await self._send("GET", f"/blobs/{digest}")).content
        if f"sha256:{hashlib.sha256(content).hexdigest()}" != digest:
            raise PullError(f"filesystem layer verification failed for digest {digest}")
        return content

    async def push_blob(self, content: bytes, media_type: str) -> dict[str, Any]:
        """Upload a blob unless the registry has it; return its descriptor."""
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        if (await self._ask("HEAD", f"{self._base}/blobs/{digest}")).status_code != httpx.codes.OK:
            begun = await self._send("POST", "/blobs/uploads/")
            location = urljoin(f"{self._client.base_url}", begun.headers["Location"])
            url = httpx.URL(location).copy_add_param("digest", digest)
            await self._check(await self._ask("PUT", url, content=content))
        return {"mediaType": media_type, "digest": digest, "size": len(content)}

    async def push_manifest(self, reference: str, manifest: dict[str, Any]) -> tuple[str, int]:
        """Put a manifest under a tag; return its digest and its size in bytes."""
        content = json.dumps(manifest, separators=(",", ":"), sort_keys=True).encode()
        headers = {"Content-Type": MANIFEST_TYPE}
        response = await self._send("PUT", f"/manifests/{reference}", content=content, headers=headers)
        return response.headers["Docker-Content-Digest"], len(content)

    async def _send(self, method: str, path: str, **request: Any) -> httpx.Response:
        return await self._check(await self._ask(method, self._base + path, **request))

    async def _ask(self, method: str, url: str | httpx.URL, **request: Any) -> httpx.Response:
        try:
            return await self._client.request(method, url, **request)
        except httpx.TransportError as error:
            raise PullError(f"{self._client.base_url}: {error or type(error).__name__}") from error

    async def _check(self, response: httpx.Response) -> httpx.Response:
        if response.is_success:
            return response
        errors = response.json().get("errors", []) if "json" in response.headers.get("content-type", "") else []
        text = "; ".join(f"{error['code'].lower().replace('_', ' ')}: {error['message']}" for error in errors)
        raise PullError(text or f"unexpected status {response.status_code} from {response.url}")
