"""Artifacts in Azure's blob service, which MLflow 3's server reaches with the site's tokens."""

from __future__ import annotations

import ssl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import requests
import trustme

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.image.conftest import Start
    from tests.support.token_endpoint import TokenEndpoint

pytestmark = pytest.mark.slow

SCOPE = "https://storage.azure.com"
CONTENT = b"x" * 5_000_000


class Handler(BaseHTTPRequestHandler):
    """As much of a storage account without keys as one blob that is written and read needs."""

    protocol_version = "HTTP/1.1"
    server: Account

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self._allowed():
            self.server.blobs[urlsplit(self.path).path] = body
            self._answer(201, b"")

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        if not self._allowed():
            return
        if "comp=list" in asked.query:
            self._answer(200, b"<EnumerationResults><Blobs/><NextMarker/></EnumerationResults>")
        elif blob := self.server.blobs.get(asked.path):
            self._answer(206, blob)
        else:
            self._answer(404, b"")

    def _allowed(self) -> bool:
        allowed = self.headers["Authorization"] == "Bearer the first token"
        if not allowed:
            self._answer(403, b"")
        return allowed

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if status == 206:
            self.send_header("Content-Range", f"bytes 0-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Type", "application/xml" if status == 200 else "application/octet-stream")
        self.send_header("x-ms-blob-type", "BlockBlob")
        self.send_header("ETag", '"1"')
        self.send_header("Last-Modified", "Wed, 01 Jul 2026 00:00:00 GMT")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        pass


class Account(ThreadingHTTPServer):
    """A storage account with TLS; its authority's certificate is in `ca`."""

    def __init__(self, ca: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.blobs: dict[str, bytes] = {}
        self.ca = ca
        authority = trustme.CA()
        authority.cert_pem.write_to_path(ca)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        Thread(target=self.serve_forever, daemon=True).start()

    @property
    def endpoint(self) -> str:
        return f"https://127.0.0.1:{self.server_port}/"


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    made = Account(tmp_path / "ca.pem")
    yield made
    made.shutdown()
    made.server_close()


@pytest.mark.parametrize("suffix", ["windows.net", "chinacloudapi.cn"])
def test_artifacts_go_to_the_endpoint_of_the_account_with_a_token(
    start: Start, settings: dict[str, str], account: Account, tokens: TokenEndpoint, suffix: str, tmp_path: Path
) -> None:
    settings["MLFLOW_SERVER_ARTIFACT_DESTINATION"] = f"wasbs://mlflow@account.blob.core.{suffix}/mlartefacts"
    settings["MLFLOW_SERVER_BLOB_ENDPOINT"] = account.endpoint
    server = start({**settings, **tokens.environment, "REQUESTS_CA_BUNDLE": str(account.ca)})
    url = f"{server.url}/api/2.0/mlflow-artifacts/artifacts/0/run/artifacts/model.bin"
    assert requests.put(url, data=CONTENT, timeout=60).status_code == 200
    assert account.blobs == {"/mlflow/mlartefacts/0/run/artifacts/model.bin": CONTENT}
    assert requests.get(url, timeout=60).content == CONTENT, server.log.read_text()
    assert set(tokens.asked) == {SCOPE}
    assert not list((tmp_path / "tmp").rglob("model.bin"))
