"""What a token has to be meant for, and who has to have issued it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import jwt
import pytest
import requests
from azure.core.exceptions import HttpResponseError
from azure.identity import ClientSecretCredential
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.resource.subscriptions import SubscriptionClient

from tests.support.emulated import error_code, response_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.emulated import Azure

APP_SERVICE = "https://appservice.azure.com"
CHINA = "https://management.core.chinacloudapi.cn/"
USGOV = "https://management.core.usgovcloudapi.net/"
REGISTRY = "https://containerregistry.azure.net"


def token_for(azure: Azure, audience: str) -> str:
    return str(azure.credential.get_token(f"{audience}/.default").token)


def kudu_answers(azure: Azure, site: Any, audience: str) -> int:
    """What the SCM site answers a client with a token for this audience."""
    url = f"https://{site.enabled_host_names[1]}/api/logs/docker"
    headers = {"Authorization": f"Bearer {token_for(azure, audience)}"}
    return requests.get(url, headers=headers, verify=azure.endpoint["ca_file"], timeout=60).status_code


def exchanged(azure: Azure, registry: Any, audience: str) -> int:
    """What the registry answers to a token for this audience."""
    form = {"grant_type": "access_token", "service": registry.login_server, "access_token": token_for(azure, audience)}
    url = f"https://{registry.login_server}/oauth2/exchange"
    return requests.post(url, data=form, verify=azure.endpoint["ca_file"], timeout=60).status_code


def test_kudu_takes_tokens_for_app_service_and_in_the_public_cloud_still_those_for_resource_manager(
    azure: Azure,
) -> None:
    site = azure.site(azure.group())
    arm = azure.endpoint["resource_manager"]
    assert (kudu_answers(azure, site, APP_SERVICE), kudu_answers(azure, site, arm)) == (200, 200)
    azure.control("PUT", "quirks", {"kudu_refuses_arm_tokens": True})
    assert (kudu_answers(azure, site, APP_SERVICE), kudu_answers(azure, site, arm)) == (200, 401)


@pytest.mark.parametrize(("cloud", "audience"), [("china", CHINA), ("usgov", USGOV)])
def test_kudu_takes_tokens_for_one_audience_in_the_other_clouds(azure: Azure, cloud: str, audience: str) -> None:
    site = azure.site(azure.group())
    azure.control("PUT", "cloud", {"name": cloud})
    wrong = (APP_SERVICE, "https://management.chinacloudapi.cn", azure.endpoint["resource_manager"])
    assert kudu_answers(azure, site, audience) == 200
    assert [kudu_answers(azure, site, each) for each in wrong] == [401] * 3


def test_a_registry_takes_tokens_for_resource_manager_only_while_its_policy_lets_it(azure: Azure) -> None:
    group = azure.group()
    registry = azure.registry(group)
    arm = azure.endpoint["resource_manager"]
    assert (exchanged(azure, registry, REGISTRY), exchanged(azure, registry, arm)) == (200, 200)
    policies = {"azureADAuthenticationAsArmPolicy": {"status": "disabled"}}
    changed = azure.registries.registries.begin_update(group, registry.name, {"properties": {"policies": policies}})
    assert changed.result().policies.export_policy.status == "enabled"
    assert (exchanged(azure, registry, REGISTRY), exchanged(azure, registry, arm)) == (200, 401)


@pytest.mark.parametrize(
    ("cloud", "host"),
    [
        ("public", "login.microsoftonline.com"),
        ("usgov", "login.microsoftonline.us"),
        ("china", "login.partner.microsoftonline.cn"),
    ],
)
def test_the_issuer_of_tokens_of_version_2_is_that_of_the_cloud(azure: Azure, cloud: str, host: str) -> None:
    azure.control("PUT", "cloud", {"name": cloud})
    tenant, trust = azure.endpoint["tenant_id"], azure.endpoint["ca_file"]
    url = f"{azure.endpoint['authority']}/{tenant}/v2.0/.well-known/openid-configuration"
    assert requests.get(url, verify=trust, timeout=60).json()["issuer"] == f"https://{host}/{tenant}/v2.0"


class TestASubscriptionOfAnotherTenant:
    OTHER = str(uuid.uuid4())

    @pytest.fixture(autouse=True)
    def _moved(self, azure: Azure) -> Iterator[None]:
        described = {"subscriptionId": azure.subscription, "displayName": "Emulator", "state": "Enabled"}
        azure.control("PUT", "subscriptions", [{**described, "tenantId": self.OTHER}])
        yield
        azure.control("PUT", "subscriptions", [described])

    def test_refuses_the_tokens_of_this_one_and_names_its_own(self, azure: Azure) -> None:
        with pytest.raises(HttpResponseError, match="from the wrong issuer") as refused:
            azure.resources.resource_groups.get("any")
        assert (refused.value.status_code, error_code(refused.value)) == (401, "InvalidAuthenticationTokenTenant")
        challenge = response_of(refused.value).headers["WWW-Authenticate"]
        assert challenge.startswith(f'Bearer authorization_uri="{azure.endpoint["authority"]}/{self.OTHER}"')

    def test_names_its_tenant_to_who_has_no_token(self, azure: Azure) -> None:
        url = f"{azure.endpoint['resource_manager']}/subscriptions/{azure.subscription}?api-version=2022-12-01"
        answer = requests.get(url, verify=azure.endpoint["ca_file"], timeout=60)
        assert f'authorization_uri="{azure.endpoint["authority"]}/{self.OTHER}"' in answer.headers["WWW-Authenticate"]

    def test_takes_the_tokens_of_its_own(self, azure: Azure) -> None:
        found = azure.endpoint
        credential = ClientSecretCredential(
            self.OTHER,
            found["client_id"],
            found["client_secret"],
            authority=found["authority"],
            disable_instance_discovery=True,
            connection_verify=found["ca_file"],
        )
        token = credential.get_token(f"{found['resource_manager']}/.default").token
        assert jwt.decode(token, options={"verify_signature": False})["tid"] == self.OTHER
        groups = ResourceManagementClient(credential, azure.subscription, **azure.options()).resource_groups
        assert list(groups.list()) == []
        subscriptions = SubscriptionClient(credential, **azure.options()).subscriptions
        assert [each.tenant_id for each in subscriptions.list()] == [self.OTHER]

    def test_is_not_listed_for_a_token_of_this_one(self, azure: Azure) -> None:
        client = SubscriptionClient(azure.credential, **azure.options())
        assert list(client.subscriptions.list()) == []
        assert [each.tenant_id for each in client.tenants.list()] == [azure.endpoint["tenant_id"], self.OTHER]
