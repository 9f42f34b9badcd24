"""A web app's Kudu site: logs, the registry's webhook, the SSH tunnel."""

from __future__ import annotations

import io
import socketserver
import threading
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect

from mlflow_azure.emulator.runtime.sites.site_quirks import SiteQuirks, Unreachable
from mlflow_azure.emulator.runtime.sites.tunnel import Tunnel
from tests.support.runtime_support import Emulated, free_ports, serving, site_spec, tiny_context
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from pathlib import Path

    import requests

    from mlflow_azure.emulator.runtime import SiteSpec

BASIC = ("$mlflow-site", "publishing-password")
BEARER = {"Authorization": "Bearer entra-token"}


@pytest.fixture
def spec(emulated: Emulated, tmp_path: Path) -> SiteSpec:
    """A site that runs the tiny image, version 1, with continuous deployment on."""
    login_server = emulated.registry(free_ports(1)[0])
    emulated.build(tiny_context(tmp_path / "source.tar.gz"))
    wanted = site_spec(login_server, app_settings={"DOCKER_ENABLE_CI": "true", "SCM_LOGSTREAM_TIMEOUT": "3"})
    emulated.runtime.sites.token_ok = lambda token: token == "entra-token"
    emulated.call(emulated.runtime.sites.apply(wanted))
    emulated.wait_for_state(wanted.name, "Running")
    return wanted


@pytest.fixture
def kudu(spec: SiteSpec) -> str:
    return f"https://localhost:{spec.scm_port}"


def _version(https: requests.Session, spec: SiteSpec) -> str:
    return https.get(f"http://localhost:{spec.port}/settings/IMAGE_VERSION").text


def test_the_log_stream_shows_what_was_and_what_comes_and_ends(
    https: requests.Session, spec: SiteSpec, kudu: str
) -> None:
    with https.get(f"{kudu}/api/logstream", headers=BEARER, stream=True) as stream:
        lines = stream.iter_lines(decode_unicode=True)
        before = list(iter(lambda: next(lines), "Starting Live Log Stream ---"))
        https.get(f"http://localhost:{spec.port}/meanwhile")
        after = list(lines)
    assert any("initialized successfully" in line for line in before)
    assert any("asked for /meanwhile" in line for line in after)
    assert "Stream terminated due to timeout" in after[-1]


def test_the_log_files_are_listed_and_downloaded(https: requests.Session, kudu: str) -> None:
    https.auth = BASIC
    files = https.get(f"{kudu}/api/logs/docker").json()
    assert {file["path"].rpartition("emulator")[2] for file in files} == {"_docker.log", "_default_docker.log"}
    archive = zipfile.ZipFile(io.BytesIO(https.get(f"{kudu}/api/logs/docker/zip").content))
    for file in files:
        content = https.get(file["href"]).content
        assert archive.read(file["path"].rpartition("/")[2]) == content
        assert file["size"] == len(content)
    assert https.get(f"{kudu}/api/vfs/LogFiles/..%2f..%2f..%2fchildren.json").status_code == 404


def test_a_push_makes_the_site_pull_and_a_ping_does_not(
    emulated: Emulated, https: requests.Session, spec: SiteSpec, kudu: str, tmp_path: Path
) -> None:
    hook = f"{kudu}/api/registry/webhook"
    emulated.build(tiny_context(tmp_path / "second.tar.gz", version="2"))
    assert https.post(hook, json={"action": "ping"}, auth=BASIC).status_code == 202
    assert _version(https, spec) == "1"
    assert https.post(hook, json={"action": "push"}, auth=BASIC).status_code == 202
    wait_until(lambda: _version(https, spec) == "2")


def test_a_push_does_nothing_while_continuous_deployment_is_off(
    emulated: Emulated, https: requests.Session, spec: SiteSpec, kudu: str, tmp_path: Path
) -> None:
    emulated.call(emulated.runtime.sites.apply(replace(spec, app_settings={})))
    emulated.wait_for_state(spec.name, "Running")
    emulated.build(tiny_context(tmp_path / "second.tar.gz", version="2"))
    assert https.post(f"{kudu}/api/registry/webhook", json={"action": "push"}, auth=BASIC).status_code == 202
    assert _version(https, spec) == "1"


def test_basic_authentication_works_only_while_it_is_allowed(
    emulated: Emulated, https: requests.Session, spec: SiteSpec, kudu: str
) -> None:
    url = f"{kudu}/api/logs/docker"
    refused: list[dict[str, Any]] = [
        {},
        {"auth": (BASIC[0], "wrong")},
        {"headers": {"Authorization": "Bearer foreign"}},
        {"headers": {"Authorization": "Basic not-base64"}},
    ]
    assert [https.get(url, **request).status_code for request in refused] == [401] * 4
    assert https.get(url, auth=BASIC).status_code == 200
    emulated.call(emulated.runtime.sites.apply(replace(spec, publishing_credentials=None)))
    assert https.get(url, auth=BASIC).status_code == 401
    assert https.get(url, headers=BEARER).status_code == 200


def test_the_tunnel_of_a_site_without_ssh_says_so(
    https: requests.Session, spec: SiteSpec, kudu: str, trusting: ssl.SSLContext
) -> None:
    https.auth = BASIC
    url = f"{kudu}/AppServiceTunnel/Tunnel.ashx"
    status = https.get(f"{url}?GetStatus&GetStatusAPIVer=2").json()
    message = "Unable to connect to WebApp"
    assert status == {"port": 2222, "state": "STARTED", "canReachPort": False, "msg": message}
    assert https.get(f"{url}?GetStatus").text == f"FAILURE:2222:{message}"
    assert https.get(url).status_code == 400
    with pytest.raises(InvalidStatus, match="401"), connect(url.replace("https", "wss"), ssl=trusting):
        pass
    with (
        connect(url.replace("https", "wss"), ssl=trusting, additional_headers=BEARER) as socket,
        pytest.raises(ConnectionClosedError, match="1011"),
    ):
        socket.recv()


@dataclass
class RunningSite:
    """What a tunnel looks at of a site."""

    container: Any
    state: str = "Running"
    spec: Any = field(default_factory=lambda: SimpleNamespace(name="mlflow-site"))


class Echo(socketserver.StreamRequestHandler):
    """Speaks first, as an SSH server does."""

    def handle(self) -> None:
        self.wfile.write(b"hello\n")
        while data := self.rfile.readline():
            self.wfile.write(data.upper())
            if data == b"end\n":
                return


@contextmanager
def _echo_server() -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever).start()
        yield server.server_address[1]
        server.shutdown()


def test_the_tunnel_says_for_a_while_that_the_container_is_stopped_and_then_that_its_port_is_closed(
    https: requests.Session,
) -> None:
    said: list[Unreachable | None] = [None, "closed", "stopped"]
    quirks = SiteQuirks(tunnel=lambda _site: said.pop())
    with _echo_server() as port:
        tunnel = Tunnel(RunningSite(SimpleNamespace(ssh_port=port)), quirks)  # type: ignore[arg-type]
        with serving(Starlette(routes=[Route("/", tunnel.status)])) as address:
            url = f"http://{address}/?GetStatus&GetStatusAPIVer=2"
            answers = [https.get(url).json() for _ in range(3)]
    assert [(each["state"], each["canReachPort"]) for each in answers] == [
        ("STOPPED", False),
        ("STARTED", False),
        ("STARTED", True),
    ]


def test_the_log_stream_carries_what_kudu_writes_about_itself(
    emulated: Emulated, https: requests.Session, spec: SiteSpec, kudu: str
) -> None:
    emulated.runtime.sites.quirks.kudu_traces = lambda: True
    with https.get(f"{kudu}/api/logstream", headers=BEARER, stream=True) as stream:
        lines = stream.iter_lines(decode_unicode=True)
        before = list(iter(lambda: next(lines), "Starting Live Log Stream ---"))
        https.get(f"{kudu}/api/logs/docker", headers=BEARER)
        after = list(lines)
    assert any(line.startswith("/home/LogFiles/kudu/trace/") for line in before)
    assert any("initialized successfully" in line for line in before)
    assert any("Startup Request, url: /api/logs/docker, method: GET" in line for line in after)


def test_the_tunnel_carries_bytes_both_ways_until_one_side_ends(https: requests.Session) -> None:
    with _echo_server() as port:
        tunnel = Tunnel(RunningSite(SimpleNamespace(ssh_port=port)), SiteQuirks())  # type: ignore[arg-type]
        app = Starlette(routes=[Route("/", tunnel.status), WebSocketRoute("/", tunnel.carry)])
        with serving(app) as address:
            assert https.get(f"http://{address}/?GetStatus").text == "SUCCESS:2222"
            with connect(f"ws://{address}/") as socket:
                assert socket.recv() == b"hello\n"
                socket.send(b"one\ntw")
                assert socket.recv() == b"ONE\n"
                socket.send(b"o\nend\n")
                assert b"".join(message for message in socket if isinstance(message, bytes)) == b"TWO\nEND\n"
            with connect(f"ws://{address}/") as socket:
                socket.send(b"one\n")
