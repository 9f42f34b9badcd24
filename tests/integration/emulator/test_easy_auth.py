from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import Any

import pytest
import requests
from azure.identity import ClientSecretCredential

from tests.support.directory import ask, principal_of, registration
from tests.support.emulated import Azure
from tests.support.registry_builds import build
from tests.support.runtime_support import TINY_SERVER, TINY_STARTUP
from tests.support.waiting import wait_until

IMAGE = {"Dockerfile": "FROM scratch\n", "requirements.lock": "", "startup.sh": TINY_STARTUP, "server.py": TINY_SERVER}
BROWSER = {"User-Agent": "Mozilla/5.0"}


@dataclass
class Guarded:
    """A running site with sign-in, and the registration that it asks for."""

    azure: Azure
    group: str
    name: str
    url: str
    application: dict[str, Any]

    def token(self, scope: str | None = None) -> dict[str, str]:
        """The header of a client that has signed in."""
        found = self.azure.endpoint
        credential = ClientSecretCredential(
            found["tenant_id"],
            found["client_id"],
            found["client_secret"],
            authority=found["authority"],
            disable_instance_discovery=True,
            connection_verify=found["ca_file"],
        )
        token = credential.get_token(scope or f"api://{self.application['appId']}/.default").token
        return {"Authorization": f"Bearer {token}"}

    def get(self, path: str = "/", headers: dict[str, str] | None = None) -> requests.Response:
        return requests.get(self.url + path, headers=headers, timeout=60, allow_redirects=False)

    def settings(self, **validation: Any) -> None:
        """Turn sign-in on, for who `validation` admits."""
        issuer = f"{self.azure.endpoint['authority']}/{self.azure.endpoint['tenant_id']}/v2.0"
        registration = {"clientId": self.application["appId"], "openIdIssuer": issuer}
        provider = {"enabled": True, "registration": registration, "validation": validation}
        wanted = {
            "platform": {"enabled": True},
            "globalValidation": {
                "requireAuthentication": True,
                "unauthenticatedClientAction": "RedirectToLoginPage",
                "excludedPaths": ["/open"],
            },
            "identityProviders": {"azureActiveDirectory": provider},
        }
        self.azure.web.web_apps.update_auth_settings_v2(self.group, self.name, {"properties": wanted})


@pytest.fixture
def guarded(azure: Azure) -> Guarded:
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
    site = azure.site(group, siteConfig=configuration)
    url = f"http://{site.default_host_name}"
    application = registration(azure, web={"redirectUris": [f"{url}/.auth/login/aad/callback"]})
    principal_of(azure, application)
    wait_until(lambda: requests.get(url, timeout=60).ok)
    return Guarded(azure, group, site.name, url, application)


def test_without_sign_in_everyone_is_let_through(guarded: Guarded) -> None:
    assert guarded.get().status_code == 200


def test_a_client_needs_a_good_token(guarded: Guarded) -> None:
    guarded.settings()
    anonymous = guarded.get()
    assert anonymous.status_code == 401
    assert guarded.application["appId"] in anonymous.headers["WWW-Authenticate"]
    assert guarded.get(headers={"Authorization": "Bearer nonsense"}).status_code == 401
    foreign = guarded.token(f"{guarded.azure.endpoint['resource_manager']}/.default")
    assert guarded.get(headers=foreign).status_code == 401
    assert guarded.get(headers=guarded.token()).status_code == 200
    assert guarded.get("/open").status_code == 200


def test_an_expired_token_does_not_pass(guarded: Guarded) -> None:
    guarded.settings()
    guarded.azure.control("PUT", "tokens", {"lifetime": -1})
    expired = guarded.token()
    guarded.azure.control("PUT", "tokens", {"lifetime": 3599})
    assert guarded.get(headers=expired).status_code == 401


def test_a_token_of_the_first_version_has_another_issuer(guarded: Guarded) -> None:
    guarded.settings(allowedAudiences=[f"api://{guarded.application['appId']}"])
    change = {"api": {"requestedAccessTokenVersion": 1}}
    ask(guarded.azure, "PATCH", f"/applications/{guarded.application['id']}", change)
    assert guarded.get(headers=guarded.token()).status_code == 401


def test_only_the_applications_that_are_listed_are_admitted(guarded: Guarded) -> None:
    guarded.settings(defaultAuthorizationPolicy={"allowedApplications": [guarded.application["appId"]]})
    assert guarded.get(headers=guarded.token()).status_code == 403
    guarded.settings(defaultAuthorizationPolicy={"allowedApplications": [guarded.azure.endpoint["client_id"]]})
    assert guarded.get(headers=guarded.token()).status_code == 200


def test_a_browser_is_sent_to_the_login_page_and_comes_back_signed_in(guarded: Guarded) -> None:
    guarded.settings()
    sent = guarded.get("/settings/HOME", BROWSER)
    assert sent.status_code == 302
    page = sent.headers["Location"]
    trust = guarded.azure.endpoint["ca_file"]
    assert "AADSTS700054" in requests.get(page, verify=trust, timeout=60).text
    change = {"web": {"implicitGrantSettings": {"enableIdTokenIssuance": True}}}
    ask(guarded.azure, "PATCH", f"/applications/{guarded.application['id']}", change)
    user = re.search(r'name="user" value="([^"]+)"', requests.get(page, verify=trust, timeout=60).text)
    assert user
    back = requests.post(page, data={"user": user[1], "consent": "accept"}, verify=trust, timeout=60).text
    fields = {name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', back)}
    session = requests.Session()
    callback = f"{guarded.url}/.auth/login/aad/callback"
    answered = session.post(callback, data=fields, headers=BROWSER, timeout=10, allow_redirects=False)
    assert (answered.status_code, answered.headers["Location"]) == (302, "/settings/HOME")
    assert session.get(guarded.url, headers=BROWSER, timeout=60).status_code == 200
    assert session.get(f"{guarded.url}/.auth/me", timeout=60).json()[0]["user_id"] == "Emulated User"
    session.get(f"{guarded.url}/.auth/logout", timeout=10, allow_redirects=False)
    assert session.get(guarded.url, timeout=60).status_code == 401


def test_a_token_is_refused_where_the_settings_name_another_issuer_than_the_clouds(guarded: Guarded) -> None:
    """In China the issuer is no name of the sign-in endpoint."""
    guarded.azure.control("PUT", "cloud", {"name": "china"})
    guarded.settings(allowedAudiences=[])
    assert guarded.get(headers=guarded.token()).status_code == 401
    tenant = guarded.azure.endpoint["tenant_id"]
    live = guarded.azure.web.web_apps.get_auth_settings_v2_without_secrets(guarded.group, guarded.name).as_dict()
    provider = live["properties"]["identityProviders"]["azureActiveDirectory"]
    provider["registration"]["openIdIssuer"] = f"https://login.partner.microsoftonline.cn/{tenant}/v2.0"
    guarded.azure.web.web_apps.update_auth_settings_v2(guarded.group, guarded.name, {"properties": live["properties"]})
    assert guarded.get(headers=guarded.token()).status_code == 200
