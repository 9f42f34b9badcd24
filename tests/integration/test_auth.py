"""Sign-in with Microsoft Entra ID."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.support.directory import ask, principal_of, registration
from tests.support.sign_in import GROUP, SECRET_SETTING, SignIn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.deployment import Deployment

pytestmark = pytest.mark.slow


@pytest.fixture
def sign_in(deployment: Deployment) -> Iterator[SignIn]:
    """The module's deployment, which everyone reaches before and after the test."""
    found = SignIn(deployment)
    yield found
    found.put_back()


@pytest.fixture
def required(sign_in: SignIn) -> SignIn:
    """With sign-in required."""
    assert sign_in.auth("enable").exit_code == 0
    return sign_in


def test_only_who_has_a_token_of_the_tenant_for_the_server_gets_in(sign_in: SignIn) -> None:
    assert sign_in.status() == 200
    data = sign_in.auth("enable").data
    assert data["url"] == sign_in.deployment.url
    assert data["client_id"] == sign_in.registrations[0]["appId"]

    assert sign_in.status() == 401
    assert sign_in.status(sign_in.token()) == 200
    foreign = sign_in.azure.credential.get_token(f"{sign_in.azure.endpoint['resource_manager']}/.default").token
    assert sign_in.status(foreign) == 401


def test_an_expired_token_does_not_get_in(required: SignIn) -> None:
    client_id = required.registrations[0]["appId"]
    required.deployment.emulator.control("PUT", "tokens", {"lifetime": -1})
    token = required.token("--client-id", client_id)
    required.deployment.emulator.control("PUT", "tokens", {"lifetime": 3599})
    assert required.status(token) == 401
    assert required.status(required.token()) == 200


def test_a_browser_is_sent_to_sign_in_and_gets_in_with_it(required: SignIn) -> None:
    asked = required.login_page()
    assert asked["redirect_uri"] == [f"{required.deployment.url}/.auth/login/aad/callback"]
    page = required.browse(required.user())
    assert page.status_code == 200
    assert "experiments" in page.json()


def test_what_is_enabled_is_seen_and_stays_on_a_plain_deploy(required: SignIn) -> None:
    deployment = required.deployment
    deployment.emulator.forget_requests()
    kinds = {change["kind"] for change in deployment.json("plan").data["changes"] if change["action"] == "keep"}
    assert {"app registration", "service principal", "client secret", "sign-in"} <= kinds
    assert deployment("deploy").exit_code == 0
    assert required.auth("enable").exit_code == 0
    assert deployment.emulator.writes == []
    status = deployment.json("status").data
    assert (status["sign_in"], status["healthy"]) == (True, True)
    assert deployment("status").stdout.startswith("Server                 up\n")
    assert required.status() == 401


@pytest.mark.parametrize("repair", [("deploy",), ("auth", "enable")])
def test_what_was_changed_by_hand_is_repaired(required: SignIn, repair: tuple[str, ...]) -> None:
    settings = required.settings
    settings["globalValidation"] |= {"requireAuthentication": False, "excludedPaths": ["/api/2.0"]}
    required.azure.web.web_apps.update_auth_settings_v2(GROUP, required.site, {"properties": settings})
    application = required.registrations[0]
    ask(required.azure, "PATCH", f"/applications/{application['id']}", {"web": {"redirectUris": []}})
    assert required.status() == 200

    assert required.deployment.cli(*repair, "--cloud", "emulator").exit_code == 0
    assert required.status() == 401
    assert required.browse(required.user()).status_code == 200


def test_a_secret_that_ends_soon_is_renewed_and_the_old_one_works_until_then(required: SignIn) -> None:
    application = required.registrations[0]
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 10 * 24 * 3600))
    added = ask(
        required.azure,
        "POST",
        f"/applications/{application['id']}/addPassword",
        {"passwordCredential": {"displayName": "mlflow-azure", "endDateTime": soon}},
    ).json()
    properties = required.app_settings | {SECRET_SETTING: added["secretText"]}
    required.azure.web.web_apps.update_application_settings(GROUP, required.site, {"properties": properties})

    assert required.deployment("deploy").exit_code == 0
    renewed = required.app_settings[SECRET_SETTING]
    assert renewed != added["secretText"]
    left = {each["hint"]: each["endDateTime"] for each in required.registrations[0]["passwordCredentials"]}
    assert left.keys() == {renewed[:3], added["secretText"][:3]}
    assert left[renewed[:3]] > soon


def test_only_those_who_are_allowed_get_in_and_then_everyone_again(sign_in: SignIn) -> None:
    ann, bob = sign_in.user(), sign_in.user()
    assert sign_in.auth("enable", "--allow-user", ann["userPrincipalName"]).exit_code == 0
    assert sign_in.browse(ann).status_code == 200
    assert sign_in.browse(bob).status_code == 401
    refused = sign_in.auth("token")
    assert refused.exit_code == 3
    assert "--allow-user" in refused.errors[0]["hint"]

    own = next(each for each in sign_in.graph("/servicePrincipals") if each["displayName"] == "Emulator")
    assert sign_in.auth("enable", "--allow-user", own["id"]).exit_code == 0
    assert sign_in.status(sign_in.token()) == 200
    assert sign_in.browse(ann).status_code == 401

    sign_in.deployment.emulator.forget_requests()
    assert sign_in.deployment("deploy").exit_code == 0
    assert sign_in.deployment.emulator.writes == []
    assert sign_in.auth("enable", "--allow-everyone").exit_code == 0
    assert sign_in.browse(bob).status_code == 200


def test_a_deploy_lets_in_those_whom_the_settings_name_and_no_one_who_was_added_by_hand(sign_in: SignIn) -> None:
    deployment, (ann, bob) = sign_in.deployment, (sign_in.user(), sign_in.user())
    named = {"ALLOW_USER": ann["userPrincipalName"]}
    deployed = deployment("deploy", **named)  # and so requires sign-in
    assert deployed.exit_code == 0, deployed.stderr
    assert sign_in.browse(ann).status_code == 200
    assert sign_in.browse(bob).status_code == 401
    assert deployment.json("status").data["allowed"] == [{"name": ann["displayName"], "kind": "User"}]
    assert f"May sign in            {ann['displayName']}\n" in deployment("status").stdout

    principal = next(each for each in sign_in.graph("/servicePrincipals") if each["appRoleAssignmentRequired"])
    assigned = f"/servicePrincipals/{principal['id']}/appRoleAssignedTo"
    role = sign_in.graph(assigned)[0]["appRoleId"]
    body = {"principalId": bob["id"], "resourceId": principal["id"], "appRoleId": role}
    assert ask(sign_in.azure, "POST", assigned, body).status_code == 201
    assert _changes(deployment) == set()
    assert _changes(deployment, **named) == {"service principal"}
    assert deployment("deploy", **named).exit_code == 0
    assert [each["principalId"] for each in sign_in.graph(assigned)] == [ann["id"]]
    assert _changes(deployment, **named) == set()


def _changes(deployment: Deployment, **environ: str) -> set[str]:
    """The kinds of what a plan would change."""
    changes = deployment.json("plan", **environ).data["changes"]
    return {change["kind"] for change in changes if change["action"] != "keep"}


def test_those_who_are_allowed_need_no_consent_of_their_own(sign_in: SignIn) -> None:
    ann = sign_in.user()
    enabled = sign_in.auth("enable", "--allow-user", ann["userPrincipalName"])
    assert enabled.exit_code == 0, enabled.stderr
    assert "administrator" not in enabled.stderr
    assert sign_in.browse(ann).status_code == 200
    assert {row["action"] for row in sign_in.auth("enable", "--allow-user", ann["id"]).data["resources"]} == {"keep"}


def test_an_administrator_is_named_the_page_where_they_consent_for_whoever_may_not(sign_in: SignIn) -> None:
    ann, emulator = sign_in.user(), sign_in.deployment.emulator
    emulator.fail(method="POST", path="/oauth2PermissionGrants", status=403, code="Authorization_RequestDenied")
    enabled = sign_in.auth("enable", "--allow-user", ann["userPrincipalName"])
    assert f"/adminconsent?client_id={enabled.data['client_id']}" in enabled.stderr
    assert sign_in.status() == 401


def test_who_was_just_allowed_is_allowed_again_while_lists_lack_them(sign_in: SignIn) -> None:
    ann = sign_in.user()
    assert sign_in.auth("enable").exit_code == 0
    sign_in.deployment.emulator.control("PUT", "quirks", {"directory_lag": 2})
    for _ in range(2):
        enabled = sign_in.auth("enable", "--allow-user", ann["userPrincipalName"])
        assert enabled.exit_code == 0, enabled.stderr
    assert sign_in.browse(ann).status_code == 200


def test_a_group_is_allowed_by_its_name(sign_in: SignIn) -> None:
    group = {"id": "3f0c2f4e-65a1-4f0e-9b52-0d5b3e1d0001", "displayName": "data scientists"}
    sign_in.deployment.emulator.control("PUT", "directory", {"groups": [group]})
    assert sign_in.auth("enable", "--allow-group", "data scientists").exit_code == 0
    principal = next(each for each in sign_in.graph("/servicePrincipals") if each["appRoleAssignmentRequired"])
    assigned = sign_in.graph(f"/servicePrincipals/{principal['id']}/appRoleAssignedTo")
    assert [each["principalId"] for each in assigned] == [group["id"]]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--allow-user", "nobody@example.com"], "NoSuchUser"),
        (["--allow-group", "no such group"], "NoSuchGroup"),
        (["--client-id", "not-a-guid"], "InvalidSetting"),
        (["--client-id", "3f0c2f4e-65a1-4f0e-9b52-0d5b3e1d0002", "--allow-everyone"], "InvalidSetting"),
        (["--client-id", "3f0c2f4e-65a1-4f0e-9b52-0d5b3e1d0002"], "InvalidSetting"),
        (["--allow-everyone", "--allow-user", "x"], "InvalidSetting"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_written(
    sign_in: SignIn, words: list[str], code: str
) -> None:
    sign_in.deployment.emulator.forget_requests()
    refused = sign_in.auth("enable", *words)
    assert refused.exit_code == 2
    assert refused.errors[0]["code"] == code
    assert sign_in.deployment.emulator.writes == []


def test_without_rights_in_the_directory_it_names_the_way_that_needs_none(sign_in: SignIn) -> None:
    application = registration(
        sign_in.azure,
        web={
            "redirectUris": [f"{sign_in.deployment.url}/.auth/login/aad/callback"],
            "implicitGrantSettings": {"enableIdTokenIssuance": True},
        },
    )
    principal_of(sign_in.azure, application)
    secret = ask(sign_in.azure, "POST", f"/applications/{application['id']}/addPassword", {}).json()["secretText"]
    sign_in.rights_in_the_directory("none")
    refused = sign_in.auth("enable")
    assert refused.exit_code == 4
    assert refused.errors[0]["code"] == "Authorization_RequestDenied"
    assert "--client-id" in refused.errors[0]["hint"]
    assert sign_in.status() == 200

    chosen = sign_in.auth("enable", "--client-id", application["appId"], AAD_CLIENT_SECRET=secret)
    assert chosen.data["client_id"] == application["appId"]
    assert secret not in chosen.stdout + chosen.stderr
    assert sign_in.status() == 401
    assert sign_in.status(sign_in.token()) == 200
    sign_in.deployment.emulator.forget_requests()
    assert sign_in.deployment("deploy").exit_code == 0
    assert sign_in.auth("enable").exit_code == 0
    assert sign_in.deployment.emulator.writes == []

    assert sign_in.auth("disable", "--yes").exit_code == 0
    sign_in.rights_in_the_directory("write")
    assert application["appId"] in [each["appId"] for each in sign_in.registrations]
    ask(sign_in.azure, "DELETE", f"/applications/{application['id']}")


def test_who_lost_their_rights_in_the_directory_can_deploy_and_switch_it_off(required: SignIn) -> None:
    client_id = required.registrations[0]["appId"]
    required.rights_in_the_directory("none")
    required.deployment.emulator.forget_requests()
    assert required.deployment("deploy").exit_code == 0
    assert required.deployment.emulator.writes == []
    assert required.status(required.token()) == 200

    off = required.auth("disable", "--yes")
    assert off.exit_code == 0
    assert f"az ad app delete --id {client_id}" in off.stderr
    assert required.status() == 200


def test_disabling_asks_first_and_then_leaves_nothing_in_the_directory(required: SignIn) -> None:
    asked = required.auth("disable")
    assert asked.exit_code == 2
    assert required.status() == 401
    assert required.auth("disable", "--yes").exit_code == 0
    assert required.status() == 200
    assert required.registrations == []
    deleted = required.graph("/directory/deletedItems/microsoft.graph.application")
    assert "mlflowserviceprincipal" not in [each["displayName"] for each in deleted]
    assert SECRET_SETTING not in required.app_settings
    assert required.auth("token").errors[0]["code"] == "SignInNotEnabled"


def test_disabling_waits_until_what_it_deletes_for_good_is_among_the_deleted(required: SignIn) -> None:
    required.deployment.emulator.control("PUT", "quirks", {"directory_lag": 1})
    assert required.auth("disable", "--yes").exit_code == 0
    required.deployment.emulator.control("PUT", "quirks", {})
    deleted = required.graph("/directory/deletedItems/microsoft.graph.application")
    assert "mlflowserviceprincipal" not in [each["displayName"] for each in deleted]


FAILING = [
    ("POST", "/v1.0/applications$"),
    ("PATCH", "/v1.0/applications/"),
    ("POST", "/v1.0/servicePrincipals$"),
    ("POST", "/addPassword$"),
    ("PUT", "/config/appsettings$"),
    ("PUT", "/config/authsettingsV2$"),
]


@pytest.mark.parametrize(("method", "path"), FAILING)
def test_a_failure_in_the_middle_of_enabling_changes_nothing_for_callers_and_a_second_run_goes_on(
    sign_in: SignIn, method: str, path: str
) -> None:
    sign_in.deployment.emulator.fail(method=method, path=path, status=403, code="Denied", message="Not today.")
    failed = sign_in.auth("enable")
    assert failed.exit_code == 4
    assert failed.errors[0]["hint"]
    assert sign_in.status() == 200

    assert sign_in.auth("enable").exit_code == 0
    assert sign_in.status() == 401
    assert sign_in.status(sign_in.token()) == 200
    assert len(sign_in.registrations) == 1


@pytest.mark.parametrize(("method", "path"), [("POST", "/addPassword$"), ("PUT", "/config/appsettings$")])
def test_a_failure_while_a_secret_is_renewed_leaves_the_server_protected(
    required: SignIn, method: str, path: str
) -> None:
    properties = required.app_settings | {SECRET_SETTING: "a-secret-that-is-none"}
    required.azure.web.web_apps.update_application_settings(GROUP, required.site, {"properties": properties})
    required.deployment.emulator.fail(method=method, path=path, status=403, code="Denied", message="Not today.")
    assert required.deployment("deploy").exit_code == 4
    assert required.status() == 401
    assert required.status(required.token()) == 200
    assert required.deployment("deploy").exit_code == 0
    assert required.app_settings[SECRET_SETTING] != "a-secret-that-is-none"
    assert len(required.registrations[0]["passwordCredentials"]) <= 2


@pytest.mark.parametrize(
    ("method", "path", "callers"),
    [
        ("PUT", "/config/authsettingsV2$", 401),
        ("PUT", "/config/appsettings$", 200),
        ("DELETE", "/v1.0/applications/", 200),
    ],
)
def test_a_failure_in_the_middle_of_disabling_is_finished_by_a_second_run(
    required: SignIn, method: str, path: str, callers: int
) -> None:
    required.deployment.emulator.fail(method=method, path=path, status=403, code="Denied", message="Not today.")
    assert required.auth("disable", "--yes").exit_code == 4
    assert required.status() == callers
    assert required.auth("disable", "--yes").exit_code == 0
    assert required.status() == 200
    assert required.registrations == []


def test_no_output_shows_the_secret_and_only_auth_token_prints_a_token(sign_in: SignIn) -> None:
    shown = [sign_in.auth("enable", "--verbose"), sign_in.deployment("status", "--verbose")]
    secret = sign_in.app_settings[SECRET_SETTING]
    shown += [sign_in.deployment("plan", "--verbose"), sign_in.deployment("deploy", "--verbose")]
    shown += [sign_in.deployment("env"), sign_in.auth("disable", "--yes", "--verbose")]
    said = "".join(each.stdout + each.stderr for each in shown)
    assert secret not in said
    assert "eyJ" not in said
