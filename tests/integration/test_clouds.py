"""Azure's own clouds, behind a company's proxy that inspects TLS: the emulator answers under their host names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.proxy import InspectingProxy, inspecting_proxy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.command import Command, Result
    from tests.support.running_emulator import Emulator

pytestmark = pytest.mark.light

SIGN_IN = {
    "public": "login.microsoftonline.com",
    "usgov": "login.microsoftonline.us",
    "china": "login.chinacloudapi.cn",
}
MANAGEMENT = {
    "public": "management.azure.com",
    "usgov": "management.usgovcloudapi.net",
    "china": "management.chinacloudapi.cn",
}
PLAN = ("plan", "--output", "json")


class Company:
    """The command line in a company's network, signed in as a service principal."""

    def __init__(self, cli: Command, emulator: Emulator, proxy: InspectingProxy, trust: Path) -> None:
        found = emulator.azure.endpoint
        self.cli, self.emulator, self.proxy = cli, emulator, proxy
        self.subscription = found["subscription_id"]
        self.environ = {
            "HTTPS_PROXY": proxy.url,
            "REQUESTS_CA_BUNDLE": str(trust),
            "NO_PROXY": "localhost",
            "AZURE_TENANT_ID": found["tenant_id"],
            "AZURE_CLIENT_ID": found["client_id"],
            "AZURE_CLIENT_SECRET": found["client_secret"],
        }

    def __call__(self, *arguments: str, **environ: str) -> Result:
        return self.cli(*arguments, **{**self.environ, **environ})


@pytest.fixture(scope="module")
def company(
    shared_cli: Command, shared_emulator: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Company]:
    found = shared_emulator.azure.endpoint
    with inspecting_proxy(found["resource_manager"], found["ca_file"]) as proxy:
        trust = tmp_path_factory.mktemp("trust") / "bundle.pem"
        trust.write_bytes(proxy.authority.cert_pem.bytes() + Path(found["ca_file"]).read_bytes())
        yield Company(shared_cli, shared_emulator, proxy, trust)


@pytest.mark.parametrize("cloud", ["public", "usgov", "china"])
def test_each_cloud_is_reached_through_the_proxy_and_under_its_own_hosts(company: Company, cloud: str) -> None:
    company.proxy.hosts.clear()
    changes = company(*PLAN, "--cloud", cloud).data["changes"]
    assert {change["action"] for change in changes} <= {"create", "update", "keep"}
    assert company.proxy.hosts == {SIGN_IN[cloud], MANAGEMENT[cloud]}


@pytest.fixture(scope="module")
def server(company: Company) -> str:
    """URL of a server that each cloud has, for the emulator takes the place of any."""
    answer = company.cli("deploy", "--cloud", "emulator", "--output", "json")
    return str(answer.data["url"])


@pytest.fixture
def cloud(company: Company, server: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of a cloud as which the emulator issues and takes tokens meanwhile."""
    company.emulator.control("PUT", "cloud", {"name": request.param})
    yield request.param
    company.emulator.control("PUT", "cloud", {})


@pytest.mark.parametrize("cloud", ["china", "usgov"], indirect=True)
def test_kudu_is_asked_with_a_token_for_what_it_is_called_in_that_cloud(company: Company, cloud: str) -> None:
    answer = company("logs", "--tail", "1", "--cloud", cloud)
    assert answer.exit_code == 0, answer.stderr
    assert answer.stdout


def test_the_server_is_told_to_trust_the_issuer_of_the_cloud(company: Company, server: str) -> None:
    assert company.cli("auth", "enable", "--cloud", "emulator").exit_code == 0
    company.emulator.control("PUT", "cloud", {"name": "china"})
    try:
        changes = company(*PLAN, "--cloud", "china").data["changes"]
    finally:
        company.emulator.control("PUT", "cloud", {})
    wanted = [each["to"] for change in changes for each in change["differences"] if "Issuer" in each["path"]]
    tenant = company.emulator.azure.endpoint["tenant_id"]
    assert wanted == [f"https://login.partner.microsoftonline.cn/{tenant}/v2.0"]


def test_a_proxy_whose_authority_is_not_trusted_is_told_with_what_to_set(company: Company) -> None:
    answer = company(*PLAN, REQUESTS_CA_BUNDLE="")
    assert answer.exit_code == 3
    assert "CERTIFICATE_VERIFY_FAILED" in answer.errors[0]["message"]
    assert "REQUESTS_CA_BUNDLE" in answer.errors[0]["hint"]


def test_a_wrong_secret_is_told_in_the_words_of_microsoft_entra_id(company: Company) -> None:
    answer = company(*PLAN, AZURE_CLIENT_SECRET="wrong")
    assert answer.exit_code == 3
    assert "AADSTS7000215: Invalid client secret" in answer.errors[0]["message"]
    assert "AZURE_CLIENT_SECRET" in answer.errors[0]["hint"]


def test_a_token_that_azure_does_not_accept_ends_with_exit_code_3(company: Company) -> None:
    refusal = {"status": 401, "code": "InvalidAuthenticationToken", "message": "The access token is invalid."}
    company.emulator.fail(method="GET", path="resourcegroups", kind="status", **refusal)
    answer = company(*PLAN)
    assert answer.exit_code == 3
    assert answer.errors[0]["code"] == "InvalidAuthenticationToken"


class TestTheSubscription:
    OTHER = "11111111-1111-1111-1111-111111111111"

    @pytest.fixture(autouse=True)
    def _two(self, company: Company) -> Iterator[None]:
        def visible(*subscriptions: dict[str, Any]) -> None:
            company.emulator.control("PUT", "subscriptions", list(subscriptions))

        mine = {"subscriptionId": company.subscription, "displayName": "Mine", "state": "Enabled"}
        visible(mine, {"subscriptionId": self.OTHER, "displayName": "Research", "state": "Enabled"})
        yield
        visible(mine)

    def test_has_to_be_chosen_where_several_are_visible(self, company: Company) -> None:
        answer = company(*PLAN)
        assert answer.exit_code == 2
        for listed in (company.subscription, "Mine", self.OTHER, "Research"):
            assert listed in answer.errors[0]["message"]
        assert "--subscription-id" in answer.errors[0]["hint"]

    def test_is_the_one_that_az_has_chosen_in_the_same_cloud(self, company: Company, tmp_path: Path) -> None:
        chosen = [
            {"id": company.subscription, "isDefault": True, "environmentName": "AzureUSGovernment"},
            {"id": self.OTHER, "isDefault": True, "environmentName": "AzureCloud"},
        ]
        (tmp_path / "azureProfile.json").write_text(json.dumps({"subscriptions": chosen}), encoding="utf-8-sig")
        changes = company(*PLAN, AZURE_CONFIG_DIR=str(tmp_path)).data["changes"]
        assert all(change["id"].startswith(f"/subscriptions/{self.OTHER}/") for change in changes)


def test_the_emulator_is_reached_without_the_proxy(company: Company) -> None:
    company.proxy.hosts.clear()
    assert company(*PLAN, "--cloud", "emulator", NO_PROXY="").data["changes"]
    assert company.proxy.hosts == set()
