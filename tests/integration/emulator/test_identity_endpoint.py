"""The endpoint from which a web app gets tokens of its identities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jwt
import pytest
import requests
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ManagedIdentityCredential

from tests.support.emulated import Azure
from tests.support.managed_identities import attach, made_identity, running_site, variable
from tests.support.waiting import wait_until

STORAGE = "https://storage.azure.com"
KEYS = ("iss", "aud", "oid", "sub", "appid", "tid", "ver", "xms_mirid")


@pytest.fixture
def group(azure: Azure) -> str:
    return azure.group()


@pytest.fixture
def site(azure: Azure, group: str) -> Any:
    return running_site(azure, group)


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Give this process what the processes of a site have of its identities."""

    def become(site: Any) -> None:
        wait_until(lambda: variable(site, "IDENTITY_ENDPOINT") != "")
        for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER"):
            monkeypatch.setenv(name, variable(site, name))

    return become


def claims(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def query(site: Any, header: str | None = None, **parameters: str) -> requests.Response:
    headers = {"X-IDENTITY-HEADER": variable(site, "IDENTITY_HEADER") if header is None else header}
    parameters = {"api-version": "2019-08-01", "resource": STORAGE} | parameters
    return requests.get(variable(site, "IDENTITY_ENDPOINT"), params=parameters, headers=headers, timeout=60)


def test_a_site_without_an_identity_has_no_endpoint(site: Any) -> None:
    assert variable(site, "IDENTITY_ENDPOINT") == variable(site, "IDENTITY_HEADER") == ""


def test_the_sdk_gets_a_token_of_the_system_assigned_identity(azure: Azure, group: str, site: Any, inside: Any) -> None:
    attach(azure, group, site, kind="SystemAssigned")
    inside(site)
    principal = azure.web.web_apps.get(group, site.name).identity.principal_id
    found = claims(ManagedIdentityCredential().get_token(f"{STORAGE}/.default").token)
    assert (found["oid"], found["sub"], found["xms_mirid"]) == (principal, principal, site.id)


def test_the_sdk_chooses_among_the_attached_identities(azure: Azure, group: str, site: Any, inside: Any) -> None:
    first, second = made_identity(azure, group), made_identity(azure, group)
    attach(azure, group, site, first, second)
    inside(site)
    for chosen in (first, second):
        ways = [
            ManagedIdentityCredential(client_id=chosen.client_id),
            ManagedIdentityCredential(identity_config={"object_id": chosen.principal_id}),
            ManagedIdentityCredential(identity_config={"resource_id": chosen.id}),
        ]
        tokens = [each.get_token(f"{STORAGE}/.default").token for each in ways]
        assert {claims(token)["appid"] for token in tokens} == {chosen.client_id}
    with pytest.raises(ClientAuthenticationError) as refused:
        ManagedIdentityCredential(client_id=azure.endpoint["client_id"]).get_token(f"{STORAGE}/.default")
    assert "No User Assigned or Delegated Managed Identity found" in str(refused.value)


def test_a_token_is_signed_for_the_resource_and_says_how_long_it_lasts(azure: Azure, group: str, site: Any) -> None:
    identity = made_identity(azure, group)
    attach(azure, group, site, identity)
    wait_until(lambda: variable(site, "IDENTITY_ENDPOINT") != "")
    answer = query(site, client_id=identity.client_id).json()
    keys = requests.get(
        f"{azure.endpoint['authority']}/{azure.endpoint['tenant_id']}/discovery/v2.0/keys",
        verify=azure.endpoint["ca_file"],
        timeout=10,
    ).json()
    key = jwt.PyJWK(keys["keys"][0])
    verified = jwt.decode(answer["access_token"], key, ["RS256"], audience=STORAGE)
    assert answer["expires_on"] == str(verified["exp"])
    assert (answer["token_type"], answer["resource"], answer["client_id"]) == ("Bearer", STORAGE, identity.client_id)
    tenant = azure.endpoint["tenant_id"]
    assert {name: verified[name] for name in KEYS} == {
        "iss": f"{azure.endpoint['authority']}/{tenant}/",
        "aud": STORAGE,
        "oid": identity.principal_id,
        "sub": identity.principal_id,
        "appid": identity.client_id,
        "tid": tenant,
        "ver": "1.0",
        "xms_mirid": identity.id,
    }


def test_the_endpoint_refuses_what_app_service_refuses(azure: Azure, group: str, site: Any) -> None:
    identity = made_identity(azure, group)
    attach(azure, group, site, identity)
    wait_until(lambda: variable(site, "IDENTITY_ENDPOINT") != "")
    assert query(site, "", client_id=identity.client_id).status_code == 401
    assert query(site, "0" * 32, client_id=identity.client_id).status_code == 401
    nameless = query(site)
    assert (nameless.status_code, nameless.json()["message"]) == (400, "Unable to load the proper Managed Identity.")
    unknown = query(site, client_id=identity.client_id, resource="https://nobody")
    assert "AADSTS500011" in unknown.json()["message"]
    azure.web.web_apps.update(group, site.name, {"identity": {"type": "None"}})
    wait_until(lambda: variable(site, "IDENTITY_ENDPOINT") == "")


def test_a_secret_in_key_vault_is_read_as_the_identity_that_the_site_names(azure: Azure, group: str, site: Any) -> None:
    secret = "https://my-vault.vault.azure.net/secrets/password"
    azure.control("PUT", "vault", {secret: "from the vault"})
    live = azure.web.web_apps.list_application_settings(group, site.name).properties
    reference = f"@Microsoft.KeyVault(SecretUri={secret})"
    azure.web.web_apps.update_application_settings(group, site.name, {"properties": {**live, "PASSWORD": reference}})
    wait_until(lambda: variable(site, "PASSWORD") == reference)
    identity = made_identity(azure, group)
    attach(azure, group, site, identity)
    azure.web.web_apps.update(group, site.name, {"properties": {"keyVaultReferenceIdentity": identity.id}})
    wait_until(lambda: variable(site, "PASSWORD") == "from the vault")
