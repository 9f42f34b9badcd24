"""A runtime in an event loop of its own, driven from plain tests as Azure Resource Manager drives it."""

from __future__ import annotations

import asyncio
import base64
import io
import os
import tarfile
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import trustme

from mlflow_azure.emulator.runtime import BuildRequest, BuildResult, Runtime, SiteSpec, TlsMaterial
from mlflow_azure.emulator.runtime.cache import cache_directory
from mlflow_azure.emulator.runtime.listener import Listener, free_port
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator
    from pathlib import Path

    import trustme
    from starlette.types import ASGIApp

T = TypeVar("T")

REGISTRY, REGISTRY_PASSWORD = "mlflowregistry", "registry-password"

# A server of the standard library: it needs no requirements, so its environment is there at once.
TINY_STARTUP = 'exec python "$(dirname "$0")/server.py"\n'
TINY_SERVER = """
import http.server, json, os, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        wanted = "/settings/"
        body = os.environ.get(self.path[len(wanted):], "") if self.path.startswith(wanted) else json.dumps(
            {name.lower(): value for name, value in self.headers.items()})
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body.encode())

    def do_POST(self):
        size = int(self.headers["Content-Length"])
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.rfile.read(size)[::-1])

    def log_message(self, format, *args):
        print("asked for", self.path, flush=True)

print("version", os.environ.get("IMAGE_VERSION"), flush=True)
if os.environ.get("FAIL"):
    sys.exit("told to fail")
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["MLFLOW_SERVER_PORT"])), Handler).serve_forever()
"""


class Emulated:
    """A runtime with helpers that block until the runtime has done what they ask."""

    def __init__(self, home: Path, tls: TlsMaterial) -> None:
        home.mkdir(exist_ok=True)
        self.home = home
        self.tls = tls
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.runtime: Runtime = self.call(self._create())

    async def _create(self) -> Runtime:
        runtime = Runtime(self.home, self.tls)
        await runtime.start()
        return runtime

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def close(self) -> None:
        self.call(self.runtime.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def registry(self, port: int, password: str = REGISTRY_PASSWORD) -> str:
        return self.call(
            self.runtime.registry.ensure(
                REGISTRY, port, lambda: (REGISTRY, password), lambda token: token == "entra-token"
            )
        )

    def build(self, source: Path, image: str = "mlflowimage:latest", **request: Any) -> BuildResult:
        log_path = self.home / "runs" / "run1.log"
        wanted = BuildRequest("run1", REGISTRY, source, log_path, **{"image_names": (image,)} | request)
        return self.call(self.runtime.builds.run(wanted))

    @staticmethod
    def environments() -> Path:
        return cache_directory() / "environments"

    def wait_for_state(self, name: str, state: str) -> None:
        wait_until(lambda: self.runtime.sites.state(name) == state)


def issue_tls(directory: Path) -> TlsMaterial:
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1", "host.docker.internal")
    authority.cert_pem.write_to_path(directory / "ca.pem")
    certificate.private_key_pem.write_to_path(directory / "server.key")
    certificate.cert_chain_pems[0].write_to_path(directory / "server.pem")
    return TlsMaterial(directory / "ca.pem", directory / "server.pem", directory / "server.key")


def free_ports(count: int) -> list[int]:
    ports: set[int] = set()
    while len(ports) < count:
        ports.add(free_port())
    return list(ports)


def account_keys() -> tuple[str, str]:
    return base64.b64encode(os.urandom(64)).decode(), base64.b64encode(os.urandom(64)).decode()


def archive(path: Path, files: dict[str, str]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    return path


def tiny_context(path: Path, version: str = "1") -> Path:
    dockerfile = f'FROM scratch\nARG REVISION=none\nENV IMAGE_VERSION={version}\nLABEL revision="$REVISION"\n'
    files = {
        "Dockerfile": dockerfile,
        "requirements.lock": "",
        "startup.sh": TINY_STARTUP,
        "server.py": TINY_SERVER,
    }
    return archive(path, files)


def site_spec(login_server: str, **changes: Any) -> SiteSpec:
    port, scm_port = free_ports(2)
    wanted: dict[str, Any] = {
        "name": "mlflow-site",
        "image": f"{login_server}/mlflowimage:latest",
        "registry_username": REGISTRY,
        "registry_password": REGISTRY_PASSWORD,
        "app_settings": {"WEBSITES_PORT": "5000"},
        "mounts": (),
        "command": None,
        "enabled": True,
        "start_limit": 60.0,
        "access_rules": (),
        "port": port,
        "scm_port": scm_port,
        "publishing_credentials": ("$mlflow-site", "publishing-password"),
    }
    return SiteSpec(**wanted | changes)


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """Serve an application on a loopback port; its address, `127.0.0.1:<port>`."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def call(coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, loop).result()

    listener = Listener(app, free_port())
    call(listener.start())
    yield f"127.0.0.1:{listener.port}"
    call(listener.stop())
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
