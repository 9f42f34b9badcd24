"""The container's log, as it was and as it comes."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime, timedelta
from typing import IO, TYPE_CHECKING

import pytest
import requests

from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from tests.support.command import Command
    from tests.support.deployment import Deployment
    from tests.support.running_emulator import Emulator

pytestmark = pytest.mark.slow

JSON = ("--cloud", "emulator", "--output", "json")
GROUP = "mlflow-rg"


def ask(deployment: Deployment, mark: str) -> None:
    """Make a request that the server's log tells of."""
    requests.get(f"{deployment.url}/api/2.0/mlflow/experiments/list?mark={mark}", timeout=30).raise_for_status()


def read_until(stream: IO[str] | None, mark: str) -> list[str]:
    assert stream
    lines = []
    for line in stream:
        lines.append(line)
        if mark in line:
            return lines
    raise AssertionError(f"the stream ended before {mark}: {lines}")


def test_the_log_tells_what_the_platform_and_the_container_say_in_order_of_time(deployment: Deployment) -> None:
    ask(deployment, "ordered")
    records = [json.loads(line) for line in deployment.json("logs", "--since", "1h").stdout.splitlines()]
    assert {record["source"] for record in records} == {"platform", "container"}
    assert any("mark=ordered" in record["message"] for record in records)
    times = [record["time"] for record in records]
    assert times == sorted(times)


def test_the_tail_has_as_many_lines_as_asked_for(deployment: Deployment) -> None:
    ask(deployment, "tail")
    lines = deployment("logs", "--tail", "2").stdout.splitlines()
    assert len(lines) == 2
    assert "mark=tail" in lines[-1]


def test_what_is_older_than_asked_for_is_left_out(deployment: Deployment) -> None:
    ask(deployment, "aged")
    wait_until(lambda: "mark=aged" in deployment("logs", "--since", "1h").stdout)
    later = (datetime.now(UTC) + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S")
    assert deployment("logs", "--since", later).stdout == ""


def test_a_since_that_is_no_time_is_refused(deployment: Deployment) -> None:
    refused = deployment.json("logs", "--since", "yesterday")
    assert refused.exit_code == 2
    assert "--since" in refused.errors[0]["hint"]


def test_the_download_is_a_zip_of_all_log_files(deployment: Deployment) -> None:
    data = deployment.json("logs", "--download", "logs.zip").data
    with zipfile.ZipFile(deployment.cli.directory / data["file"]) as archive:
        assert any(name.endswith("_default_docker.log") for name in archive.namelist())
    assert data["bytes"] > 0


def test_following_shows_a_request_that_is_made_meanwhile_once(deployment: Deployment) -> None:
    with deployment.cli.start("logs", *JSON, "--follow", "--tail", "1") as following:
        try:
            read_until(following.stdout, "")
            ask(deployment, "first")
            assert len([line for line in read_until(following.stdout, "mark=first") if "mark=first" in line]) == 1
            ask(deployment, "second")
            assert not any("mark=first" in line for line in read_until(following.stdout, "mark=second"))
        finally:
            following.kill()


def test_what_kudu_writes_of_itself_is_no_part_of_the_log(deployment: Deployment) -> None:
    quirks = {"kudu_traces": True, "kudu_refuses_arm_tokens": True}
    deployment.emulator.control("PUT", "quirks", quirks)
    with deployment.cli.start("logs", "--cloud", "emulator", "--follow", "--tail", "1") as following:
        try:
            read_until(following.stdout, "")
            ask(deployment, "untraced")
            assert deployment("logs", "--tail", "1").exit_code == 0  # leaves a trace
            ask(deployment, "end")
            lines = read_until(following.stdout, "mark=end")
        finally:
            following.kill()
            deployment.emulator.control("PUT", "quirks", {})
    assert any("mark=untraced" in line for line in lines)
    assert [line for line in lines if "/LogFiles/" in line or "Startup Request" in line] == []


def test_following_goes_on_after_the_stream_was_cut(deployment: Deployment) -> None:
    with deployment.cli.start("logs", "--cloud", "emulator", "--follow", "--tail", "1") as following:
        try:
            read_until(following.stdout, "")
            ask(deployment, "before")
            read_until(following.stdout, "mark=before")
            assert deployment.cli("emulator", "stop").exit_code == 0
            assert deployment.cli("emulator", "start").exit_code == 0
            ask_when_ready(deployment, "after")
            read_until(following.stdout, "mark=after")
        finally:
            following.kill()
        assert following.stderr
        assert "Reconnecting." in following.stderr.read()


def ask_when_ready(deployment: Deployment, mark: str) -> None:
    def asked() -> bool:
        try:
            ask(deployment, mark)
        except requests.RequestException:
            return False
        return True

    wait_until(asked)


def test_the_log_of_a_stopped_web_app_says_that_it_is(deployment: Deployment) -> None:
    name = next(row["name"] for row in deployment.json("status").data["resources"] if row["kind"] == "web app")
    deployment.emulator.azure.web.web_apps.stop(GROUP, name)
    try:
        stopped = deployment("logs", "--tail", "1")
        assert stopped.exit_code == 0
        assert "is stopped" in stopped.stderr
    finally:
        deployment.emulator.azure.web.web_apps.start(GROUP, name)


def test_without_a_deployment_there_is_no_log(cli: Command, emulator: Emulator) -> None:
    answer = cli("logs", *JSON)
    assert answer.exit_code == 1
    assert answer.errors[0]["code"] == "NotDeployed"
    assert answer.errors[0]["hint"].endswith("mlflow-azure deploy --cloud emulator")
