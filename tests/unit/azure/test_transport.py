"""The connections of the process, shared by the SDK's clients and by sessions."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import certifi
import pytest
from azure.core.rest import HttpRequest

from mlflow_azure.azure.transport import sdk_transport, session, tls_context

if TYPE_CHECKING:
    from collections.abc import Iterator


class Counting(ThreadingHTTPServer):
    """A server that counts the connections that it accepts."""

    connections = 0

    def process_request(self, request: object, client_address: object) -> None:
        self.connections += 1
        super().process_request(request, client_address)  # type: ignore[arg-type]


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = bytes(1_000_000) if self.path == "/large" else b""
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Counting]:
    with Counting(("127.0.0.1", 0), Answer) as counting:
        threading.Thread(target=counting.serve_forever, daemon=True).start()
        yield counting
        counting.shutdown()


def test_clients_of_the_sdk_and_sessions_that_were_closed_use_one_connection(server: Counting) -> None:
    url = f"http://127.0.0.1:{server.server_port}/"
    for _ in range(2):
        with session() as asking:
            assert asking.get(url, timeout=60).ok
        with sdk_transport() as transport:
            assert transport.send(HttpRequest("GET", url)).status_code == 200
    assert server.connections == 1


def test_clients_of_the_sdk_read_a_large_answer_in_large_pieces(server: Counting) -> None:
    asked = HttpRequest("GET", f"http://127.0.0.1:{server.server_port}/large")
    pieces = [len(each) for each in sdk_transport().send(asked, stream=True).iter_bytes()]
    assert sum(pieces) == 1_000_000
    assert len(pieces) == 4


def test_a_bundle_of_certificates_is_loaded_once() -> None:
    assert tls_context(certifi.where()) is tls_context(certifi.where())
    assert tls_context(certifi.where()).get_ca_certs()


def test_a_bundle_that_is_not_there_is_named() -> None:
    with pytest.raises(OSError, match=r"no certificate bundle at /no/such\.pem"):
        tls_context("/no/such.pem")
