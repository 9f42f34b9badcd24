"""The real image in the container runtime: artifacts in Azurite, SSH, and what a killed daemon leaves."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from websockets.sync.client import connect

from mlflow_azure.emulator.runtime import Mount
from mlflow_azure.emulator.runtime.docker.engine_api import HOME_LABEL
from tests.support.mlflow_rest import ROUND_TRIP, log_a_run, runs, server_settings
from tests.support.runtime_support import REGISTRY, Emulated, account_keys, free_ports, site_spec
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

    from docker import DockerClient

    from mlflow_azure.emulator.runtime import SiteSpec

pytestmark = [pytest.mark.docker, pytest.mark.slow]

CONTEXT = Path(__file__).parents[3] / "docker"
BASIC = ("$mlflow-site", "publishing-password")

# A daemon with one container, which says when it runs.
DAEMON = """
import asyncio, sys
from pathlib import Path
from mlflow_azure.emulator.runtime import Runtime, TlsMaterial

async def main():
    home, tls = Path(sys.argv[1]), TlsMaterial(*map(Path, sys.argv[2:5]))
    runtime = Runtime(home, tls)
    await runtime.start()
    runtime.sites.host._client.containers.run(
        sys.argv[5], ["sleep", "600"], labels={"mlflow-azure.emulator.home": str(home)}, detach=True
    )
    print("running", flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        tar.add(CONTEXT, ".")
    return path


@pytest.fixture
def spec(emulated: Emulated, source: Path) -> Iterator[SiteSpec]:
    """A site that runs MLflow, with a share and a storage account."""
    blob_port, registry_port = free_ports(2)
    keys = account_keys()
    login_server = emulated.registry(registry_port)
    endpoint = emulated.call(emulated.runtime.blobs.ensure("account1", keys, blob_port))
    emulated.call(emulated.runtime.blobs.create_container("account1", "mlflow"))
    built = emulated.build(source)
    assert built.status == "Succeeded", built.log_path.read_text()
    mount = Mount("mlruns", emulated.runtime.shares.ensure("account1", "mlflow"), "/mlruns")
    settings = server_settings(keys[0], endpoint)
    wanted = site_spec(login_server, app_settings=settings, mounts=(mount,), start_limit=230.0)
    emulated.call(emulated.runtime.sites.apply(wanted))
    yield wanted
    emulated.call(emulated.runtime.registry.remove(REGISTRY))


@pytest.mark.timeout(900)
def test_mlflow_runs_in_a_container_with_its_artifacts_in_the_account_and_ssh_through_the_tunnel(
    emulated: Emulated, engine: DockerClient, spec: SiteSpec, https: requests.Session, trusting: ssl.SSLContext
) -> None:
    run_id, _ = log_a_run(f"http://localhost:{spec.port}")
    assert (spec.mounts[0].directory / "mlruns/0" / run_id / "metrics/rmse").exists()

    container = engine.containers.list(ignore_removed=True, filters={"label": f"{HOME_LABEL}={emulated.home}"})[0]
    status, output = container.exec_run(["python", "-W", "ignore", "-c", ROUND_TRIP])
    assert status == 0, output

    https.auth = BASIC
    tunnel = f"localhost:{spec.scm_port}/AppServiceTunnel/Tunnel.ashx"
    status_url = f"https://{tunnel}?GetStatus&GetStatusAPIVer=2"
    wait_until(lambda: https.get(status_url).json()["canReachPort"])  # sshd starts after MLflow
    authorization = requests.Request(url="https://x", auth=BASIC).prepare().headers["Authorization"]
    with connect(f"wss://{tunnel}", ssl=trusting, additional_headers={"Authorization": authorization}) as socket:
        assert socket.recv(decode=False).startswith(b"SSH-2.0-")

    emulated.call(emulated.runtime.sites.restart(spec.name))
    assert runs(f"http://localhost:{spec.port}") == [run_id]
    assert "GET /robots933456.txt" in emulated.runtime.sites.log(spec.name).text()


def test_containers_are_removed_when_the_daemon_is_killed(
    emulated: Emulated, engine: DockerClient, base_image: str, tmp_path: Path
) -> None:
    home, tls = tmp_path / "killed", emulated.tls
    home.mkdir()
    arguments = list(map(str, (home, tls.ca_file, tls.cert_file, tls.key_file, base_image)))
    with subprocess.Popen([sys.executable, "-c", DAEMON, *arguments], stdout=subprocess.PIPE) as daemon:
        assert daemon.stdout
        assert daemon.stdout.readline() == b"running\n"
        ours: dict[str, str | list[str] | bool] = {"label": f"{HOME_LABEL}={home}"}
        assert len(engine.containers.list(ignore_removed=True, filters=ours)) == 1
        daemon.kill()
    wait_until(lambda: engine.containers.list(all=True, ignore_removed=True, filters=ours) == [])
