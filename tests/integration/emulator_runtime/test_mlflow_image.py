"""The real build context in the process runtime: built, pushed, served, and used by MLflow's own clients' libraries."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.mlflow_rest import ROUND_TRIP, log_a_run, runs, server_settings
from tests.support.runtime_support import Emulated, account_keys, free_ports, site_spec

if TYPE_CHECKING:
    from mlflow_azure.emulator.runtime import Mount

pytestmark = pytest.mark.slow

CONTEXT = Path(__file__).parents[3] / "docker"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        tar.add(CONTEXT, ".")
    return path


@pytest.mark.timeout(900)
def test_the_image_serves_mlflow_with_its_artifacts_in_the_account(
    emulated: Emulated, source: Path, mount: Mount
) -> None:
    blob_port, registry_port = free_ports(2)
    keys = account_keys()
    login_server = emulated.registry(registry_port)
    endpoint = emulated.call(emulated.runtime.blobs.ensure("account1", keys, blob_port))
    emulated.call(emulated.runtime.blobs.create_container("account1", "mlflow"))
    built = emulated.build(source)
    assert built.status == "Succeeded", built.log_path.read_text()
    settings = server_settings(keys[0], endpoint)
    spec = site_spec(login_server, app_settings=settings, mounts=(mount,), start_limit=230.0)
    emulated.call(emulated.runtime.sites.apply(spec))

    run_id, artifact_uri = log_a_run(f"http://localhost:{spec.port}")
    assert artifact_uri.startswith("wasbs://mlflow@account1.blob.core.windows.net/mlartefacts/")
    assert (mount.directory / "mlruns/0" / run_id / "metrics/rmse").exists()
    environments = [path.parents[3] for path in emulated.environments().glob("*/lib/python3.11/site-packages/mlflow")]
    python = next(path for path in environments if path.name in built.log_path.read_text()) / "bin/python"
    environment = {"AZURE_STORAGE_CONNECTION_STRING": settings["AZURE_STORAGE_CONNECTION_STRING"]}
    subprocess.run([python, "-W", "ignore", "-c", ROUND_TRIP], env=environment, check=True)

    emulated.call(emulated.runtime.sites.restart(spec.name))
    assert runs(f"http://localhost:{spec.port}") == [run_id]
