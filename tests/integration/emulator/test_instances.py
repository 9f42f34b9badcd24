"""Web apps on plans of several machines: an instance on each, and the front that spreads requests over them."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import pytest
import requests
from azure.mgmt.monitor import MonitorManagementClient
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from tests.support.emulated import Azure
from tests.support.managed_identities import running_site
from tests.support.waiting import wait_until

# Says which instance it is; SIGUSR1 makes it unhealthy, and healthy again.
SERVER = """
import http.server, json, os, signal

healthy = True

def toggle(*_):
    global healthy
    healthy = not healthy

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503 if self.path == "/health" and not healthy else 200)
        self.end_headers()
        who = {"instance": os.environ["WEBSITE_INSTANCE_ID"], "pid": os.getpid(), "color": os.environ.get("COLOR")}
        self.wfile.write(json.dumps(who).encode())

    def log_message(self, format, *args):
        pass

signal.signal(signal.SIGUSR1, toggle)
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["MLFLOW_SERVER_PORT"])), Handler).serve_forever()
"""


class Scaled:
    """A web app on three machines."""

    def __init__(self, azure: Azure) -> None:
        self.azure, self.group = azure, azure.group()
        self.plan = self.scale("plan", 3)
        self.site = running_site(azure, self.group, self.plan, SERVER, healthCheckPath="/health")
        self.url = f"http://{self.site.default_host_name}"
        wait_until(lambda: len(self.seen()) == 3)

    def scale(self, plan: str, machines: int) -> Any:
        sku = {"name": "P0v3", "capacity": machines}
        wanted = {"location": "westeurope", "sku": sku, "kind": "linux", "properties": {"reserved": True}}
        return self.azure.web.app_service_plans.begin_create_or_update(self.group, plan, wanted).result()

    def who(self) -> dict[str, Any]:
        answer = requests.get(self.url, timeout=60)
        assert answer.status_code == 200
        return answer.json()

    def answers(self, requests_made: int = 9) -> list[dict[str, Any]]:
        """What a client gets that tries again, since a server that is ended leaves what it was asked unanswered."""
        with retrying() as session:
            return [session.get(self.url, timeout=60).json() for _ in range(requests_made)]

    def seen(self) -> dict[str, int]:
        """The process of each instance that answers some requests in a row."""
        return {each["instance"]: each["pid"] for each in self.answers()}

    def states(self) -> dict[str, str]:
        """What Resource Manager says of each instance."""
        apps = self.azure.web.web_apps
        names = [each.name for each in apps.list_instance_identifiers(self.group, self.site.name)]
        return {name: apps.get_instance_info(self.group, self.site.name, name).state for name in names}

    def change(self, **settings: str) -> None:
        live = self.azure.web.web_apps.list_application_settings(self.group, self.site.name).properties
        wanted = {"properties": {**live, **settings}}
        self.azure.web.web_apps.update_application_settings(self.group, self.site.name, wanted)


@pytest.fixture
def scaled(azure: Azure) -> Scaled:
    return Scaled(azure)


def retrying() -> requests.Session:
    """A client that tries again as MLflow's does."""
    again = Retry(total=5, backoff_factor=0.2, status_forcelist=(502, 503, 504), allowed_methods=None)
    session = requests.Session()
    session.mount("http://", HTTPAdapter(max_retries=again))
    return session


@contextmanager
def clients(url: str) -> Iterator[list[dict[str, Any]]]:
    """Clients that ask all the time; what they were answered."""
    answers: list[dict[str, Any]] = []
    failures: list[Exception] = []
    over = threading.Event()

    def work() -> None:
        with retrying() as session:
            while not over.is_set():
                try:
                    answers.append(session.get(url, timeout=60).json())
                except Exception as error:  # noqa: BLE001 - told to the test
                    failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert not failures


def test_requests_are_spread_over_an_instance_on_each_machine_of_the_plan(scaled: Scaled) -> None:
    turns = [scaled.who()["instance"] for _ in range(6)]
    assert turns[:3] == turns[3:]
    assert len(set(turns)) == 3
    assert scaled.states() == dict.fromkeys(turns, "READY")


def test_a_killed_instance_is_passed_over_and_started_again(scaled: Scaled) -> None:
    before = scaled.seen()
    victim, pid = next(iter(before.items()))
    kill(pid)
    assert len([scaled.who() for _ in range(12)]) == 12  # each of them is answered
    wait_until(lambda: scaled.seen().get(victim) not in (pid, None))
    assert {name: found for name, found in scaled.seen().items() if name != victim} == {
        name: found for name, found in before.items() if name != victim
    }


def test_no_client_fails_while_an_instance_is_killed_and_a_new_configuration_rolls_through(scaled: Scaled) -> None:
    with clients(scaled.url) as answers:
        kill(next(iter(scaled.seen().values())))
        wait_until(lambda: len(scaled.seen()) == 3)
        scaled.change(COLOR="blue")
        wait_until(lambda: {each["color"] for each in scaled.answers()} == {"blue"})
    assert {each["color"] for each in answers} == {None, "blue"}
    assert len(scaled.seen()) == 3


def test_an_unhealthy_instance_leaves_the_rotation_until_it_is_well_again(scaled: Scaled) -> None:
    scaled.change(WEBSITE_HEALTHCHECK_MAXPINGFAILURES="2")
    wait_until(lambda: set(scaled.states().values()) == {"READY"})
    scaled.azure.control("PUT", "quirks", {"health_check_interval": 0})
    ill, pid = next(iter(scaled.seen().items()))
    os.kill(pid, signal.SIGUSR1)
    wait_until(lambda: scaled.states()[ill] == "UNKNOWN")
    assert ill not in scaled.seen()
    assert "is unhealthy: /health responds with 503" in log(scaled)
    os.kill(pid, signal.SIGUSR1)
    wait_until(lambda: scaled.states()[ill] == "READY")
    assert scaled.seen()[ill] == pid


def test_of_unhealthy_instances_half_stay_in_the_rotation(scaled: Scaled) -> None:
    scaled.change(WEBSITE_HEALTHCHECK_MAXPINGFAILURES="2")
    wait_until(lambda: set(scaled.states().values()) == {"READY"})
    scaled.azure.control("PUT", "quirks", {"health_check_interval": 0})
    first, second, third = scaled.seen().values()
    for pid in (first, second):
        os.kill(pid, signal.SIGUSR1)
    wait_until(lambda: list(scaled.states().values()).count("UNKNOWN") == 2)
    assert len(scaled.seen()) == 2
    os.kill(third, signal.SIGUSR1)
    wait_until(lambda: set(scaled.states().values()) == {"UNKNOWN"})
    assert len(scaled.seen()) == 3


def test_a_plan_with_fewer_machines_has_fewer_instances_and_with_more_again_more(scaled: Scaled) -> None:
    scaled.scale("plan", 1)
    assert len(scaled.states()) == len(scaled.seen()) == 1
    scaled.scale("plan", 2)
    wait_until(lambda: len(scaled.seen()) == 2)


def test_the_instances_follow_the_load_within_their_limits_and_no_client_fails(scaled: Scaled) -> None:
    autoscale = scaled.azure.client(MonitorManagementClient).autoscale_settings
    scaled.azure.resources.providers.register("Microsoft.Insights")
    autoscale.create_or_update(scaled.group, "by-cpu", by_cpu(scaled.plan, 2, 4))
    with clients(scaled.url):
        scaled.azure.control("PUT", "cpu", {"plan": 90})
        wait_until(lambda: len(scaled.seen()) == 4)
        scaled.azure.control("PUT", "cpu", {"plan": 20})
        wait_until(lambda: len(scaled.seen()) == 2)


def by_cpu(plan: Any, least: int, most: int) -> dict[str, Any]:
    """An autoscale setting: one machine more where all are busy, one less where they have nothing to do."""

    def rule(comparison: str, percent: int, direction: str) -> dict[str, Any]:
        trigger = {
            "metricName": "CpuPercentage",
            "metricResourceUri": plan.id,
            "operator": comparison,
            "threshold": percent,
            "timeGrain": "PT1M",
            "timeWindow": "PT5M",
            "statistic": "Average",
            "timeAggregation": "Average",
        }
        action = {"direction": direction, "type": "ChangeCount", "value": "1", "cooldown": "PT5M"}
        return {"metricTrigger": trigger, "scaleAction": action}

    capacity = {"minimum": str(least), "maximum": str(most), "default": str(least)}
    rules = [rule("GreaterThan", 70, "Increase"), rule("LessThan", 30, "Decrease")]
    profiles = [{"name": "by CPU", "capacity": capacity, "rules": rules}]
    return {
        "location": "westeurope",
        "properties": {"enabled": True, "targetResourceUri": plan.id, "profiles": profiles},
    }


def kill(pid: int) -> None:
    """End a process, and wait until nothing can connect to it."""
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not psutil.pid_exists(pid))


def log(scaled: Scaled) -> str:
    return b"".join(scaled.azure.web.web_apps.get_web_site_container_logs(scaled.group, scaled.site.name)).decode()
