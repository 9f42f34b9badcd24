from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
import requests
from azure.core.exceptions import ClientAuthenticationError

from tests.support.directory import SCOPE, ask, own_token, principal_of, registration, token
from tests.support.emulated import Azure


def test_an_application_is_found_by_name_app_id_and_identifier(azure: Azure) -> None:
    application = registration(azure)
    identifier = application["identifierUris"][0]
    for condition in (
        f"displayName eq '{application['displayName']}'",
        f"appId eq '{application['appId']}'",
        f"identifierUris/any(uri:uri eq '{identifier}')",
        f"startswith(displayName, '{application['displayName'][:8]}')",
    ):
        found = ask(azure, "GET", "/applications", **{"$filter": condition}).json()["value"]
        assert [each["id"] for each in found] == [application["id"]], condition
    by_key = ask(azure, "GET", f"/applications(appId='{application['appId']}')").json()
    assert by_key["id"] == application["id"]


def test_an_update_keeps_what_it_does_not_name(azure: Azure) -> None:
    application = registration(azure, web={"redirectUris": ["https://host.example/.auth/login/aad/callback"]})
    change = {"web": {"implicitGrantSettings": {"enableIdTokenIssuance": True}}}
    ask(azure, "PATCH", f"/applications/{application['id']}", change)
    web = ask(azure, "GET", f"/applications/{application['id']}").json()["web"]
    assert web["redirectUris"] == ["https://host.example/.auth/login/aad/callback"]
    assert web["implicitGrantSettings"]["enableIdTokenIssuance"]


@pytest.mark.parametrize("uri", ["https://site.azurewebsites.net", "api://mlflow"])
def test_an_identifier_that_is_not_the_applications_own_is_refused(azure: Azure, uri: str) -> None:
    application = registration(azure)
    refused = ask(azure, "PATCH", f"/applications/{application['id']}", {"identifierUris": [uri]})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "Request_BadRequest")


def test_a_scope_has_to_be_disabled_before_it_goes(azure: Azure) -> None:
    application = registration(azure)
    path = f"/applications/{application['id']}"
    refused = ask(azure, "PATCH", path, {"api": {"oauth2PermissionScopes": []}})
    assert refused.json()["error"]["code"] == "CannotDeleteOrUpdateEnabledEntitlement"
    ask(azure, "PATCH", path, {"api": {"oauth2PermissionScopes": [SCOPE | {"isEnabled": False}]}})
    assert ask(azure, "PATCH", path, {"api": {"oauth2PermissionScopes": []}}).status_code == 204


def test_a_secret_is_told_once_and_signs_in_until_it_is_removed(azure: Azure) -> None:
    application = registration(azure)
    principal = principal_of(azure, application)
    path = f"/applications/{application['id']}"
    added = ask(azure, "POST", f"{path}/addPassword", {"passwordCredential": {"displayName": "test"}}).json()
    shown = ask(azure, "GET", path).json()["passwordCredentials"]
    assert [(each["keyId"], each["secretText"]) for each in shown] == [(added["keyId"], None)]
    scope = f"{azure.endpoint['resource_manager']}/.default"
    assert token(azure, application["appId"], added["secretText"], scope)["oid"] == principal["id"]
    assert ask(azure, "POST", f"{path}/removePassword", {"keyId": added["keyId"]}).status_code == 204
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        token(azure, application["appId"], added["secretText"], scope)


def test_a_service_principal_can_have_a_secret_of_its_own(azure: Azure) -> None:
    application = registration(azure)
    path = f"/servicePrincipals/{principal_of(azure, application)['id']}"
    added = ask(azure, "POST", f"{path}/addPassword").json()
    assert [each["keyId"] for each in ask(azure, "GET", path).json()["passwordCredentials"]] == [added["keyId"]]
    scope = f"{azure.endpoint['resource_manager']}/.default"
    assert token(azure, application["appId"], added["secretText"], scope)
    assert ask(azure, "GET", f"{path}/owners").json()["value"] == []


def test_a_secret_that_has_ended_does_not_sign_in(azure: Azure) -> None:
    application = registration(azure)
    principal_of(azure, application)
    ended = {"passwordCredential": {"endDateTime": (datetime.now(UTC) - timedelta(days=1)).isoformat()}}
    added = ask(azure, "POST", f"/applications/{application['id']}/addPassword", ended).json()
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        token(azure, application["appId"], added["secretText"], f"{azure.endpoint['resource_manager']}/.default")


def test_an_application_has_one_service_principal(azure: Azure) -> None:
    application = registration(azure)
    principal = principal_of(azure, application)
    again = ask(azure, "POST", "/servicePrincipals", {"appId": application["appId"]})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "Request_MultipleObjectsWithSameKeyValue")
    found = ask(azure, "GET", "/servicePrincipals", **{"$filter": f"appId eq '{application['appId']}'"}).json()
    assert [each["id"] for each in found["value"]] == [principal["id"]]
    assert principal["servicePrincipalNames"] == [application["appId"], f"api://{application['appId']}"]


def test_tokens_for_an_api_need_its_service_principal(azure: Azure) -> None:
    application = registration(azure)
    scope = f"api://{application['appId']}/.default"
    with pytest.raises(ClientAuthenticationError, match="AADSTS500011"):
        own_token(azure, scope)
    principal_of(azure, application)
    claims = own_token(azure, scope)
    assert claims["aud"] == application["appId"]
    assert claims["iss"] == f"{azure.endpoint['authority']}/{azure.endpoint['tenant_id']}/v2.0"


def test_an_api_that_asks_for_no_version_gets_tokens_of_the_first(azure: Azure) -> None:
    application = registration(azure)
    principal_of(azure, application)
    change = {"api": {"requestedAccessTokenVersion": None}}
    ask(azure, "PATCH", f"/applications/{application['id']}", change)
    claims = own_token(azure, f"api://{application['appId']}/.default")
    assert claims["aud"] == f"api://{application['appId']}"
    assert claims["iss"] == f"{azure.endpoint['authority']}/{azure.endpoint['tenant_id']}/"


def test_roles_are_in_the_token_of_who_has_them(azure: Azure) -> None:
    role = {"id": str(uuid.uuid4()), "value": "Client", "isEnabled": True, "allowedMemberTypes": ["Application"]}
    application = registration(azure, appRoles=[role])
    principal = principal_of(azure, application, appRoleAssignmentRequired=True)
    scope = f"api://{application['appId']}/.default"
    with pytest.raises(ClientAuthenticationError, match="AADSTS501051"):
        own_token(azure, scope)
    me = ask(azure, "GET", f"/servicePrincipals(appId='{azure.endpoint['client_id']}')").json()
    path = f"/servicePrincipals/{principal['id']}/appRoleAssignedTo"
    relation = {"principalId": me["id"], "resourceId": principal["id"], "appRoleId": role["id"]}
    assigned = ask(azure, "POST", path, relation)
    assert assigned.status_code == 201
    assert own_token(azure, scope)["roles"] == ["Client"]
    assert ask(azure, "DELETE", f"{path}/{assigned.json()['id']}").status_code == 204
    assert ask(azure, "GET", path).json()["value"] == []


def test_a_deleted_application_takes_its_service_principal_along(azure: Azure) -> None:
    application = registration(azure)
    principal = principal_of(azure, application)
    assert ask(azure, "DELETE", f"/applications/{application['id']}").status_code == 204
    assert ask(azure, "GET", f"/servicePrincipals/{principal['id']}").status_code == 404
    deleted = ask(azure, "GET", "/directory/deletedItems/microsoft.graph.application").json()["value"]
    assert application["id"] in {each["id"] for each in deleted}
    assert ask(azure, "DELETE", f"/directory/deletedItems/{application['id']}").status_code == 204


def test_an_application_is_not_a_user(azure: Azure) -> None:
    refused = ask(azure, "GET", "/me")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "BadRequest")
    tenant = ask(azure, "GET", "/organization").json()["value"][0]
    assert tenant["id"] == azure.endpoint["tenant_id"]


def test_users_and_groups_are_put_in_by_the_control_interface(azure: Azure) -> None:
    group = {"id": str(uuid.uuid4()), "displayName": "Data Science"}
    azure.control("PUT", "directory", {"groups": [group]})
    found = ask(azure, "GET", "/groups", **{"$filter": "displayName eq 'Data Science'"}).json()["value"]
    assert found == [group]
    user = ask(azure, "GET", "/users/user@emulator.onmicrosoft.com").json()
    assert user["displayName"] == "Emulated User"


def test_the_right_to_write_to_the_directory_can_be_taken(azure: Azure) -> None:
    azure.control("PUT", "permissions", {"actions": ["*"], "notActions": [], "graph": "read"})
    assert ask(azure, "GET", "/applications").status_code == 200
    refused = ask(azure, "POST", "/applications", {"displayName": "app"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "Authorization_RequestDenied")


def test_requests_to_graph_are_counted_and_can_fail_like_the_others(azure: Azure) -> None:
    azure.control("POST", "faults", {"method": "POST", "path": "/applications$", "status": 503, "code": "Busy"})
    azure.control("DELETE", "requests")
    assert ask(azure, "POST", "/applications", {"displayName": "app"}).status_code == 503
    assert [(each["path"], each["status"], each["write"]) for each in azure.control("GET", "requests")] == [
        ("/v1.0/applications", 503, True)
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"[" * 100_000,
        b"\xff",
        b'{"displayName": "app", "web": 1}',
        b'{"displayName": "app", "identifierUris": 1}',
    ],
)
def test_a_body_that_makes_no_sense_is_refused(azure: Azure, body: bytes) -> None:
    url, ca_file = azure.endpoint["graph"], azure.endpoint["ca_file"]
    token = azure.credential.get_token(f"{url}/.default").token
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    refused = requests.post(f"{url}/v1.0/applications", body, headers=headers, verify=ca_file, timeout=60)
    assert refused.status_code == 400
    assert refused.json()["error"]["code"] in ("BadRequest", "Request_BadRequest")


def test_a_request_for_a_token_that_cannot_be_read_is_refused(azure: Azure) -> None:
    url = f"{azure.endpoint['authority']}/{azure.endpoint['tenant_id']}/oauth2/v2.0/token"
    assert requests.post(url, b"\xff=\xff", verify=azure.endpoint["ca_file"], timeout=60).status_code == 400


def test_clients_are_allowed_only_scopes_that_exist_already(azure: Azure) -> None:
    client = {"appId": str(uuid.uuid4()), "delegatedPermissionIds": [SCOPE["id"]]}
    api = {"oauth2PermissionScopes": [SCOPE], "preAuthorizedApplications": [client]}
    refused = ask(azure, "POST", "/applications", {"displayName": "app", "api": api})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "InvalidValue")
    application = registration(azure)
    change = {"api": {"preAuthorizedApplications": [client]}}
    assert ask(azure, "PATCH", f"/applications/{application['id']}", change).status_code == 204


def test_token_and_policy_tell_who_may_register_an_application(azure: Azure) -> None:
    scope = f"{azure.endpoint['graph']}/.default"

    def members_may() -> bool:
        policy = ask(azure, "GET", "/policies/authorizationPolicy").json()
        return bool(policy["defaultUserRolePermissions"]["allowedToCreateApps"])

    assert "Application.ReadWrite.All" in own_token(azure, scope)["roles"]
    assert members_may()
    azure.control("PUT", "permissions", {"actions": ["*"], "notActions": [], "graph": "read"})
    assert own_token(azure, scope)["roles"] == ["Directory.Read.All"]
    assert not members_may()


def test_an_assignment_tells_who_has_it_and_what_they_are(azure: Azure) -> None:
    principal = principal_of(azure, registration(azure))
    own = own_token(azure, f"{azure.endpoint['graph']}/.default")["oid"]
    body = {"principalId": own, "resourceId": principal["id"], "appRoleId": str(uuid.UUID(int=0))}
    made = ask(azure, "POST", f"/servicePrincipals/{principal['id']}/appRoleAssignedTo", body).json()
    assert (made["principalDisplayName"], made["principalType"]) == ("Emulator", "ServicePrincipal")
