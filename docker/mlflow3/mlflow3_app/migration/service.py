"""Passes behind HTTP, for the command that asks for them: PUT /passes/NAME begins one, or tells how far it is.

So it can be asked again after whatever happened. One pass at a time; who asks has to show the token.
"""

import hmac
import json
import re
import threading
import traceback
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from mlflow3_app.migration.passes import Pass

_PATH = re.compile(r"/passes/([A-Za-z0-9-]{1,64})")


class Passes:
    """The passes of this process, by name."""

    def __init__(self, make: Callable[[], Pass]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._states: dict[str, dict[str, Any]] = {}
        self._under_way: tuple[str, Pass] | None = None

    def ask(self, name: str) -> dict[str, Any]:
        """Begin it where it is not known; how far it is: waiting for another, running, done or failed."""
        with self._lock:
            if name in self._states:
                return self._states[name]
            if self._under_way is None:
                made = self._make()
                self._under_way = name, made
                threading.Thread(target=self._do, args=(name, made), daemon=True).start()
            under_way, doing = self._under_way
            state = "running" if under_way == name else "waiting"
            return {"state": state, "report": doing.report.data()}

    def _do(self, name: str, made: Pass) -> None:
        try:
            state = {"state": "done", "report": made().data()}
        except Exception as error:  # noqa: BLE001 - whatever it is, who asks is told
            traceback.print_exc()
            state = {"state": "failed", "reason": " ".join(f"{type(error).__name__}: {error}".split())[:500]}
        with self._lock:
            self._states[name] = state
            self._under_way = None


def serve(host: str, port: int, token: str, make: Callable[[], Pass]) -> None:
    """Answer until the process is ended. Whoever has not got the token is told nothing."""
    passes = Passes(make)

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            shown = self.headers.get("Authorization", "")
            asked = _PATH.fullmatch(self.path)
            if not hmac.compare_digest(shown.encode(), f"Bearer {token}".encode()):
                self._answer(401, {})
            elif asked:
                self._answer(200, passes.ask(asked[1]))
            else:
                self._answer(404, {})

        def do_GET(self) -> None:
            self._answer(404, {})

        def _answer(self, status: int, body: dict[str, Any]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class names it
            """Say nothing: it is asked every second."""

    with ThreadingHTTPServer((host, port), Handler) as server:
        server.serve_forever()
