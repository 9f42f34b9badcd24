"""A directory whose replicas get to know later what was just put into it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.directory import ask, principal_of, registration

if TYPE_CHECKING:
    import requests

    from tests.support.emulated import Azure

ROLE = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def lagging(azure: Azure) -> Azure:
    """The next request of each kind that needs to know a new object does not."""
    azure.control("PUT", "quirks", {"directory_lag": 1})
    return azure


def created(azure: Azure) -> dict[str, Any]:
    found: dict[str, Any] = ask(azure, "POST", "/applications", {"displayName": f"app-{uuid.uuid4().hex[:8]}"}).json()
    return found


def said(answer: requests.Response) -> str:
    return f"{answer.status_code} {answer.json()['error']['message']}"


def test_an_object_is_not_found_right_after_it_was_created(lagging: Azure) -> None:
    path = f"/applications/{created(lagging)['id']}"
    assert "does not exist or one of its queried reference-property objects" in said(ask(lagging, "GET", path))
    assert ask(lagging, "PATCH", path, {"notes": "found"}).status_code == 204


def test_a_list_is_stale_though_the_directory_says_that_the_object_exists_already(lagging: Azure) -> None:
    application = created(lagging)
    for _ in range(2):
        ask(lagging, "POST", "/servicePrincipals", {"appId": application["appId"]})
    principal_of(lagging, application)
    by_app = {"$filter": f"appId eq '{application['appId']}'"}
    assert ask(lagging, "GET", "/servicePrincipals", **by_app).json()["value"] == []
    again = ask(lagging, "POST", "/servicePrincipals", {"appId": application["appId"]})
    assert (again.status_code, "is already in use" in said(again)) == (409, True)
    assert len(ask(lagging, "GET", "/servicePrincipals", **by_app).json()["value"]) == 1


def test_an_application_has_to_be_known_everywhere_before_it_gets_a_service_principal(lagging: Azure) -> None:
    wanted = {"appId": created(lagging)["appId"]}
    answers = [ask(lagging, "POST", "/servicePrincipals", wanted) for _ in range(3)]
    assert [each.status_code for each in answers] == [400, 403, 201]
    assert "does not reference a valid application object" in said(answers[0])
    assert "service principal being created must in the local tenant" in said(answers[1])


def test_a_role_is_assigned_only_where_both_sides_are_known(azure: Azure) -> None:
    client, resource = (registration(azure) for _ in range(2))
    azure.control("PUT", "quirks", {"directory_lag": 1})
    principals = [principal_of(azure, each) for each in (client, resource)]
    wanted = {"principalId": principals[0]["id"], "resourceId": principals[1]["id"], "appRoleId": ROLE}
    path = f"/servicePrincipals/{principals[1]['id']}/appRoleAssignedTo"
    answers = [ask(azure, "POST", path, wanted) for _ in range(4)]
    assert [each.status_code for each in answers] == [404, 400, 400, 201]
    assert "Not a valid reference update" in said(answers[1])
    assert "Permission being assigned was not found" in said(answers[2])


def test_a_deleted_application_is_among_the_deleted_items_later(azure: Azure) -> None:
    application = registration(azure)
    azure.control("PUT", "quirks", {"directory_lag": 1})
    ask(azure, "DELETE", f"/applications/{application['id']}")
    purge = f"/directory/deletedItems/{application['id']}"
    assert [ask(azure, "DELETE", purge).status_code for _ in range(3)] == [404, 204, 404]


def test_a_consent_is_given_once(azure: Azure) -> None:
    client, resource = (principal_of(azure, registration(azure)) for _ in range(2))
    wanted = {"clientId": client["id"], "resourceId": resource["id"], "consentType": "AllPrincipals", "scope": "openid"}
    given = ask(azure, "POST", "/oauth2PermissionGrants", wanted)
    again = ask(azure, "POST", "/oauth2PermissionGrants", wanted)
    assert (given.status_code, again.status_code) == (201, 409)
    assert again.json()["error"]["code"] == "Request_MultipleObjectsWithSameKeyValue"
    path = f"/oauth2PermissionGrants/{given.json()['id']}"
    assert ask(azure, "PATCH", path, {"scope": "openid profile"}).status_code == 204
    found = ask(azure, "GET", "/oauth2PermissionGrants", **{"$filter": f"clientId eq '{client['id']}'"})
    assert [each["scope"] for each in found.json()["value"]] == ["openid profile"]
    assert ask(azure, "POST", "/oauth2PermissionGrants", wanted | {"consentType": "Everyone"}).status_code == 400
