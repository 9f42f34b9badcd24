"""What Azure does at times, where a test orders it: see `quirks.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import requests
from azure.core.exceptions import HttpResponseError

from mlflow_azure.emulator.launcher import EmulatorError
from tests.support.registry_builds import build
from tests.support.runtime_support import TINY_SERVER, TINY_STARTUP
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from tests.support.emulated import Azure

IMAGE = {"Dockerfile": "FROM scratch\n", "requirements.lock": "", "startup.sh": TINY_STARTUP, "server.py": TINY_SERVER}


@dataclass
class Running:
    """A site that runs a container, and the app settings that it needs for that."""

    azure: Azure
    group: str
    site: Any
    needed: dict[str, str]

    def configure(self, **settings: str) -> None:
        """Give the container these app settings and no others."""
        wanted = {"properties": self.needed | settings}
        self.azure.web.web_apps.update_application_settings(self.group, self.site.name, wanted)

    def setting(self, name: str) -> str:
        """An app setting as the container that answers has it."""
        return requests.get(f"http://{self.site.default_host_name}/settings/{name}", timeout=60).text

    def kudu(self, path: str) -> requests.Response:
        """What the SCM site answers."""
        token = self.azure.credential.get_token("https://appservice.azure.com/.default").token
        return requests.get(
            f"https://{self.site.enabled_host_names[1]}{path}",
            headers={"Authorization": f"Bearer {token}"},
            verify=self.azure.endpoint["ca_file"],
            timeout=60,
        )

    @property
    def log(self) -> str:
        return b"".join(self.azure.web.web_apps.get_web_site_container_logs(self.group, self.site.name)).decode()


def set_app_settings(azure: Azure, group: str, site: str) -> None:
    azure.web.web_apps.update_application_settings(group, site, {"properties": {"A": "1"}})


def test_a_site_is_busy_right_after_its_creation(azure: Azure) -> None:
    azure.control("PUT", "quirks", {"site_busy": 2})
    group = azure.group()
    site = azure.site(group)
    for _ in range(2):
        with pytest.raises(HttpResponseError, match="another operation is in progress") as refused:
            set_app_settings(azure, group, site.name)
        assert refused.value.status_code == 409
    set_app_settings(azure, group, site.name)


def test_a_site_that_is_there_for_long_is_not_busy(azure: Azure) -> None:
    group = azure.group()
    site = azure.site(group)
    azure.control("PUT", "quirks", {"site_busy": True})
    set_app_settings(azure, group, site.name)


def test_a_plan_cannot_be_deleted_right_after_its_site(azure: Azure) -> None:
    azure.control("PUT", "quirks", {"plan_in_use": 1})
    group = azure.group()
    plan = azure.plan(group)
    site = azure.site(group, plan)
    azure.web.web_apps.delete(group, site.name, delete_empty_server_farm=False)
    with pytest.raises(HttpResponseError, match=rf"has web app\(s\) {site.name} assigned to it") as refused:
        azure.web.app_service_plans.delete(group, plan.name)
    assert refused.value.status_code == 409
    azure.web.app_service_plans.delete(group, plan.name)


def test_the_login_server_of_a_new_registry_cannot_be_reached_at_once(azure: Azure) -> None:
    azure.control("PUT", "quirks", {"registry_unresolved": 2})
    registry = azure.registry(azure.group())
    url, trust = f"https://{registry.login_server}/v2/", azure.endpoint["ca_file"]
    for _ in range(2):
        with pytest.raises(requests.ConnectionError):
            requests.get(url, verify=trust, timeout=60)
    assert requests.get(url, verify=trust, timeout=60).status_code == 401


def test_a_registry_that_clients_cannot_reach_takes_the_images_of_its_own_builds(azure: Azure) -> None:
    azure.control("PUT", "quirks", {"registry_unresolved": True})
    group = azure.group()
    run, log = build(azure, group, azure.registry(group).name, IMAGE)
    assert run.properties.status == "Succeeded", log


@pytest.fixture
def running(azure: Azure) -> Running:
    group = azure.group()
    registry = azure.registry(group)
    build(azure, group, registry.name, IMAGE)
    credentials = azure.registries.registries.list_credentials(group, registry.name)
    settings = {
        "DOCKER_REGISTRY_SERVER_USERNAME": credentials.username,
        "DOCKER_REGISTRY_SERVER_PASSWORD": credentials.passwords[0].value,
    }
    configuration = {
        "linuxFxVersion": f"DOCKER|{registry.login_server}/mlflowimage:latest",
        "appSettings": [{"name": name, "value": value} for name, value in settings.items()],
    }
    return Running(azure, group, azure.site(group, siteConfig=configuration), settings)


def test_the_tunnel_says_stopped_of_a_container_that_just_started(running: Running) -> None:
    running.azure.control("PUT", "quirks", {"tunnel_stopped": 2})
    running.azure.web.web_apps.restart(running.group, running.site.name)
    assert running.setting("GENERATION") == ""
    tunnel = "/AppServiceTunnel/Tunnel.ashx?GetStatus&GetStatusAPIVer=2"
    assert [running.kudu(tunnel).json()["state"] for _ in range(3)] == ["STOPPED", "STOPPED", "STARTED"]


def test_a_dead_new_container_stays_behind_the_old_one_until_it_is_mended(running: Running) -> None:
    running.configure(GENERATION="old")
    assert running.setting("GENERATION") == "old"
    running.azure.control("PUT", "quirks", {"overlapped_recycling": True, "restart_pause": 0.01})
    running.configure(GENERATION="new", FAIL="1")
    wait_until(lambda: running.log.count("has exited, failing site start") >= 3)
    assert running.setting("GENERATION") == "old"
    running.configure(GENERATION="new")
    wait_until(lambda: running.setting("GENERATION") == "new")


@pytest.mark.parametrize("path", ["/api/logstream", "/logstream"])
def test_the_log_stream_begins_with_kudus_own_files(running: Running, path: str) -> None:
    running.azure.control("PUT", "quirks", {"kudu_traces": True})
    running.configure(SCM_LOGSTREAM_TIMEOUT="1")
    assert "/home/LogFiles/kudu/trace/" in running.kudu(path).text


@pytest.mark.parametrize("order", [{"site_busy": -1}, {"site_busy": "2"}, {"kudu_traces": 1}, {"unknown": 1}])
def test_an_order_that_the_emulator_does_not_understand_is_refused(azure: Azure, order: dict[str, object]) -> None:
    with pytest.raises(EmulatorError):
        azure.control("PUT", "quirks", order)
