"""The examples, with the MLflow 1.5.0 client and with today's, against a deployed server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from mlflow_azure.emulator import launcher
from tests.support.environments import environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.deployment import Deployment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

CHECKOUT = Path(__file__).parents[2]
EXAMPLES = CHECKOUT / "examples"
LONGER_THAN_A_TOKEN = """
import sys, time
import log_run, log_run_with_sign_in
log_run_with_sign_in.keep_signed_in(sys.argv[1])
time.sleep(24)
log_run.main()
"""
CONNECTED_LONGER_THAN_A_TOKEN = """
import os, time, urllib.request
from mlflow_azure.client import connect
url = connect(cloud="emulator")
first = os.environ["MLFLOW_TRACKING_TOKEN"]
while (token := os.environ["MLFLOW_TRACKING_TOKEN"]) == first:
    time.sleep(0.2)
asked = urllib.request.Request(url + "/api/2.0/mlflow/experiments/list", headers={"Authorization": f"Bearer {token}"})
print(urllib.request.urlopen(asked).status)
"""


@pytest.fixture(scope="module", params=["examples-1.5.0", "examples-newest"])
def python(request: pytest.FixtureRequest) -> Path:
    """A Python with an MLflow client, as the Makefile keeps it."""
    return environment(request.param) / "python"


def run(deployment: Deployment, *command: str | Path, **environ: str) -> str:
    """What a client prints, connected as the documentation says."""
    variables = deployment.json("env", "--show-secrets").data
    done = subprocess.run(
        [str(word) for word in command],
        cwd=deployment.cli.directory,
        env={**deployment.cli.environment(), **variables, "PYTHONPATH": str(EXAMPLES), **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def sign_in(deployment: Deployment) -> Iterator[str]:
    """Sign-in in front of the server; the client id of its app registration."""
    yield deployment.json("auth enable").data["client_id"]
    assert deployment("auth disable", "--yes").exit_code == 0
    deployment.emulator.control("PUT", "tokens", {"lifetime": 3600})


def as_a_program(deployment: Deployment) -> dict[str, str]:
    """What azure-identity reads to sign in to the emulator as a program signs in to Azure."""
    found = launcher.endpoint(deployment.emulator.home)
    assert found
    return {
        "AZURE_TENANT_ID": found["tenant_id"],
        "AZURE_CLIENT_ID": found["client_id"],
        "AZURE_CLIENT_SECRET": found["client_secret"],
        "AZURE_AUTHORITY_HOST": found["authority"],
        "REQUESTS_CA_BUNDLE": found["ca_file"],
    }


def test_a_run_is_logged_with_its_params_metrics_and_artifact(deployment: Deployment, python: Path) -> None:
    printed = run(deployment, python, EXAMPLES / "log_run.py")
    assert "params   {'alpha': '0.5'}" in printed
    assert "metrics  {'rmse': 0.1}, 10 steps" in printed
    assert "Logged to blob storage." in printed


def test_a_model_is_logged_and_predicts_after_it_was_stored(deployment: Deployment, python: Path) -> None:
    printed = run(deployment, python, EXAMPLES / "log_model.py")
    assert "the best with alpha 0.1: R² 0.369" in printed
    assert "predicted 233.7 with the model of run" in printed


def test_a_run_is_logged_through_sign_in(deployment: Deployment, python: Path, sign_in: str) -> None:
    assert requests.get(f"{deployment.url}/api/2.0/mlflow/experiments/list", timeout=30).status_code == 401
    example = EXAMPLES / "log_run_with_sign_in.py"
    printed = run(deployment, python, example, sign_in, **as_a_program(deployment))
    assert "Logged to blob storage." in printed


@pytest.mark.nightly
def test_a_run_may_take_longer_than_a_token_lasts(deployment: Deployment, python: Path, sign_in: str) -> None:
    deployment.emulator.control("PUT", "tokens", {"lifetime": 20})
    scope = f"{sign_in}/.default"
    printed = run(deployment, python, "-c", LONGER_THAN_A_TOKEN, scope, **as_a_program(deployment))
    assert "Logged to blob storage." in printed


@pytest.mark.nightly
def test_a_notebook_stays_signed_in_longer_than_a_token_lasts(deployment: Deployment, sign_in: str) -> None:
    deployment.emulator.control("PUT", "tokens", {"lifetime": 30})
    assert run(deployment, sys.executable, "-c", CONNECTED_LONGER_THAN_A_TOKEN) == "200\n"
