"""How a deployment is told to be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import requests

from mlflow_azure.image.serving import IMAGE_HEADER
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from tests.support.command import Command
    from tests.support.deployment import Deployment
    from tests.support.running_emulator import Emulator

pytestmark = pytest.mark.slow

JSON = ("--cloud", "emulator", "--output", "json")
GROUP = "mlflow-rg"


def states(data: dict[str, Any]) -> dict[str, str]:
    return {row["kind"]: row["state"] for row in data["resources"]}


def site_name(deployment: Deployment) -> str:
    rows = deployment.json("status").data["resources"]
    return next(row["name"] for row in rows if row["kind"] == "web app")


def test_a_deployed_server_is_told_with_its_resources_and_how_it_is_protected(deployment: Deployment) -> None:
    data = deployment.json("status").data
    assert (data["url"], data["tracking_uri"], data["healthy"]) == (deployment.url, deployment.url, True)
    assert "missing" not in states(data).values()
    assert all({"kind", "name", "id", "state"} <= row.keys() for row in data["resources"])
    assert data["image"]["is_newest"]
    assert data["image"]["digest"].startswith("sha256:")
    assert data["share"]["used_bytes"] > 0
    assert data["share"]["quota_gib"] == 2
    assert (data["public"], data["sign_in"], data["continuous_deployment"]) == (True, False, False)


def test_a_status_writes_nothing(deployment: Deployment) -> None:
    deployment.emulator.forget_requests()
    assert deployment("status").exit_code == 0
    assert deployment.emulator.writes == []


def test_the_text_names_each_resource_and_ids_only_when_asked(deployment: Deployment) -> None:
    brief, verbose = deployment("status"), deployment("status", "--verbose")
    for word in (deployment.url, "S1", "westeurope", "Standard_LRS", "anyone on this machine"):
        assert word in brief.stdout
    assert "/subscriptions/" not in brief.stdout
    assert "/providers/Microsoft.Web/sites/" in verbose.stdout


def test_the_table_of_the_resources_fits_into_a_narrow_terminal(deployment: Deployment) -> None:
    shown = deployment("status").stdout
    assert not [line for line in shown.partition("RESOURCE")[2].splitlines() if len(line) > 80]
    assert shown.count("westeurope") == 1, "the region is told once"


def test_a_stopped_web_app_is_told_with_the_command_that_starts_it(deployment: Deployment) -> None:
    web, name = deployment.emulator.azure.web.web_apps, site_name(deployment)
    web.stop(GROUP, name)
    try:
        data, text = deployment.json("status").data, deployment("status")
        assert (data["healthy"], data["server"]) == (False, "is stopped")
        assert "The web app is stopped." in text.stderr
        assert "mlflow-azure deploy --cloud emulator" in text.stderr
    finally:
        web.start(GROUP, name)


def test_a_server_that_does_not_answer_is_told_with_the_command_that_says_why(deployment: Deployment) -> None:
    web, name = deployment.emulator.azure.web.web_apps, site_name(deployment)
    runs = web.get_configuration(GROUP, name).as_dict()["properties"]["linuxFxVersion"]
    web.update_configuration(GROUP, name, {"properties": {"linuxFxVersion": f"{runs}-gone"}})
    web.stop(GROUP, name)  # until it is stopped, the container of before answers
    web.start(GROUP, name)
    try:
        text = deployment("status")
        assert text.exit_code == 0
        assert "responds with 503" in text.stderr
        assert "mlflow-azure logs" in text.stderr
    finally:
        web.update_configuration(GROUP, name, {"properties": {"linuxFxVersion": runs}})
        wait_until(lambda: requests.get(deployment.url, timeout=60).ok)


def test_an_image_newer_than_the_one_that_runs_is_told(deployment: Deployment) -> None:
    web, name = deployment.emulator.azure.web.web_apps, site_name(deployment)
    settings = web.list_application_settings(GROUP, name).as_dict()["properties"]
    digest = "sha256:" + "0" * 64
    older = {**settings, "MLFLOW_AZURE_IMAGE_DIGEST": digest}
    web.update_application_settings(GROUP, name, {"properties": older})
    try:  # until the container with that setting answers, the one before does
        wait_until(lambda: requests.get(deployment.url, timeout=60).headers.get(IMAGE_HEADER) == digest)
        assert not deployment.json("status").data["image"]["is_newest"]
        assert "is not running the newest image" in deployment("status").stderr
    finally:
        web.update_application_settings(GROUP, name, {"properties": settings})
        wait_until(lambda: requests.get(deployment.url, timeout=60).headers.get(IMAGE_HEADER) not in (None, digest))


def test_a_watch_tells_what_changes(deployment: Deployment) -> None:
    web, name = deployment.emulator.azure.web.web_apps, site_name(deployment)
    with deployment.cli.start("status", *JSON, "--watch") as watching:
        assert watching.stdout
        try:
            assert json.loads(watching.stdout.readline())["healthy"]
            web.stop(GROUP, name)
            assert not json.loads(watching.stdout.readline())["healthy"]
        finally:
            watching.kill()
            web.start(GROUP, name)


def test_a_user_who_may_not_look_is_told_what_is_missing(deployment: Deployment) -> None:
    deployment.emulator.control("PUT", "permissions", {"actions": ["Microsoft.Web/*"], "notActions": []})
    try:
        refused = deployment.json("status")
        assert refused.exit_code == 4
        assert "AuthorizationFailed" in {error["code"] for error in refused.errors}
        assert any("mlflow-azure doctor" in error["hint"] for error in refused.errors)
    finally:
        deployment.emulator.control("PUT", "permissions", {"actions": ["*"], "notActions": []})


def test_nothing_deployed_is_a_state_and_not_a_failure(cli: Command, emulator: Emulator) -> None:
    data = cli("status", *JSON).data
    assert (data["url"], data["healthy"], data["server"]) == (None, False, "not deployed")
    assert states(data)["web app"] == "missing"
    assert "mlflow-azure deploy --cloud emulator" in cli("status", "--cloud", "emulator").stderr


def test_a_half_deployed_server_is_told_with_what_is_missing(cli: Command, emulator: Emulator) -> None:
    emulator.fail(method="PUT", path="/serverfarms/", times=None, kind="status", status=400, code="Bad", message="No.")
    assert cli("deploy", *JSON).exit_code == 4
    found = states(cli("status", *JSON).data)
    assert (found["app service plan"], found["web app"]) == ("missing", "missing")
    assert found["storage account"] == "Succeeded"
    assert "Partly deployed" in cli("status", "--cloud", "emulator").stderr
