"""The token endpoint that App Service gives to a site with a managed identity.

https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
"""

from __future__ import annotations

import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qsl, urlsplit

CLIENT_ID = "5c8f1c0a-0000-4000-8000-7d1d7d7d7d7d"
_HEADER = "the header of this site"


class TokenEndpoint:
    """Gives out a token that ends at once, so that each use asks anew.

    Attributes:
        token: What it gives out.
        asked: The resources that a token was asked for, in order.

    """

    def __init__(self) -> None:
        self.token = "the first token"
        self.asked: list[str] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = dict(parse_qsl(urlsplit(self.path).query))
                resource = query.get("resource", "")
                right = {"api-version": "2019-08-01", "client_id": CLIENT_ID, "resource": resource}
                if self.headers["X-IDENTITY-HEADER"] != _HEADER or query != right:
                    self._answer(400, {"statusCode": 400, "message": "not as App Service wants it"})
                    return
                endpoint.asked.append(resource)
                body = {"access_token": endpoint.token, "expires_on": str(int(time.time()) + 1), "resource": resource}
                self._answer(200, {**body, "token_type": "Bearer", "client_id": CLIENT_ID})

            def _answer(self, status: int, body: object) -> None:
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def environment(self) -> dict[str, str]:
        """What App Service tells the site."""
        return {
            "IDENTITY_ENDPOINT": f"http://127.0.0.1:{self._server.server_port}/msi/token",
            "IDENTITY_HEADER": _HEADER,
            "AZURE_CLIENT_ID": CLIENT_ID,
        }

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
