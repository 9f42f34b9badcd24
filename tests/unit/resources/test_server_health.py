"""What an answer of the server, or of App Service in front of it, says of its health."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from mlflow_azure.resources.server_health import probe
from mlflow_azure.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator


class Refusing(ThreadingHTTPServer):
    """A web app that answers every request with one status."""

    status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answer(BaseHTTPRequestHandler):
    server: Refusing

    def do_GET(self) -> None:
        self.send_response(self.server.status)
        self.send_header("Location", "https://login.microsoftonline.com/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def app() -> Iterator[Refusing]:
    with Refusing(("127.0.0.1", 0), _Answer) as refusing:
        threading.Thread(target=refusing.serve_forever, daemon=True).start()
        yield refusing
        refusing.shutdown()


@pytest.mark.parametrize("status", [401, 302])
def test_a_demand_for_sign_in_is_healthy_only_where_no_token_was_shown(app: Refusing, status: int) -> None:
    app.status = status
    asked, refused = probe(app.url, timeout=60), probe(app.url, Secret("a token"), timeout=60)
    assert (asked.healthy, asked.detail) == (True, "requires sign-in")
    assert (refused.healthy, refused.detail) == (False, "does not accept tokens yet")
