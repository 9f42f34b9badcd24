from __future__ import annotations

import time
from typing import Any

import jwt
import pytest
import requests
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.identity import ClientSecretCredential
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.resource.subscriptions import SubscriptionClient

from tests.support.emulated import Azure, error_code


class FixedToken:
    """A credential that hands out one token."""

    def __init__(self, token: str) -> None:
        self.token = token

    def get_token(self, *_scopes: str, **_options: Any) -> Any:
        from azure.core.credentials import AccessToken

        return AccessToken(self.token, int(time.time()) + 3600)


def asking_with(azure: Azure, token: str) -> ResourceManagementClient:
    return ResourceManagementClient(FixedToken(token), azure.subscription, **azure.options())


def test_the_tenant_and_its_subscription_are_listed(azure: Azure) -> None:
    client = SubscriptionClient(azure.credential, **azure.options())
    assert [each.tenant_id for each in client.tenants.list()] == [azure.endpoint["tenant_id"]]
    assert [(each.subscription_id, each.state) for each in client.subscriptions.list()] == [
        (azure.subscription, "Enabled")
    ]
    assert "westeurope" in {each.name for each in client.subscriptions.list_locations(azure.subscription)}


def test_a_wrong_secret_gives_no_token(azure: Azure) -> None:
    found = azure.endpoint
    credential = ClientSecretCredential(
        found["tenant_id"],
        found["client_id"],
        "wrong",
        authority=found["authority"],
        disable_instance_discovery=True,
        connection_verify=found["ca_file"],
    )
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        credential.get_token(f"{found['resource_manager']}/.default")


def test_a_request_without_a_token_is_challenged(azure: Azure) -> None:
    url = f"{azure.endpoint['resource_manager']}/subscriptions?api-version=2022-12-01"
    answer = requests.get(url, verify=azure.endpoint["ca_file"], timeout=60)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "AuthenticationFailed"
    assert azure.endpoint["tenant_id"] in answer.headers["WWW-Authenticate"]


def test_a_foreign_token_is_invalid(azure: Azure) -> None:
    with pytest.raises(HttpResponseError) as refused:
        asking_with(azure, "eyJhbGciOiJub25lIn0.e30.").resource_groups.get("any")
    assert (refused.value.status_code, error_code(refused.value)) == (401, "InvalidAuthenticationToken")


def test_a_token_for_something_else_is_invalid(azure: Azure) -> None:
    token = azure.credential.get_token("https://storage.azure.com/.default").token
    with pytest.raises(HttpResponseError) as refused:
        asking_with(azure, token).resource_groups.get("any")
    assert error_code(refused.value) == "InvalidAuthenticationToken"


def test_an_expired_token_says_so(azure: Azure) -> None:
    azure.control("PUT", "tokens", {"lifetime": -1})
    token = ClientSecretCredential(
        azure.endpoint["tenant_id"],
        azure.endpoint["client_id"],
        azure.endpoint["client_secret"],
        authority=azure.endpoint["authority"],
        disable_instance_discovery=True,
        connection_verify=azure.endpoint["ca_file"],
    ).get_token(f"{azure.endpoint['resource_manager']}/.default")
    azure.control("PUT", "tokens", {"lifetime": 3599})
    with pytest.raises(HttpResponseError) as refused:
        asking_with(azure, token.token).resource_groups.get("any")
    assert (refused.value.status_code, error_code(refused.value)) == (401, "ExpiredAuthenticationToken")


def test_an_unknown_subscription_is_not_found(azure: Azure) -> None:
    other = ResourceManagementClient(azure.credential, "11111111-1111-1111-1111-111111111111", **azure.options())
    with pytest.raises(HttpResponseError) as refused:
        other.resource_groups.get("any")
    assert error_code(refused.value) == "SubscriptionNotFound"


def test_a_request_without_an_api_version_is_refused(azure: Azure) -> None:
    token = azure.credential.get_token(f"{azure.endpoint['resource_manager']}/.default").token
    answer = requests.get(
        f"{azure.endpoint['resource_manager']}/subscriptions",
        headers={"Authorization": f"Bearer {token}"},
        verify=azure.endpoint["ca_file"],
        timeout=10,
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "MissingApiVersionParameter")


def test_what_the_callers_role_does_not_allow_is_refused_by_name(azure: Azure) -> None:
    group = azure.group()
    azure.control("PUT", "permissions", {"actions": ["*/read"], "notActions": []})
    azure.resources.resource_groups.get(group)
    with pytest.raises(HttpResponseError, match=r"Microsoft\.Storage/storageAccounts/write") as refused:
        azure.account(group)
    assert (refused.value.status_code, error_code(refused.value)) == (403, "AuthorizationFailed")


def test_a_provider_has_to_be_registered_first(azure: Azure) -> None:
    azure.control("PUT", "providers", {"Microsoft.Storage": "Registered", "Microsoft.Web": "Registered"})
    group = azure.group()
    with pytest.raises(HttpResponseError) as refused:
        azure.registry(group)
    assert refused.value.status_code == 409
    assert azure.resources.providers.register("Microsoft.ContainerRegistry").registration_state == "Registering"
    assert azure.resources.providers.get("Microsoft.ContainerRegistry").registration_state == "Registered"
    azure.registry(group)


def test_storage_has_not_heard_of_a_subscription_that_is_not_registered_with_it(azure: Azure) -> None:
    azure.resources.providers.unregister("Microsoft.Storage")
    try:
        with pytest.raises(HttpResponseError) as refused:
            azure.storage.storage_accounts.check_name_availability(
                {"name": "anyname", "type": "Microsoft.Storage/storageAccounts"}
            )
        assert error_code(refused.value) == "SubscriptionNotFound"
    finally:
        azure.resources.providers.register("Microsoft.Storage")


def test_a_disabled_subscription_can_be_read_only(azure: Azure) -> None:
    group = azure.group()
    described = {"subscriptionId": azure.subscription, "displayName": "Emulator"}
    azure.control("PUT", "subscriptions", [described | {"state": "Disabled"}])
    try:
        azure.resources.resource_groups.get(group)
        with pytest.raises(HttpResponseError) as refused:
            azure.group()
        assert error_code(refused.value) == "ReadOnlyDisabledSubscription"
    finally:
        azure.control("PUT", "subscriptions", [described | {"state": "Enabled"}])


def test_an_operation_that_the_emulator_does_not_know_is_named(azure: Azure) -> None:
    with pytest.raises(HttpResponseError, match="does not know GET") as refused:
        azure.web.web_apps.list_premier_add_ons(azure.group(), "any")
    assert refused.value.status_code == 501


def test_writes_that_overlap_on_one_site_are_refused(azure: Azure) -> None:
    from concurrent.futures import ThreadPoolExecutor

    group = azure.group()
    site = azure.site(group)
    azure.control("PUT", "latency", {"profile": "azure", "scale": 1})  # for both to be there at once

    def write(number: int) -> int:
        try:
            azure.web.web_apps.update_application_settings(group, site.name, {"properties": {"N": str(number)}})
        except HttpResponseError as error:
            return error.status_code or 0
        return 200

    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(write, range(2)))
    assert sorted(answers) == [200, 409]


def test_the_cloud_describes_itself_to_the_command_line_of_azure(azure: Azure) -> None:
    url, trust = azure.endpoint["resource_manager"], azure.endpoint["ca_file"]
    described = requests.get(f"{url}/metadata/endpoints?api-version=2022-09-01", verify=trust, timeout=60).json()
    assert described["resourceManager"] == url
    assert described["authentication"]["loginEndpoint"] == azure.endpoint["authority"]


def test_a_token_can_be_verified_with_the_keys_that_the_tenant_publishes(azure: Azure) -> None:
    authority, trust = f"{azure.endpoint['authority']}/{azure.endpoint['tenant_id']}", azure.endpoint["ca_file"]
    described = requests.get(f"{authority}/v2.0/.well-known/openid-configuration", verify=trust, timeout=60).json()
    keys = requests.get(described["jwks_uri"], verify=trust, timeout=60).json()["keys"]
    token = azure.credential.get_token(f"{azure.endpoint['resource_manager']}/.default").token
    claims = jwt.decode(token, jwt.PyJWK(keys[0]).key, ["RS256"], audience=azure.endpoint["resource_manager"])
    assert claims["appid"] == azure.endpoint["client_id"]
