"""The server that answers is the one that was deployed: App Service lets the old container answer for a while."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.support.registry_builds import build

if TYPE_CHECKING:
    from tests.support.deployment import Deployment

BROKEN = {
    "Dockerfile": "FROM scratch\n",
    "requirements.lock": "",
    "startup.sh": "echo this image is broken >&2; exit 3\n",
}

pytestmark = pytest.mark.slow


def test_a_dead_new_image_behind_a_living_old_one_is_told_with_its_last_lines(deployment: Deployment) -> None:
    cli, emulator = deployment.cli, deployment.emulator
    emulator.control("PUT", "quirks", {"overlapped_recycling": True, "restart_pause": 0.01})
    resources = cli("status", "--cloud", "emulator", "--output", "json").data["resources"]
    registry = next(each["name"] for each in resources if each["kind"] == "container registry")
    build(emulator.azure, "mlflow-rg", registry, BROKEN)

    answer = cli("deploy", "--cloud", "emulator", "--build", "none", "--output", "json")
    assert answer.exit_code == 1
    assert answer.errors[0]["code"] == "ContainerKeepsEnding"
    assert "this image is broken" in answer.errors[0]["message"]
    assert "GET /api" not in answer.errors[0]["message"]

    shown = dict(line.split(maxsplit=1) for line in cli("status", "--cloud", "emulator").stdout.splitlines()[:6])
    assert re.search(r"\((\w+), the newest; (?!\1)\w+ still answers\)", shown["Image"])
    health = cli("status", "--cloud", "emulator", "--output", "json").data
    assert (health["healthy"], health["server"]) == (False, "still serves another image")

    assert cli("deploy", "--cloud", "emulator", "--output", "json").data["resources"]
    assert cli("status", "--cloud", "emulator", "--output", "json").data["healthy"]


def test_new_app_settings_that_no_container_starts_with_are_told_behind_a_living_old_one(
    deployment: Deployment,
) -> None:
    cli, emulator = deployment.cli, deployment.emulator
    emulator.control("PUT", "quirks", {"overlapped_recycling": True, "restart_pause": 0.01})
    resources = cli("status", "--cloud", "emulator", "--output", "json").data["resources"]
    web, site = emulator.azure.web.web_apps, next(each["name"] for each in resources if each["kind"] == "web app")
    settings = dict(web.list_application_settings("mlflow-rg", site).properties)
    broken = {**settings, "GUNICORN_CMD_ARGS": "--no-such-option"}
    web.update_application_settings("mlflow-rg", site, {"properties": broken})

    for _ in range(2):  # the second one has nothing to write
        answer = cli("deploy", "--mlflow-workers", "3", "--cloud", "emulator", "--output", "json")
        assert [each["code"] for each in answer.errors] == ["ContainerKeepsEnding"]
        assert "no-such-option" in answer.errors[0]["message"]
    health = cli("status", "--cloud", "emulator", "--output", "json").data
    assert (health["healthy"], health["server"]) == (False, "still serves with the previous app settings")

    settings = dict(web.list_application_settings("mlflow-rg", site).properties)
    del settings["GUNICORN_CMD_ARGS"]
    web.update_application_settings("mlflow-rg", site, {"properties": settings})
    assert cli("deploy", "--mlflow-workers", "3", "--cloud", "emulator", "--output", "json").exit_code == 0
    assert cli("status", "--cloud", "emulator", "--output", "json").data["healthy"]
