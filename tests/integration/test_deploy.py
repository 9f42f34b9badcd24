"""deploy, plan and destroy against the emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from tests.support.command import Command
    from tests.support.running_emulator import Emulator

EMULATOR = ("--cloud", "emulator")
JSON = (*EMULATOR, "--output", "json")
PROBE = "/api/2.0/mlflow/experiments/list"


def actions(rows: list[dict[str, str]]) -> set[str]:
    return {row["action"] for row in rows}


@pytest.mark.slow
def test_a_deploy_ends_with_an_mlflow_server_that_answers_and_a_second_one_writes_nothing(
    cli: Command, emulator: Emulator
) -> None:
    first = cli("deploy", *JSON).data
    assert requests.get(first["url"] + PROBE, timeout=60).status_code == 200
    assert first["tracking_uri"] == first["url"]
    assert first["image"]["digest"].startswith("sha256:")
    assert {"create", "update", "keep"} >= actions(first["resources"]) >= {"create"}

    emulator.forget_requests()
    second = cli("deploy", *JSON).data
    assert actions(second["resources"]) == {"keep"}
    assert emulator.writes == []
    assert actions(cli("plan", *JSON).data["changes"]) == {"keep"}


def test_a_plan_writes_nothing(cli: Command, emulator: Emulator) -> None:
    changes = cli("plan", *JSON).data["changes"]
    assert {change["kind"] for change in changes if change["action"] == "create"} >= {
        "resource group",
        "storage account",
        "blob container",
        "file share",
        "container registry",
        "image",
        "app service plan",
        "web app",
    }
    assert emulator.writes == []


def test_destroying_what_was_never_deployed_is_a_success(cli: Command, emulator: Emulator) -> None:
    assert cli("destroy", *JSON, "--yes").data["resources"] == []
    assert emulator.writes == []


def test_an_emulator_that_a_deploy_started_ends_with_what_was_deployed(cli: Command) -> None:
    cli("deploy", *JSON, "--build", "none")
    assert cli("emulator", "status", "--output", "json").data["running"]
    assert "stopped" in cli("destroy", *JSON, "--yes").stderr
    assert not cli("emulator", "status", "--output", "json").data["running"]


def test_an_emulator_that_was_started_by_name_goes_on(cli: Command, emulator: Emulator) -> None:
    cli("destroy", *JSON, "--yes")
    assert cli("emulator", "status", "--output", "json").data["running"]


@pytest.mark.slow
def test_a_web_app_that_someone_stopped_is_started_again(cli: Command, emulator: Emulator) -> None:
    deployed = cli("deploy", *JSON).data
    (site,) = [row["name"] for row in deployed["resources"] if row["kind"] == "web app"]
    emulator.azure.web.web_apps.stop("mlflow-rg", site)
    (change,) = [change for change in cli("plan", *JSON).data["changes"] if change["action"] != "keep"]
    assert change["differences"] == [{"path": "properties.state", "from": "Stopped", "to": "Running"}]

    again = cli("deploy", *JSON).data
    assert requests.get(again["url"] + PROBE, timeout=60).status_code == 200
