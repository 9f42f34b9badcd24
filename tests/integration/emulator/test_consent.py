"""Users: who may sign in to an application, and which client may speak for them to its API."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import jwt
import msal
import pytest
import requests

from tests.support.directory import SCOPE, ask, principal_of, registration

if TYPE_CHECKING:
    from tests.support.emulated import Azure

AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
CALLBACK = "https://host.example/.auth/login/aad/callback"
NO_ROLE = "00000000-0000-0000-0000-000000000000"
SIGN_IN = "openid profile email"


@dataclass
class Protected:
    """An application that browsers sign in to, whose API clients ask for tokens; and a user."""

    azure: Azure
    application: dict[str, Any]
    principal: dict[str, Any]
    user: dict[str, str]

    def page(self, **form: str) -> str:
        """What the sign-in page says to who fills it in."""
        query = {"client_id": self.application["appId"], "scope": SIGN_IN, "redirect_uri": CALLBACK}
        query |= {"response_type": "code id_token", "response_mode": "form_post", "state": "/"}
        url = f"{self._authority}/oauth2/v2.0/authorize?{urlencode(query)}"
        trust = self.azure.endpoint["ca_file"]
        return unescape(requests.post(url, data={"user": self.user["id"], **form}, verify=trust, timeout=60).text)

    def require_assignment(self, *, assigned: bool) -> None:
        """Let in only who is assigned, and assign the user or not."""
        path = f"/servicePrincipals/{self.principal['id']}"
        ask(self.azure, "PATCH", path, {"appRoleAssignmentRequired": True})
        if assigned:
            relation = {"principalId": self.user["id"], "resourceId": self.principal["id"], "appRoleId": NO_ROLE}
            assert ask(self.azure, "POST", f"{path}/appRoleAssignedTo", relation).status_code == 201

    def grant(self, client: dict[str, Any], resource: dict[str, Any], scope: str) -> None:
        """Consent for everyone, as an administrator does."""
        sides = {"clientId": client["id"], "resourceId": resource["id"]}
        wanted = {**sides, "consentType": "AllPrincipals", "scope": scope}
        assert ask(self.azure, "POST", "/oauth2PermissionGrants", wanted).status_code == 201

    def pre_authorise(self, client: str) -> None:
        """Let a client have tokens for the API without anyone's consent."""
        entry = {"appId": client, "delegatedPermissionIds": [SCOPE["id"]]}
        change = {"api": {"preAuthorizedApplications": [entry]}}
        assert ask(self.azure, "PATCH", f"/applications/{self.application['id']}", change).status_code == 204

    def token(self) -> dict[str, Any]:
        """What the Azure CLI gets for the user, once it has signed in to Azure: MSAL does the work."""
        http = requests.Session()
        http.verify, http.trust_env = self.azure.endpoint["ca_file"], False
        client = msal.PublicClientApplication(
            AZURE_CLI, authority=self._authority, instance_discovery=False, http_client=http
        )
        arm = f"{self.azure.endpoint['resource_manager']}/.default"
        back = {"redirect_uri": "http://localhost:8400", "response_mode": "form_post"}
        flow = client.initiate_auth_code_flow([arm], **back)
        page = http.post(flow["auth_uri"], data={"user": self.user["id"]}, timeout=60).text
        answer = {name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', page)}
        signed_in = client.acquire_token_by_auth_code_flow(flow, answer)
        assert "access_token" in signed_in, signed_in
        scopes = [f"api://{self.application['appId']}/.default"]
        found: dict[str, Any] = client.acquire_token_silent_with_error(scopes, client.get_accounts()[0])
        return found

    @property
    def _authority(self) -> str:
        return f"{self.azure.endpoint['authority']}/{self.azure.endpoint['tenant_id']}"


@pytest.fixture
def protected(azure: Azure) -> Protected:
    web = {"redirectUris": [CALLBACK], "implicitGrantSettings": {"enableIdTokenIssuance": True}}
    application = registration(azure, web=web)
    name = f"user-{uuid.uuid4().hex[:8]}"
    user = {"id": str(uuid.uuid4()), "displayName": name, "userPrincipalName": f"{name}@emulator.onmicrosoft.com"}
    azure.control("PUT", "directory", {"users": [user]})
    return Protected(azure, application, principal_of(azure, application), user)


class TestConsentToSigningIn:
    def test_a_user_is_asked_once(self, protected: Protected) -> None:
        assert "Permissions requested: email, openid, profile" in protected.page()
        assert 'name="id_token"' in protected.page(consent="accept")
        assert 'name="id_token"' in protected.page()

    def test_a_user_cannot_consent_where_assignment_is_required(self, protected: Protected) -> None:
        protected.require_assignment(assigned=True)
        assert "AADSTS90094: The grant requires admin permission" in protected.page(consent="accept")

    def test_an_administrators_consent_is_enough_for_all(self, protected: Protected) -> None:
        protected.require_assignment(assigned=True)
        graph = ask(protected.azure, "GET", "/servicePrincipals", **{"$filter": "displayName eq 'Microsoft Graph'"})
        protected.grant(protected.principal, graph.json()["value"][0], SIGN_IN)
        assert 'name="id_token"' in protected.page()


def test_a_user_who_is_not_assigned_gets_no_identity_token(protected: Protected) -> None:
    protected.require_assignment(assigned=False)
    page = protected.page()
    assert re.search(rf"AADSTS50105: .* The signed in user '{protected.user['userPrincipalName']}' is blocked", page)
    assert 'name="id_token"' not in page


def test_a_client_without_consent_gets_no_token_for_a_user(protected: Protected) -> None:
    refused = protected.token()
    assert (refused["error"], refused["suberror"]) == ("invalid_grant", "consent_required")
    assert "AADSTS65001" in refused["error_description"]
    assert "'Microsoft Azure CLI'" in refused["error_description"]


def test_a_client_that_is_pre_authorised_gets_tokens_for_users(protected: Protected) -> None:
    protected.pre_authorise(AZURE_CLI)
    claims = jwt.decode(protected.token()["access_token"], options={"verify_signature": False})
    assert (claims["oid"], claims["azp"], claims["scp"], claims["aud"]) == (
        protected.user["id"],
        AZURE_CLI,
        SCOPE["value"],
        protected.application["appId"],
    )


def test_a_client_that_was_consented_to_gets_tokens_for_users(protected: Protected) -> None:
    client = ask(protected.azure, "GET", "/servicePrincipals", **{"$filter": f"appId eq '{AZURE_CLI}'"}).json()["value"]
    protected.grant(client[0], protected.principal, str(SCOPE["value"]))
    assert "access_token" in protected.token()


def test_a_pre_authorised_client_gets_no_token_for_a_user_who_is_not_assigned(protected: Protected) -> None:
    protected.pre_authorise(AZURE_CLI)
    protected.require_assignment(assigned=False)
    assert "AADSTS50105" in protected.token()["error_description"]
