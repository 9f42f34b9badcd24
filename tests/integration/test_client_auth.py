"""Clients of a server with sign-in whose runs take longer than a token lasts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.environments import environment
from tests.support.sign_in import SignIn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.deployment import Deployment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

CHECKOUT = Path(__file__).parents[2]
LIFETIME = 30  # seconds; a fifth of it is left when a token is renewed, also on a machine that is busy
SHORTER_THAN_A_RUN = 5  # seconds
LONG_RUN = f"""
import time
import mlflow
mlflow.set_experiment("long")
ends, steps = time.time() + {LIFETIME + 2}, 0
with mlflow.start_run() as run:
    while time.time() < ends:
        mlflow.log_metric("loss", 1 / (steps + 1), step=steps)
        steps += 1
        time.sleep(1)
print(len(mlflow.tracking.MlflowClient().get_metric_history(run.info.run_id, "loss")) == steps)
"""
CONNECT = """
from mlflow_azure.client import connect
connect(cloud="emulator")
"""
ELSEWHERE = """
import http.server, threading
import mlflow

class Spy(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print(self.headers["Authorization"])
        self.send_error(404)

    def log_message(self, *arguments):
        pass

spy = http.server.HTTPServer(("127.0.0.1", 0), Spy)
threading.Thread(target=spy.serve_forever, daemon=True).start()
try:
    mlflow.MlflowClient(f"http://127.0.0.1:{spy.server_port}").get_run("0" * 32)
except mlflow.MlflowException:
    pass
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Just the package, as `pip install --no-deps` puts it beside an MLflow."""
    target = tmp_path_factory.mktemp("package")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target), str(CHECKOUT)]
    subprocess.run(install, check=True)
    return target


@pytest.fixture
def short_lived(deployment: Deployment) -> Iterator[SignIn]:
    """Sign-in required, with tokens that last some seconds."""
    sign_in = SignIn(deployment)
    assert sign_in.auth("enable").exit_code == 0
    deployment.emulator.control("PUT", "tokens", {"lifetime": LIFETIME})
    yield sign_in
    sign_in.put_back()


def python(deployment: Deployment, name: str, package: Path, script: str, **environ: str) -> str:
    """The last line that a script prints in one of the Makefile's environments, with our package beside it."""
    variables = deployment.cli.environment(PYTHONPATH=str(package), **environ)
    path = f"{Path(sys.executable).parent}:{variables['PATH']}"
    done = subprocess.run(
        [environment(name) / "python", "-W", "ignore", "-c", script],
        cwd=deployment.cli.directory,
        env={**variables, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def plugged_in(sign_in: SignIn) -> dict[str, str]:
    """What `env` sets, without the token that ends."""
    variables = sign_in.deployment.json("env", "--show-secrets").data
    return {name: value for name, value in variables.items() if name != "MLFLOW_TRACKING_TOKEN"}


def test_a_run_of_todays_mlflow_outlives_its_token_with_the_plugin(short_lived: SignIn, package: Path) -> None:
    variables = plugged_in(short_lived)
    assert variables["MLFLOW_TRACKING_AUTH"] == "mlflow-azure"
    assert python(short_lived.deployment, "examples-newest", package, LONG_RUN, **variables) == "True"


def test_the_plugin_sends_its_token_to_no_other_server(short_lived: SignIn, package: Path) -> None:
    variables = plugged_in(short_lived)
    assert python(short_lived.deployment, "examples-newest", package, ELSEWHERE, **variables) == "None"


def test_a_run_of_mlflow_1_5_0_outlives_its_token_when_connected(short_lived: SignIn, package: Path) -> None:
    assert python(short_lived.deployment, "mlflow-1.5.0", package, CONNECT + LONG_RUN) == "True"


def test_a_token_alone_ends_before_the_run(short_lived: SignIn, package: Path) -> None:
    variables = {name: value for name, value in plugged_in(short_lived).items() if name == "MLFLOW_TRACKING_URI"}
    short_lived.deployment.emulator.control("PUT", "tokens", {"lifetime": SHORTER_THAN_A_RUN})
    with pytest.raises(AssertionError, match="401"):
        python(
            short_lived.deployment,
            "mlflow-1.5.0",
            package,
            LONG_RUN,
            MLFLOW_TRACKING_TOKEN=short_lived.token(),
            **variables,
        )


def test_the_exports_hold_a_token_only_when_secrets_are_asked_for(short_lived: SignIn) -> None:
    shown, hidden = (short_lived.deployment.json("env", *words).data for words in (["--show-secrets"], []))
    assert short_lived.status(shown["MLFLOW_TRACKING_TOKEN"]) == 200
    assert hidden["MLFLOW_TRACKING_TOKEN"] == "(secret)"
    assert shown["MLFLOW_AZURE_CLIENT_ID"] == short_lived.registrations[0]["appId"]
