"""Which tokens the SCM site is shown."""

from __future__ import annotations

import ssl
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest
import trustme
from websockets.exceptions import InvalidStatus
from websockets.sync.server import Server, ServerConnection, serve

from mlflow_azure.azure.clouds import PUBLIC, Cloud
from mlflow_azure.kudu.scm_site import Kudu
from mlflow_azure.kudu.tunnel import PATH

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from websockets.http11 import Request, Response

KUDU_SCOPE, ARM_SCOPE = PUBLIC.kudu_scopes


class Signed:
    """Someone who is signed in; a token says for which scope it is."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.credential = self

    def token(self, scope: str) -> str:
        return scope


class Site:
    """An SCM site that opens its WebSockets to tokens for one scope, and notes what it is shown."""

    def __init__(self, directory: Path) -> None:
        self.accepts = ""
        self.shown: list[str] = []
        self.silent_once = False
        authority = trustme.CA()
        authority.cert_pem.write_to_path(directory / "ca.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        self.server: Server = serve(
            lambda connection: connection.send("open"), "localhost", 0, ssl=context, process_request=self._admit
        )
        cloud = replace(PUBLIC, ca_file=str(directory / "ca.pem"))
        host = f"localhost:{self.server.socket.getsockname()[1]}"
        self.kudu = Kudu(cast(Any, Signed(cloud)), "site", host)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        token = request.headers["Authorization"].removeprefix("Bearer ")
        if self.silent_once:
            self.silent_once = False
            connection.socket.close()
        elif token not in self.shown:  # it is shown again where the response was lost
            self.shown.append(token)
        return None if token == self.accepts else connection.respond(401, "")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.server.shutdown()


@pytest.mark.parametrize(("accepted", "shown"), [(KUDU_SCOPE, [KUDU_SCOPE]), (ARM_SCOPE, [KUDU_SCOPE, ARM_SCOPE])])
def test_the_tunnel_is_opened_with_a_token_for_either_audience(site: Site, accepted: str, shown: list[str]) -> None:
    site.accepts = accepted
    with site.kudu.connect(PATH) as connection:
        assert connection.recv() == "open"
    assert site.shown == shown


def test_the_tunnel_is_opened_though_a_response_was_lost(site: Site) -> None:
    site.accepts, site.silent_once = KUDU_SCOPE, True
    with site.kudu.connect(PATH) as connection:
        assert connection.recv() == "open"
    assert site.shown == [KUDU_SCOPE]


def test_a_tunnel_that_takes_neither_audience_is_refused(site: Site) -> None:
    with pytest.raises(InvalidStatus):
        site.kudu.connect(PATH)
    assert site.shown == [KUDU_SCOPE, ARM_SCOPE]
