"""What a client needs: for shells, for programs, for notebooks, for the browser."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.command import Command
    from tests.support.deployment import Deployment
    from tests.support.running_emulator import Emulator

pytestmark = pytest.mark.slow

JSON = ("--cloud", "emulator", "--output", "json")
CONNECT = """
import json, os
from mlflow_azure.client import connect
connect(cloud="emulator")
print(json.dumps({name: os.environ[name] for name in ("MLFLOW_TRACKING_URI", "AZURE_STORAGE_CONNECTION_STRING")}))
"""


def variables(deployment: Deployment) -> dict[str, str]:
    return deployment.json("env", "--show-secrets").data


def test_a_secret_is_shown_only_when_asked_for(deployment: Deployment) -> None:
    key = variables(deployment)["AZURE_STORAGE_CONNECTION_STRING"].partition("AccountKey=")[2].partition(";")[0]
    assert len(key) > 40
    for shown in (deployment("env", "--verbose"), deployment.json("env", "--verbose")):
        assert deployment.url in shown.stdout
        assert key not in shown.stdout + shown.stderr


@pytest.mark.parametrize("shell", ["bash", "sh", "fish", "pwsh"])
def test_a_shell_that_evaluates_the_exports_has_the_variables(deployment: Deployment, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not on this machine")
    kind = {"fish": "fish", "pwsh": "powershell"}.get(shell, "bash")
    exports = deployment("env", "--show-secrets", "--shell", kind).stdout
    printed = f"{sys.executable} -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    done = subprocess.run([shell, "-c", f"{exports}\n{printed}"], capture_output=True, text=True, check=True)
    assert variables(deployment).items() <= json.loads(done.stdout).items()


def test_a_notebook_is_connected_by_one_call(deployment: Deployment) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CONNECT],
        env=deployment.cli.environment(),
        cwd=deployment.cli.directory,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == variables(deployment)


def test_a_notebook_is_told_that_nothing_is_deployed(cli: Command, emulator: Emulator) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CONNECT],
        env=cli.environment(),
        cwd=cli.directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "is not deployed" in done.stderr


def test_the_browser_is_opened_at_the_server(deployment: Deployment) -> None:
    browser = deployment.cli.directory / "browser"
    browser.write_text('#!/bin/sh\necho "$1" > opened\n')
    browser.chmod(0o755)
    data = deployment.json("open", BROWSER=str(browser)).data
    assert data == {"url": deployment.url, "opened": True}
    assert (deployment.cli.directory / "opened").read_text().strip() == deployment.url


def test_the_emulator_has_no_portal_to_open(deployment: Deployment) -> None:
    refused = deployment.json("open", "--portal")
    assert refused.exit_code == 1
    assert "portal" in refused.errors[0]["message"]


@pytest.mark.parametrize("command", ["env", "open", "ssh"])
def test_without_a_deployment_a_command_names_the_next_one(cli: Command, emulator: Emulator, command: str) -> None:
    answer = cli(command, *JSON, *(("true",) if command == "ssh" else ()))
    assert answer.exit_code == 1
    assert answer.errors[0]["code"] == "NotDeployed"
    assert answer.errors[0]["hint"].endswith("mlflow-azure deploy --cloud emulator")


def test_where_web_apps_run_as_processes_there_is_no_shell_and_the_log_is_offered(deployment: Deployment) -> None:
    refused = deployment.json("ssh", "ps")
    assert refused.exit_code == 1
    assert "runs web apps as processes here, so there is no container" in refused.errors[0]["message"]
    assert "mlflow-azure logs --cloud emulator" in refused.errors[0]["hint"]
    assert "mlflow-azure deploy" not in refused.errors[0]["hint"]
    assert "Waiting" not in refused.stderr


def test_a_shell_without_a_terminal_asks_for_a_command(deployment: Deployment) -> None:
    refused = deployment("ssh")
    assert refused.exit_code == 2
    assert "no terminal" in refused.stderr
