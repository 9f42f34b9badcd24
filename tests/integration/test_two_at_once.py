"""Two who change one thing at the same moment: neither undoes the other and says that all is well."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.disturbed import held
from tests.support.sign_in import SECRET_SETTING, SignIn

if TYPE_CHECKING:
    import subprocess
    from contextlib import AbstractContextManager

    from tests.support.deployment import Deployment

pytestmark = pytest.mark.light

GROUP = "mlflow-rg"
LATER = {"Retry-After": "1"}
PUT_OFF = r" 429 \("
"""What is told of an answer that puts a request off."""
LIST, WRITE = "/config/appsettings/list$", "/config/appsettings$"


def paused_before_its_write(deployment: Deployment, workers: str) -> AbstractContextManager[subprocess.Popen[str]]:
    """A deploy that has read everything, and is about to look at the app settings once more."""
    deployment.emulator.fail(method="POST", path=LIST, after=1, status=429, headers=LATER, code="TooManyRequests")
    deploy = ("deploy", "--cloud", "emulator", "--output", "json", "--mlflow-workers", workers)
    return held(deployment.cli, *deploy, pattern=PUT_OFF)


def settings_of(deployment: Deployment) -> dict[str, str]:
    web = deployment.emulator.azure.web.web_apps
    site = next(iter(web.list_by_resource_group(GROUP))).name
    return dict(web.list_application_settings(GROUP, site).properties)


def test_a_deploy_does_not_undo_a_cd_disable_of_the_same_moment(deployment: Deployment) -> None:
    assert deployment.json("cd enable").exit_code == 0
    with paused_before_its_write(deployment, "2") as deploy:
        assert deployment.json("cd disable").exit_code == 0
    answer, _ = deploy.communicate()
    [error] = json.loads(answer)["errors"]
    assert (deploy.returncode, error["code"]) == (1, "ChangedMeanwhile")
    assert "DOCKER_ENABLE_CI" in error["message"]
    assert "DOCKER_ENABLE_CI" not in settings_of(deployment)
    assert deployment.json("deploy").exit_code == 0
    assert not deployment.json("cd status").data["enabled"]


def test_a_setting_that_someone_changes_between_read_and_write_is_not_written_over(deployment: Deployment) -> None:
    web = deployment.emulator.azure.web.web_apps
    site = next(iter(web.list_by_resource_group(GROUP))).name
    with paused_before_its_write(deployment, "3") as deploy:
        theirs = {**settings_of(deployment), "MLFLOW_SERVER_HOST": "127.0.0.1", "OWN": "new"}
        web.update_application_settings(GROUP, site, {"properties": theirs})
    answer, _ = deploy.communicate()
    [error] = json.loads(answer)["errors"]
    assert error["code"] == "ChangedMeanwhile"
    assert "MLFLOW_SERVER_HOST" in error["message"]
    assert settings_of(deployment) == theirs
    assert deployment.json("deploy").exit_code == 0
    assert settings_of(deployment)["OWN"] == "new"


def test_a_write_that_someone_undid_is_told(deployment: Deployment) -> None:
    # Answered as done, and gone the next moment, as by someone who wrote back what they had read before.
    deployment.emulator.fail(method="PUT", path=WRITE, status=200)
    [error] = deployment.json("deploy", "--mlflow-workers", "4").errors
    assert error["code"] == "ChangedMeanwhile"
    assert "MLFLOW_SERVER_WORKERS" in error["message"]
    assert deployment.json("deploy", "--mlflow-workers", "4").exit_code == 0
    assert settings_of(deployment)["MLFLOW_SERVER_WORKERS"] == "4"


@pytest.mark.parametrize(
    ("command", "another"),
    [("deploy --mlflow-workers 5", "cd enable"), ("cd disable", "deploy --mlflow-workers 6")],
)
def test_of_two_commands_one_of_which_comes_between_read_and_write_of_the_other_one_says_so(
    deployment: Deployment, command: str, another: str
) -> None:
    if command == "cd disable":
        assert deployment.json("cd enable").exit_code == 0
    line = (*command.split(), "--cloud", "emulator", "--output", "json")
    with held(deployment.cli, *line, pattern=LIST.strip("$"), count=2) as running:
        assert deployment.json(another).exit_code == 0
    answer, _ = running.communicate()
    [error] = json.loads(answer)["errors"]
    assert error["code"] == "ChangedMeanwhile"
    assert "Run both again" in error["hint"]
    for again in (another, command):
        assert deployment.json(again).exit_code == 0
    assert deployment.json("cd status").data["enabled"] == ("cd enable" in (command, another))
    assert settings_of(deployment)["MLFLOW_SERVER_WORKERS"] == (command + another).partition("workers ")[2][0]


def test_an_auth_enable_that_a_disable_overtakes_asks_for_a_registration_that_is_there(deployment: Deployment) -> None:
    assert deployment.json("auth enable").exit_code == 0
    line = ("auth", "enable", "--cloud", "emulator", "--output", "json")
    with held(deployment.cli, *line, pattern="/authsettingsV2") as enable:
        assert deployment.json("auth disable", "--yes").exit_code == 0
    answer, _ = enable.communicate()
    assert enable.returncode == 0, answer
    sign_in = SignIn(deployment)
    [registration] = sign_in.registrations
    registered = sign_in.settings["identityProviders"]["azureActiveDirectory"]["registration"]
    assert registered["clientId"] == registration["appId"]
    assert SECRET_SETTING in sign_in.app_settings
    assert deployment.json("auth disable", "--yes").exit_code == 0


def test_the_admin_user_stays_that_another_command_made_the_web_app_pull_with(deployment: Deployment) -> None:
    registries = deployment.emulator.azure.registries.registries
    assert deployment.json("deploy", "--identity").exit_code == 0
    line = ("deploy", "--identity", "--cloud", "emulator", "--output", "json")
    with held(deployment.cli, *line, pattern="/config/web") as running:
        assert deployment.json("deploy", "--no-identity").exit_code == 0
    answer, _ = running.communicate()
    assert [each["code"] for each in json.loads(answer)["errors"]] == ["ChangedMeanwhile"]
    assert next(iter(registries.list_by_resource_group(GROUP))).properties.admin_user_enabled


def test_a_write_that_azure_puts_off_is_not_sent_again_over_what_came_meanwhile(deployment: Deployment) -> None:
    deployment.emulator.fail(method="PUT", path=WRITE, status=429, headers=LATER, code="TooManyRequests")
    line = ("deploy", "--cloud", "emulator", "--output", "json", "--mlflow-workers", "7")
    with held(deployment.cli, *line, pattern=PUT_OFF) as deploy:
        web = deployment.emulator.azure.web.web_apps
        site = next(iter(web.list_by_resource_group(GROUP))).name
        web.update_application_settings(GROUP, site, {"properties": {**settings_of(deployment), "MEANWHILE": "came"}})
    answer, _ = deploy.communicate()
    assert deploy.returncode == 0, answer
    found = settings_of(deployment)
    assert (found["MEANWHILE"], found["MLFLOW_SERVER_WORKERS"]) == ("came", "7")
