"""Applications that trust managed identities: instead of a client secret, their tokens sign in."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import jwt
import pytest
import requests
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientAssertionCredential

from tests.support.directory import ask, principal_of, registration
from tests.support.emulated import Azure
from tests.support.managed_identities import attach, made_identity, running_site, variable
from tests.support.waiting import wait_until

EXCHANGE = "api://AzureADTokenExchange"
OVERRIDE = "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID"


@pytest.fixture
def group(azure: Azure) -> str:
    return azure.group()


def issuer(azure: Azure) -> str:
    return f"{azure.endpoint['authority']}/{azure.endpoint['tenant_id']}/v2.0"


def trust(azure: Azure, application: dict[str, Any], identity: Any, **changes: Any) -> requests.Response:
    wanted = {"name": "identity", "issuer": issuer(azure), "subject": identity.principal_id, "audiences": [EXCHANGE]}
    return ask(azure, "POST", f"/applications/{application['id']}/federatedIdentityCredentials", wanted | changes)


def test_a_federated_credential_is_made_changed_listed_and_deleted(azure: Azure, group: str) -> None:
    application, identity = registration(azure), made_identity(azure, group)
    path = f"/applications/{application['id']}/federatedIdentityCredentials"
    made = trust(azure, application, identity, description="for a test")
    assert (made.status_code, made.json()["subject"]) == (201, identity.principal_id)
    one = f"{path}/{made.json()['id']}"
    assert ask(azure, "PATCH", one, {"subject": "another", "name": "ignored"}).status_code == 204
    assert ask(azure, "GET", one).json() == made.json() | {"subject": "another"}
    assert [each["id"] for each in ask(azure, "GET", path).json()["value"]] == [made.json()["id"]]
    assert ask(azure, "DELETE", one).status_code == 204
    assert ask(azure, "GET", path).json()["value"] == []


def test_federated_credentials_are_twenty_at_most_and_no_doubles(azure: Azure, group: str) -> None:
    application, identity = registration(azure), made_identity(azure, group)
    assert trust(azure, application, identity).status_code == 201
    assert trust(azure, application, identity, subject="another").status_code == 409
    assert trust(azure, application, identity, name="another").status_code == 409
    assert trust(azure, application, identity, name="another", audiences=[]).status_code == 400
    assert trust(azure, application, identity, name="a b", subject="another").status_code == 400
    for number in range(19):
        assert trust(azure, application, identity, name=f"name{number}", subject=f"{number}").status_code == 201
    refused = trust(azure, application, identity, name="last", subject="last")
    assert (refused.status_code, "20" in refused.text) == (400, True)


def test_an_identity_signs_in_as_the_application_that_trusts_it(azure: Azure, group: str) -> None:
    application = registration(azure)
    principal = principal_of(azure, application)
    site, identity, other = running_site(azure, group), made_identity(azure, group), made_identity(azure, group)
    attach(azure, group, site, identity, other)
    wait_until(lambda: variable(site, "IDENTITY_ENDPOINT") != "")
    scope = f"{azure.endpoint['resource_manager']}/.default"

    def signed_in(by: Any, resource: str = EXCHANGE) -> dict[str, Any]:
        """The claims of a token of the application, which it got by an identity."""
        credential = ClientAssertionCredential(
            azure.endpoint["tenant_id"],
            application["appId"],
            lambda: assertion(site, by, resource),
            authority=azure.endpoint["authority"],
            disable_instance_discovery=True,
            connection_verify=azure.endpoint["ca_file"],
        )
        return jwt.decode(credential.get_token(scope).token, options={"verify_signature": False})

    refusals = []
    for _ in range(2):
        with pytest.raises(ClientAuthenticationError) as refused:
            signed_in(identity)
        refusals.append(re.findall(r"AADSTS\d+", str(refused.value))[0])
        trust(azure, application, identity, issuer="https://someone")
    trust(azure, application, identity, name="real")
    found = signed_in(identity)
    assert (found["appid"], found["oid"]) == (application["appId"], principal["id"])
    for wrong in ({"by": other}, {"by": identity, "resource": "https://storage.azure.com"}):
        with pytest.raises(ClientAuthenticationError) as refused:
            signed_in(**wrong)
        refusals.append(re.findall(r"AADSTS\d+", str(refused.value))[0])
    # A token for another service has another issuer, that of version 1.
    assert refusals == ["AADSTS70025", "AADSTS700211", "AADSTS700213", "AADSTS700211"]


def test_a_new_federated_credential_is_not_known_everywhere_at_once(azure: Azure, group: str) -> None:
    application = registration(azure)
    principal_of(azure, application)
    site, identity = running_site(azure, group), made_identity(azure, group)
    attach(azure, group, site, identity)
    wait_until(lambda: variable(site, "IDENTITY_ENDPOINT") != "")
    azure.control("PUT", "quirks", {"directory_lag": 1})
    trust(azure, application, identity)
    form = {
        "grant_type": "client_credentials",
        "client_id": application["appId"],
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion(site, identity),
        "scope": "https://storage.azure.com/.default",
    }
    url = f"{azure.endpoint['authority']}/{azure.endpoint['tenant_id']}/oauth2/v2.0/token"
    answers = [requests.post(url, data=form, verify=azure.endpoint["ca_file"], timeout=60) for _ in range(2)]
    assert [each.status_code for each in answers] == [401, 200]


def test_a_browser_is_signed_in_where_the_application_trusts_the_identity_of_the_site(azure: Azure, group: str) -> None:
    site, identity = running_site(azure, group), made_identity(azure, group)
    attach(azure, group, site, identity)
    url = f"http://{site.default_host_name}"
    web = {
        "redirectUris": [f"{url}/.auth/login/aad/callback"],
        "implicitGrantSettings": {"enableIdTokenIssuance": True},
    }
    application = registration(azure, web=web)
    principal_of(azure, application)
    settings = azure.web.web_apps.list_application_settings(group, site.name).properties
    wanted = {**settings, OVERRIDE: azure.endpoint["client_id"]}
    azure.web.web_apps.update_application_settings(group, site.name, {"properties": wanted})
    sign_in(azure, group, site, application)
    assert "No user-assigned identity" in came_back(azure, url).text
    wanted[OVERRIDE] = identity.client_id
    azure.web.web_apps.update_application_settings(group, site.name, {"properties": wanted})
    refused = came_back(azure, url)
    assert (refused.status_code, "AADSTS70025" in refused.text) == (401, True)
    trust(azure, application, identity)
    assert came_back(azure, url).status_code == 302


def assertion(site: Any, identity: Any, resource: str = EXCHANGE) -> str:
    """A token of an identity of a site."""
    parameters = {"api-version": "2019-08-01", "resource": resource, "client_id": identity.client_id}
    headers = {"X-IDENTITY-HEADER": variable(site, "IDENTITY_HEADER")}
    answer = requests.get(variable(site, "IDENTITY_ENDPOINT"), params=parameters, headers=headers, timeout=60)
    return str(answer.json()["access_token"])


def sign_in(azure: Azure, group: str, site: Any, application: dict[str, Any]) -> None:
    """Turn sign-in on, with the identity instead of a secret."""
    of_application = {"clientId": application["appId"], "openIdIssuer": issuer(azure)}
    provider = {"enabled": True, "registration": {**of_application, "clientSecretSettingName": OVERRIDE}}
    wanted = {
        "platform": {"enabled": True},
        "globalValidation": {"requireAuthentication": True, "unauthenticatedClientAction": "RedirectToLoginPage"},
        "identityProviders": {"azureActiveDirectory": provider},
    }
    azure.web.web_apps.update_auth_settings_v2(group, site.name, {"properties": wanted})


def came_back(azure: Azure, url: str) -> requests.Response:
    """What the site answers to a browser that comes back from the sign-in page."""
    trusting, browser = {"verify": azure.endpoint["ca_file"], "timeout": 60}, {"User-Agent": "Mozilla/5.0"}
    page = requests.get(url, headers=browser, timeout=60, allow_redirects=False).headers["Location"]
    user = re.search(r'name="user" value="([^"]+)"', requests.get(page, **trusting).text)
    assert user
    back = requests.post(page, data={"user": user[1], "consent": "accept"}, **trusting).text
    fields = {name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', back)}
    callback = f"{url}/.auth/login/aad/callback"
    return requests.post(callback, data=fields, headers=browser, timeout=60, allow_redirects=False)
