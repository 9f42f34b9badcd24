"""An HTTPS server on loopback that answers what a test tells it to, in order: what no emulator of ours would say."""

from __future__ import annotations

import http.server
import ssl
import threading
from dataclasses import dataclass, field
from dataclasses import replace as replaced
from typing import TYPE_CHECKING

import trustme

from mlflow_azure.azure.clouds import PUBLIC

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mlflow_azure.azure.clouds import Cloud


@dataclass(frozen=True)
class Answer:
    """What the server says. `cut`: it closes the connection instead."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


CUT = Answer(cut=True)


class ScriptedServer:
    """Listens on `server`, "localhost:PORT". The last answer is given for ever.

    Attributes:
        requests: What it was asked: "HEAD /v2/".
        cloud: A cloud whose clients trust it.

    """

    def __init__(self, directory: Path) -> None:
        self.answers: list[Answer] = []
        self.requests: list[str] = []
        authority = trustme.CA()
        authority.cert_pem.write_to_path(directory / "ca.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self.server = f"localhost:{self._http.server_port}"
        self.cloud: Cloud = replaced(
            PUBLIC, ca_file=str(directory / "ca.pem"), resource_manager=f"https://{self.server}"
        )
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def will(self, answers: Sequence[Answer]) -> None:
        """Answer this from now on."""
        self.answers = list(answers)
        self.requests.clear()

    def stop(self) -> None:
        """Take no more requests."""
        self._http.shutdown()
        self._http.server_close()

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        scripted = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def _answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                scripted.requests.append(f"{self.command} {self.path.partition('?')[0]}")
                answer = scripted.answers.pop(0) if len(scripted.answers) > 1 else scripted.answers[0]
                if answer.cut:
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(answer.body)

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - the base class's names

            def log_message(self, *_: object) -> None:
                """Be quiet."""

        return Handler
