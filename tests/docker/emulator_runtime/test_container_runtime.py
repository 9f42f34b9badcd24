"""Web apps in containers: built, pushed to the emulated registry, pulled from it and run by a real engine."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from mlflow_azure.emulator.runtime import Mount
from mlflow_azure.emulator.runtime.docker.engine_api import HOME_LABEL
from tests.support.containers import names
from tests.support.runtime_support import (
    REGISTRY,
    REGISTRY_PASSWORD,
    Emulated,
    account_keys,
    archive,
    free_ports,
    site_spec,
)
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient

    from mlflow_azure.emulator.runtime import SiteSpec

pytestmark = pytest.mark.docker

DOCKERFILE = """
ARG BASE_IMAGE=python:3.11-slim-bookworm
FROM ${BASE_IMAGE}
ARG REVISION=none
LABEL revision=$REVISION
ENV REVISION=$REVISION
COPY server.py /
CMD ["python3", "/server.py"]
"""
SERVER = """
import http.server, os, pathlib, signal, sys, urllib.error, urllib.request

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        kind, _, name = self.path[1:].partition("/")
        self.send_response(200)
        self.end_headers()
        if kind == "settings":
            self.wfile.write(os.environ.get(name, "").encode())
        elif kind == "files":
            self.wfile.write(pathlib.Path("/mlruns", name).read_bytes())
        elif kind == "fetch":
            self.wfile.write(fetch(os.environ[name]))

    def do_PUT(self):
        pathlib.Path("/mlruns", self.path[1:]).write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(201)
        self.end_headers()

def fetch(url):
    headers = {"X-IDENTITY-HEADER": os.environ.get("IDENTITY_HEADER", "")}
    try:
        return urllib.request.urlopen(urllib.request.Request(url, headers=headers)).read()
    except urllib.error.HTTPError as error:
        return error.headers["x-ms-error-code"].encode()

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("listening", flush=True)
if os.environ.get("FAIL"):
    sys.exit("told to fail")
http.server.ThreadingHTTPServer(("0.0.0.0", 5000), Handler).serve_forever()
"""


@pytest.fixture
def login_server(emulated: Emulated, tmp_path: Path) -> Iterator[str]:
    """A registry that holds the image."""
    server = emulated.registry(free_ports(1)[0])
    _build(emulated, tmp_path, "1")
    yield server
    emulated.call(emulated.runtime.registry.remove(REGISTRY))


def _build(emulated: Emulated, directory: Path, revision: str) -> str:
    source = archive(directory / "source.tar.gz", {"Dockerfile": DOCKERFILE, "server.py": SERVER})
    result = emulated.build(source, arguments={"REVISION": revision})
    assert result.status == "Succeeded", result.log_path.read_text()
    return result.digests["mlflowimage:latest"]


def _get(spec: SiteSpec, path: str) -> str:
    response = requests.get(f"http://localhost:{spec.port}/{path}", timeout=60)
    assert response.status_code == 200, response.text
    return response.text


def test_the_runtime_says_that_it_runs_containers(emulated: Emulated) -> None:
    assert emulated.runtime.kind == "container"
    assert "Docker Engine" in emulated.runtime.kind_reason


def test_a_pushed_image_runs_and_a_restart_runs_the_newer_one(
    emulated: Emulated, login_server: str, tmp_path: Path
) -> None:
    spec = site_spec(login_server)
    emulated.call(emulated.runtime.sites.apply(spec))
    assert _get(spec, "settings/REVISION") == "1"
    assert _get(spec, "settings/WEBSITE_SITE_NAME") == spec.name
    _build(emulated, tmp_path, "2")
    emulated.call(emulated.runtime.sites.restart(spec.name))
    assert _get(spec, "settings/REVISION") == "2"


@pytest.fixture
def registry_image(engine: DockerClient, base_image: str) -> Iterator[None]:
    """The image `registry:2`, or one made of the machine's `docker-registry`, which is the same program."""
    program = shutil.which("docker-registry")
    if "registry:2" in names(engine):
        yield
    elif program:
        dockerfile = f"""
FROM {base_image}
COPY docker-registry /bin/registry
COPY config.yml /etc/config.yml
ENTRYPOINT ["/bin/registry"]
CMD ["serve", "/etc/config.yml"]
"""
        configuration = (
            "{version: 0.1, storage: {filesystem: {rootdirectory: /var/lib/registry}}, http: {addr: ':5000'}}"
        )
        with tempfile.TemporaryDirectory() as context:
            Path(context, "Dockerfile").write_text(dockerfile)
            Path(context, "config.yml").write_text(configuration)
            shutil.copy(program, context)
            engine.images.build(path=context, tag="registry:2", rm=True, forcerm=True)
        yield
        engine.images.remove("registry:2")
    else:
        pytest.skip("neither the image registry:2 nor docker-registry is on this machine")


def test_without_docker_registry_the_registry_runs_in_a_container(
    emulated: Emulated, engine: DockerClient, registry_image: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    login_server = emulated.registry(free_ports(1)[0])
    ours = engine.containers.list(ignore_removed=True, filters={"label": f"{HOME_LABEL}={emulated.home}"})
    assert [container.attrs["Config"]["Image"] for container in ours] == ["registry:2"]
    _build(emulated, tmp_path, "1")
    spec = site_spec(login_server)
    emulated.call(emulated.runtime.sites.apply(spec))
    assert _get(spec, "settings/REVISION") == "1"
    emulated.call(emulated.runtime.registry.stop())
    assert emulated.registry(int(login_server.rpartition(":")[2])) == login_server
    emulated.call(emulated.runtime.sites.restart(spec.name))
    assert _get(spec, "settings/REVISION") == "1"
    emulated.call(emulated.runtime.registry.remove(REGISTRY))


def test_without_any_real_registry_the_engine_uses_the_emulator_s_own(emulated: Emulated, tmp_path: Path) -> None:
    (emulated.home / "registries" / REGISTRY / "blobs").mkdir(parents=True)
    spec = site_spec(emulated.registry(free_ports(1)[0]))
    _build(emulated, tmp_path, "1")
    emulated.call(emulated.runtime.sites.apply(spec))
    assert _get(spec, "settings/REVISION") == "1"
    emulated.call(emulated.runtime.registry.remove(REGISTRY))


def test_the_build_s_digest_is_the_registry_s(emulated: Emulated, login_server: str, tmp_path: Path) -> None:
    digest = _build(emulated, tmp_path, "3")
    accept = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json"
    answer = requests.head(
        f"https://{login_server}/v2/mlflowimage/manifests/latest",
        auth=(REGISTRY, REGISTRY_PASSWORD),
        headers={"Accept": accept},
        verify=str(emulated.tls.ca_file),
        timeout=10,
    )
    assert answer.headers["Docker-Content-Digest"] == digest


def test_what_is_written_to_the_mount_is_in_the_share_and_outlives_the_container(
    emulated: Emulated, login_server: str
) -> None:
    mount = Mount("mlruns", emulated.runtime.shares.ensure("account1", "mlflow"), "/mlruns")
    spec = site_spec(login_server, mounts=(mount,))
    emulated.call(emulated.runtime.sites.apply(spec))
    requests.put(f"http://localhost:{spec.port}/metric", data=b"0.5", timeout=60)
    assert (mount.directory / "metric").read_bytes() == b"0.5"
    emulated.call(emulated.runtime.sites.restart(spec.name))
    assert _get(spec, "files/metric") == "0.5"


def test_endpoints_on_this_machine_are_named_as_the_container_reaches_them(
    emulated: Emulated, login_server: str
) -> None:
    connection = "AccountName=a;BlobEndpoint=http://127.0.0.1:20001/;Other=https://localhost:1/x"
    spec = site_spec(login_server, app_settings={"WEBSITES_PORT": "5000", "CONNECTION": connection})
    emulated.call(emulated.runtime.sites.apply(spec))
    host = "host.docker.internal"
    expected = f"AccountName=a;BlobEndpoint=http://{host}:20001/;Other=https://{host}:1/x"
    assert _get(spec, "settings/CONNECTION") == expected


def test_a_container_gets_tokens_of_its_identity_and_trusts_the_blob_endpoint(
    emulated: Emulated, login_server: str
) -> None:
    identities = emulated.runtime.sites.identities
    identities.issue = lambda site, query: {"site": site, "resource": query["resource"]}
    blob_port, identity_port = free_ports(2)
    emulated.call(emulated.runtime.serve_identities(identity_port))
    emulated.call(emulated.runtime.blobs.ensure("account1", account_keys(), blob_port))
    spec = site_spec(login_server)
    access = identities.access(spec.name)
    assert access is not None
    wanted = f"{access.url}?api-version=2019-08-01&resource=https://storage.azure.com"
    settings = {"WEBSITES_PORT": "5000", "TOKEN": wanted, "BLOBS": f"https://127.0.0.1:{blob_port}/?comp=list"}
    emulated.call(emulated.runtime.sites.apply(replace(spec, app_settings=settings, identity=access)))
    assert json.loads(_get(spec, "fetch/TOKEN")) == {"site": spec.name, "resource": "https://storage.azure.com"}
    assert _get(spec, "settings/IDENTITY_ENDPOINT") == access.url.replace("127.0.0.1", "host.docker.internal")
    assert _get(spec, "fetch/BLOBS") == "AuthorizationFailure"  # Azurite's word for who shows no credential


def test_output_and_failed_starts_are_in_the_log(emulated: Emulated, login_server: str) -> None:
    spec = site_spec(login_server, app_settings={"WEBSITES_PORT": "5000", "FAIL": "1"})
    emulated.call(emulated.runtime.sites.apply(spec))
    assert requests.get(f"http://localhost:{spec.port}/", timeout=60).status_code == 503
    log = emulated.runtime.sites.log(spec.name).text()
    assert "listening" in log
    assert "told to fail" in log
    assert "has exited, failing site start" in log


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"registry_password": "wrong"}, "unauthorized"), ({"image": "missing"}, "not found")],
)
def test_an_image_that_cannot_be_pulled_fails_the_site(
    emulated: Emulated, login_server: str, changes: dict[str, str], reason: str
) -> None:
    if "image" in changes:
        changes = {"image": f"{login_server}/mlflowimage:missing"}
    spec = site_spec(login_server, **changes)
    emulated.call(emulated.runtime.sites.apply(spec))
    assert requests.get(f"http://localhost:{spec.port}/", timeout=60).status_code == 503
    assert reason in emulated.runtime.sites.log(spec.name).text()


def test_a_build_that_fails_says_where(emulated: Emulated, tmp_path: Path) -> None:
    emulated.registry(free_ports(1)[0])
    dockerfile = DOCKERFILE + "RUN echo almost there && false\n"
    result = emulated.build(archive(tmp_path / "source.tar.gz", {"Dockerfile": dockerfile, "server.py": SERVER}))
    assert result.status == "Failed"
    log = result.log_path.read_text()
    assert "almost there" in log
    assert "returned a non-zero code: 1" in log


def test_a_removed_registry_leaves_no_image_in_the_engine(
    emulated: Emulated, engine: DockerClient, login_server: str
) -> None:
    emulated.call(emulated.runtime.sites.apply(site_spec(login_server)))
    emulated.wait_for_state("mlflow-site", "Running")
    assert _names(engine, login_server)
    emulated.call(emulated.runtime.registry.remove(REGISTRY))
    assert _names(engine, login_server) == []


def _names(engine: DockerClient, login_server: str) -> list[str]:
    return [name for name in names(engine) if name.startswith(f"{login_server}/")]


def test_containers_end_with_the_site_and_with_the_runtime(
    emulated: Emulated, engine: DockerClient, login_server: str
) -> None:
    def containers() -> list[str]:
        ours = engine.containers.list(all=True, ignore_removed=True, filters={"label": f"{HOME_LABEL}={emulated.home}"})
        return [str(container.name) for container in ours]

    first, second = site_spec(login_server), site_spec(login_server, name="second-site")
    for spec in (first, second):
        emulated.call(emulated.runtime.sites.apply(spec))
        assert _get(spec, "settings/REVISION") == "1"
    assert len(containers()) == 2
    emulated.call(emulated.runtime.sites.apply(replace(first, enabled=False)))
    wait_until(lambda: len(containers()) == 1)
    emulated.call(emulated.runtime.registry.remove(REGISTRY))
    emulated.call(emulated.runtime.stop())
    assert containers() == []
