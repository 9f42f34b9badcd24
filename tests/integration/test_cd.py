"""Continuous deployment: a push of the image is served without a deploy."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.support.disturbed import disturbed
from tests.support.registry_builds import build
from tests.support.runtime_support import TINY_SERVER, TINY_STARTUP
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.command import Result
    from tests.support.deployment import Deployment

pytestmark = pytest.mark.light

GROUP = "mlflow-rg"
POLICY = "/basicPublishingCredentialsPolicies/scm"
CHANGED = {
    "Dockerfile": "FROM scratch\nENV IMAGE_VERSION=changed\n",
    "requirements.lock": "",
    "startup.sh": TINY_STARTUP,
    "server.py": TINY_SERVER,
}


def cd(deployment: Deployment, verb: str, **environ: str) -> Result:
    return deployment.cli("cd", verb, "--cloud", "emulator", "--output", "json", **environ)


def names(deployment: Deployment) -> tuple[str, str]:
    """The web app and the registry."""
    azure = deployment.emulator.azure
    site = next(iter(azure.web.web_apps.list_by_resource_group(GROUP)))
    registry = next(iter(azure.registries.registries.list_by_resource_group(GROUP)))
    return site.name, registry.name


def password(deployment: Deployment) -> str:
    """The deployment user's, which no output may show."""
    web = deployment.emulator.azure.web.web_apps
    return str(
        web.begin_list_publishing_credentials(GROUP, names(deployment)[0]).result().properties.publishing_password
    )


def webhooks(deployment: Deployment) -> list[Any]:
    return list(deployment.emulator.azure.registries.webhooks.list(GROUP, names(deployment)[1]))


def scm_takes_a_password(deployment: Deployment) -> bool:
    return bool(deployment.emulator.azure.web.web_apps.get_scm_allowed(GROUP, names(deployment)[0]).properties.allow)


def app_settings(deployment: Deployment) -> dict[str, str]:
    web = deployment.emulator.azure.web.web_apps
    return dict(web.list_application_settings(GROUP, names(deployment)[0]).properties)


@pytest.fixture
def off(deployment: Deployment) -> Iterator[Deployment]:
    """The module's deployment, put back to how it was."""
    yield deployment
    deployment.emulator.heal()
    assert cd(deployment, "disable").exit_code == 0


def test_enabling_makes_a_webhook_whose_ping_is_answered(off: Deployment) -> None:
    assert not cd(off, "status").data["enabled"]
    data = cd(off, "enable").data
    assert (data["image"], data["ping"]) == ("mlflowimage:latest", 202)

    found = cd(off, "status").data
    assert found["enabled"]
    assert [(event["action"], event["status"]) for event in found["events"]] == [("ping", 202)]
    assert scm_takes_a_password(off)
    assert app_settings(off)["DOCKER_ENABLE_CI"] == "true"
    assert off.json("status").data["continuous_deployment"]


def test_the_scm_site_is_woken_before_the_registry_calls_it(off: Deployment) -> None:
    azure = off.emulator.azure
    site = next(iter(azure.web.web_apps.list_by_resource_group(GROUP)))
    scm = next(state.name for state in site.host_name_ssl_states if state.host_type == "Repository")
    token = azure.credential.get_token(f"{azure.endpoint['resource_manager']}/.default").token
    off.emulator.control("PUT", "quirks", {"kudu_traces": True})
    ask = {"headers": {"Authorization": f"Bearer {token}"}, "verify": azure.endpoint["ca_file"], "timeout": 60}
    with requests.get(f"https://{scm}/api/logstream", stream=True, **ask) as stream:
        lines = stream.iter_lines(None, decode_unicode=True)
        next(line for line in lines if "Starting Live Log Stream" in line)
        assert cd(off, "enable").exit_code == 0
        paths = (found[1] for line in lines if (found := re.search(r"Startup Request, url: (\S+),", line)))
        assert [next(paths), next(paths)] == ["/api/logs/docker", "/api/registry/webhook"]
    off.emulator.control("PUT", "quirks", {})


def test_what_is_enabled_is_seen_by_a_plan_and_stays_enabled_on_a_plain_deploy(off: Deployment) -> None:
    assert cd(off, "enable").exit_code == 0
    off.emulator.forget_requests()
    changes = off.json("plan").data["changes"]
    assert {"webhook", "SCM basic authentication"} <= {change["kind"] for change in changes}
    assert off("deploy").exit_code == 0
    assert off.emulator.writes == []
    assert cd(off, "status").data["enabled"]


def test_enabling_again_only_pings_and_repairs_what_was_changed_by_hand(off: Deployment) -> None:
    assert cd(off, "enable").exit_code == 0
    off.emulator.forget_requests()
    assert cd(off, "enable").exit_code == 0
    assert [write.rpartition("/")[2] for write in off.emulator.writes] == ["ping"]

    site, _ = names(off)
    off.emulator.azure.web.web_apps.update_scm_allowed(GROUP, site, {"properties": {"allow": False}})
    half = cd(off, "status")
    assert not half.data["enabled"]
    assert "only partly set up" in half.stderr
    assert cd(off, "enable").data["ping"] == 202


def test_a_pushed_image_is_served_without_a_deploy(off: Deployment) -> None:
    assert cd(off, "enable").exit_code == 0
    run, log = build(off.emulator.azure, GROUP, names(off)[1], CHANGED)
    assert run.properties.status == "Succeeded", log

    wait_until(lambda: requests.get(f"{off.url}/settings/IMAGE_VERSION", timeout=60).text == "changed")
    push = cd(off, "status").data["events"][0]
    assert (push["action"], push["image"], push["status"]) == ("push", "mlflowimage:latest", 202)
    assert push["digest"].startswith("sha256:")
    assert off("deploy").exit_code == 0


def test_disabling_leaves_nothing_of_it(off: Deployment) -> None:
    assert cd(off, "enable").exit_code == 0
    assert cd(off, "disable").exit_code == 0
    assert webhooks(off) == []
    assert not scm_takes_a_password(off)
    assert "DOCKER_ENABLE_CI" not in app_settings(off)
    off.emulator.forget_requests()
    assert cd(off, "disable").exit_code == 0
    assert off.emulator.writes == []


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/webhooks/[^/]+$"), ("PUT", "/config/appsettings$"), ("PUT", POLICY + "$")],
)
def test_a_failure_in_the_middle_leaves_the_scm_site_closed_and_a_second_run_goes_on(
    off: Deployment, method: str, path: str
) -> None:
    off.emulator.fail(method=method, path=path, status=403, code="AuthorizationFailed", message="No.")
    failed = cd(off, "enable")
    assert failed.exit_code == 4
    assert "AuthorizationFailed" in [error["code"] for error in failed.errors]
    assert not scm_takes_a_password(off)
    assert webhooks(off) == []
    assert cd(off, "enable").data["ping"] == 202


def test_a_webhook_that_is_not_let_in_is_taken_back(off: Deployment) -> None:
    # The policy's write is answered as done, but is not: the SCM site goes on refusing the password.
    off.emulator.fail(method="PUT", path=POLICY, status=200, times=1)
    failed = cd(off, "enable")
    assert failed.exit_code == 1
    assert failed.errors[0]["code"] == "WebhookFailed"
    assert "401" in failed.errors[0]["message"]
    assert "undoing it" in failed.stderr
    assert webhooks(off) == []
    assert not scm_takes_a_password(off)


def test_no_output_shows_the_password(off: Deployment) -> None:
    secret = password(off)
    shown = [cd(off, "enable"), cd(off, "status"), off("status", "--verbose"), off("plan", "--verbose")]
    site, _ = names(off)
    off.emulator.azure.web.web_apps.update_scm_allowed(GROUP, site, {"properties": {"allow": False}})
    shown += [cd(off, "status"), cd(off, "disable")]
    assert all(secret not in each.stdout + each.stderr for each in shown)


def test_a_command_without_a_deployment_names_the_next_one(deployment: Deployment) -> None:
    for verb in ("enable", "disable", "status"):
        refused = deployment.cli("cd", verb, "--cloud", "emulator", "--output", "json", "--rg-name", "nowhere")
        assert refused.exit_code == 1
        assert refused.errors[0]["code"] == "NotDeployed"
        assert "mlflow-azure deploy" in refused.errors[0]["hint"]


def test_a_write_that_ctrl_c_left_behind_does_not_open_the_scm_site_after_all(off: Deployment) -> None:
    later = {"Retry-After": "1"}
    off.emulator.fail(method="PUT", path=POLICY, status=429, headers=later, code="TooManyRequests")
    off.emulator.control("PUT", "latency", {"profile": "azure", "scale": 1})  # taking back takes longer than that
    off.emulator.forget_requests()
    try:
        line = ("cd", "enable", "--cloud", "emulator", "--output", "json")
        enable = disturbed(off.cli, signal.SIGINT, *line, pattern=r" 429 \(")
    finally:
        off.emulator.control("PUT", "latency", {})
    assert enable.exit_code == 130
    assert enable.errors[0]["code"] == "Interrupted"
    assert "undoing it" in enable.stderr
    assert "may still be on" not in enable.stderr
    assert not scm_takes_a_password(off)
    assert webhooks(off) == []
    policy = [each for each in off.emulator.writes if re.search(POLICY, each)]
    assert len(policy) == 2, policy  # the one that was throttled, and the one that closes it, whatever was read
