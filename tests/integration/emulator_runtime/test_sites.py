"""Web apps in the process runtime, from an uploaded build context to requests answered."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import requests

from tests.support.runtime_support import TINY_STARTUP, Emulated, archive, free_ports, site_spec, tiny_context
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow_azure.emulator.runtime import Mount, SiteSpec


@pytest.fixture
def login_server(emulated: Emulated, tmp_path: Path) -> str:
    """A registry that holds the tiny image."""
    server = emulated.registry(free_ports(1)[0])
    result = emulated.build(tiny_context(tmp_path / "source.tar.gz"))
    assert result.status == "Succeeded", result.log_path.read_text()
    return server


def _get(spec: SiteSpec, path: str = "/") -> requests.Response:
    return requests.get(f"http://localhost:{spec.port}{path}", timeout=60)


def _setting(spec: SiteSpec, name: str) -> str:
    return _get(spec, f"/settings/{name}").text


def test_a_site_answers_with_its_app_settings_as_environment(emulated: Emulated, login_server: str) -> None:
    spec = site_spec(login_server, app_settings={"MLFLOW_SERVER_WORKERS": "3"})
    emulated.call(emulated.runtime.sites.apply(spec))
    assert _setting(spec, "MLFLOW_SERVER_WORKERS") == "3"
    assert _setting(spec, "IMAGE_VERSION") == "1"
    assert _setting(spec, "WEBSITE_SITE_NAME") == "mlflow-site"
    assert emulated.runtime.sites.state(spec.name) == "Running"


def test_a_path_below_a_mount_is_the_directory_of_the_share(
    emulated: Emulated, login_server: str, mount: Mount
) -> None:
    settings = {"MLFLOW_SERVER_FILE_STORE": "/mlruns/mlruns", "OTHER": "/mlruns-of-another"}
    spec = site_spec(login_server, app_settings=settings, mounts=(mount,))
    emulated.call(emulated.runtime.sites.apply(spec))
    assert _setting(spec, "MLFLOW_SERVER_FILE_STORE") == str(mount.directory / "mlruns")
    assert _setting(spec, "OTHER") == "/mlruns-of-another"


def test_requests_reach_the_container_with_the_headers_of_app_service(emulated: Emulated, login_server: str) -> None:
    spec = site_spec(login_server)
    emulated.call(emulated.runtime.sites.apply(spec))
    headers = _get(spec, "/a%20b?c=d").json()
    assert headers["x-forwarded-proto"] == "http"
    assert headers["x-forwarded-for"].startswith("127.0.0.1:")
    assert headers["host"] == f"localhost:{spec.port}"
    body = b"0123456789" * 300_000
    assert requests.post(f"http://localhost:{spec.port}/", data=body, timeout=60).content == body[::-1]


def test_a_changed_setting_restarts_the_container_and_a_changed_access_rule_does_not(
    emulated: Emulated, login_server: str
) -> None:
    spec = site_spec(login_server)
    emulated.call(emulated.runtime.sites.apply(spec))
    _get(spec)
    emulated.call(emulated.runtime.sites.apply(replace(spec, app_settings={"NEW": "value"})))
    assert _setting(spec, "NEW") == "value"
    rules = ({"ipAddress": "127.0.0.1/32", "action": "Allow", "priority": 100},)
    emulated.call(emulated.runtime.sites.apply(replace(spec, app_settings={"NEW": "value"}, access_rules=rules)))
    assert _get(spec).status_code == 200
    assert emulated.runtime.sites.log(spec.name).text().count("Starting container") == 2


def test_a_restart_runs_the_image_that_was_pushed_meanwhile(
    emulated: Emulated, login_server: str, tmp_path: Path
) -> None:
    spec = site_spec(login_server)
    emulated.call(emulated.runtime.sites.apply(spec))
    assert _setting(spec, "IMAGE_VERSION") == "1"
    emulated.build(tiny_context(tmp_path / "second.tar.gz", version="2"))
    emulated.call(emulated.runtime.sites.restart(spec.name))
    assert _setting(spec, "IMAGE_VERSION") == "2"


SLOW = """
import http.server, os, time

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        if self.path == "/slow":
            print("asked", flush=True)
            time.sleep(1)
        self.wfile.write(b"answered")

http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["MLFLOW_SERVER_PORT"])), Handler).serve_forever()
"""


def test_what_a_container_was_asked_is_answered_before_it_ends(
    emulated: Emulated, login_server: str, tmp_path: Path
) -> None:
    files = {"Dockerfile": "FROM scratch\n", "requirements.lock": "", "startup.sh": TINY_STARTUP, "server.py": SLOW}
    emulated.build(archive(tmp_path / "slow.tar.gz", files))
    spec = site_spec(login_server)
    emulated.call(emulated.runtime.sites.apply(spec))
    assert _get(spec).text == "answered"
    log = emulated.runtime.sites.log(spec.name)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(_get, spec, "/slow")
        wait_until(lambda: "asked" in log.text())
        emulated.call(emulated.runtime.sites.restart(spec.name))
        assert slow.result().text == "answered"
    assert _get(spec).text == "answered"


def test_a_stopped_site_says_so_and_starts_again(emulated: Emulated, login_server: str) -> None:
    spec = site_spec(login_server)
    emulated.call(emulated.runtime.sites.apply(replace(spec, enabled=False)))
    emulated.wait_for_state(spec.name, "Stopped")
    refused = _get(spec)
    assert (refused.status_code, "This web app is stopped" in refused.text) == (403, True)
    emulated.call(emulated.runtime.sites.apply(spec))
    assert _get(spec).status_code == 200


@pytest.mark.parametrize(
    ("rules", "status"),
    [
        ([("203.0.113.0/24", "Allow", 100)], 403),
        ([("203.0.113.0/24", "Allow", 100), ("127.0.0.0/8", "Allow", 200)], 200),
        ([("Any", "Allow", 300), ("127.0.0.1/32,::1/128", "Deny", 200)], 403),
        ([("AzureCloud", "Allow", 100)], 403),
    ],
)
def test_access_restrictions_decide_in_the_order_of_their_priority(
    emulated: Emulated, login_server: str, rules: list[tuple[str, str, int]], status: int
) -> None:
    access_rules = tuple(
        {"ipAddress": address, "action": action, "priority": priority} for address, action, priority in rules
    )
    spec = site_spec(login_server, access_rules=access_rules)
    emulated.call(emulated.runtime.sites.apply(spec))
    assert _get(spec).status_code == status


def test_wrong_registry_credentials_are_a_failed_pull_in_the_log(emulated: Emulated, login_server: str) -> None:
    spec = site_spec(login_server, registry_password="wrong")
    emulated.call(emulated.runtime.sites.apply(spec))
    refused = _get(spec)
    assert (refused.status_code, "Application Error" in refused.text) == (503, True)
    log = emulated.runtime.sites.log(spec.name).text()
    assert "Pulling docker image" in log
    assert "unauthorized: authentication required" in log
    assert "wrong" not in log
    emulated.call(emulated.runtime.sites.apply(site_spec(login_server, port=spec.port, scm_port=spec.scm_port)))
    assert _get(spec).status_code == 200


def test_a_container_that_ends_while_it_starts_fails_the_site_with_its_last_words_in_the_log(
    emulated: Emulated, login_server: str
) -> None:
    spec = site_spec(login_server, app_settings={"FAIL": "1"})
    emulated.call(emulated.runtime.sites.apply(spec))
    assert _get(spec).status_code == 503
    log = emulated.runtime.sites.log(spec.name).text()
    assert "told to fail" in log
    assert "has exited, failing site start" in log


def test_an_image_that_is_not_in_the_registry_fails_the_site(emulated: Emulated, login_server: str) -> None:
    spec = site_spec(login_server, image=f"{login_server}/mlflowimage:missing")
    emulated.call(emulated.runtime.sites.apply(spec))
    assert _get(spec).status_code == 503
    assert "manifest unknown" in emulated.runtime.sites.log(spec.name).text()


def test_a_container_that_crashes_is_started_again(emulated: Emulated, login_server: str) -> None:
    spec = site_spec(login_server, command="sh startup.sh & sleep 2; kill $!; exit 1")
    emulated.call(emulated.runtime.sites.apply(spec))
    log = emulated.runtime.sites.log(spec.name)
    wait_until(lambda: log.text().count("initialized successfully") >= 2)
    assert "exited with status 1, restarting it" in log.text()


class TestOverlappedRecycling:
    @pytest.fixture
    def spec(self, emulated: Emulated, login_server: str) -> SiteSpec:
        """A site that runs, and is to be recycled with an overlap."""
        emulated.runtime.sites.quirks.overlapped_recycling = lambda: True
        emulated.runtime.sites.quirks.restart_pause = lambda: 0.01
        wanted = site_spec(login_server, app_settings={"GENERATION": "old"})
        emulated.call(emulated.runtime.sites.apply(wanted))
        emulated.wait_for_state(wanted.name, "Running")
        return wanted

    def test_the_old_container_answers_until_the_new_one_does(
        self, emulated: Emulated, spec: SiteSpec, tmp_path: Path
    ) -> None:
        gate = tmp_path / "gate"
        waiting = f"while [ ! -e {gate} ]; do sleep 0.05; done; exec sh startup.sh"
        new = replace(spec, app_settings={"GENERATION": "new"}, command=waiting)
        emulated.call(emulated.runtime.sites.apply(new))
        wait_until(lambda: emulated.runtime.sites.log(spec.name).text().count("Initiating warmup") == 2)
        assert (_setting(spec, "GENERATION"), emulated.runtime.sites.state(spec.name)) == ("old", "Starting")
        gate.touch()
        wait_until(lambda: _setting(spec, "GENERATION") == "new")

    def test_a_new_container_that_keeps_dying_is_started_again_while_the_old_one_answers(
        self, emulated: Emulated, spec: SiteSpec
    ) -> None:
        emulated.call(emulated.runtime.sites.apply(replace(spec, app_settings={"GENERATION": "new", "FAIL": "1"})))
        log = emulated.runtime.sites.log(spec.name)
        wait_until(lambda: log.text().count("has exited, failing site start") >= 3)
        assert log.text().count("Starting container for site") >= 4
        assert _setting(spec, "GENERATION") == "old"

    def test_the_old_container_does_not_outlive_the_site(self, emulated: Emulated, spec: SiteSpec) -> None:
        emulated.call(emulated.runtime.sites.apply(replace(spec, app_settings={"FAIL": "1"})))
        log = emulated.runtime.sites.log(spec.name)
        wait_until(lambda: "has exited, failing site start" in log.text())
        assert _setting(spec, "GENERATION") == "old"
        emulated.call(emulated.runtime.sites.remove(spec.name))
        assert spec.name not in (emulated.home / "children.json").read_text()

    def test_a_stopped_site_has_no_old_container(self, emulated: Emulated, spec: SiteSpec) -> None:
        emulated.call(emulated.runtime.sites.apply(replace(spec, enabled=False)))
        emulated.wait_for_state(spec.name, "Stopped")
        assert spec.name not in (emulated.home / "children.json").read_text()


def test_a_removed_site_frees_its_port_and_leaves_no_process(emulated: Emulated, login_server: str) -> None:
    spec = site_spec(login_server)
    emulated.call(emulated.runtime.sites.apply(spec))
    _get(spec)
    assert spec.name in (emulated.home / "children.json").read_text()
    emulated.call(emulated.runtime.sites.remove(spec.name))
    with pytest.raises(requests.ConnectionError):
        _get(spec)
    assert spec.name not in (emulated.home / "children.json").read_text()


def test_a_disk_that_fails_a_start_fails_the_site_until_it_is_mended(emulated: Emulated, login_server: str) -> None:
    (emulated.home / "images").write_text("in the way of unpacking")
    spec = site_spec(login_server)
    emulated.call(emulated.runtime.sites.apply(spec))
    assert _get(spec).status_code == 503
    assert emulated.runtime.sites.state(spec.name) == "Failed"
    (emulated.home / "images").unlink()
    emulated.call(emulated.runtime.sites.restart(spec.name))
    assert _get(spec).status_code == 200
