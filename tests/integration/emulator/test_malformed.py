"""What makes no sense is refused in the service's own words, and leaves nothing behind."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
import requests
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobServiceClient
from azure.storage.fileshare import ShareServiceClient

from tests.support.directory import ask, principal_of, registration, token
from tests.support.emulated import response_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from azure.storage.fileshare import ShareClient

    from tests.support.emulated import Azure

DEEP = base64.urlsafe_b64encode(b"[" * 20_000).rstrip(b"=").decode() + ".a.b"
"""A token whose header is nested too deeply."""
CHANGES: list[dict[str, Any]] = [
    *({"displayName": 5}, {"tags": 5}, {"tags": [5]}, {"appRoles": [5]}, {"web": None}, {"spa": []}),
    *({"web": {"redirectUris": 5}}, {"web": {"redirectUris": [5]}}, {"api": {"oauth2PermissionScopes": [5]}}),
]
"""Of an application, each to another type."""


@pytest.fixture(scope="module")
def account(shared_azure: Azure) -> Iterator[tuple[Any, dict[str, Any]]]:
    """The endpoints of a storage account, and how to use them with its key."""
    shared_azure.control("PUT", "providers", {"Microsoft.Storage": "Registered"})
    group = shared_azure.group()
    shared_azure.groups.remove(group)  # it outlives the test that asks for it first
    account = shared_azure.account(group)
    keys = shared_azure.storage.storage_accounts.list_keys(group, account.name).keys_property
    credential = {"account_name": account.name, "account_key": keys[0].value}
    options = {"credential": credential, "connection_verify": shared_azure.endpoint["ca_file"], "retry_total": 0}
    yield account.primary_endpoints, options
    shared_azure.resources.resource_groups.begin_delete(group, polling=False)


@pytest.fixture(scope="module")
def share(account: tuple[Any, dict[str, Any]]) -> ShareClient:
    endpoints, options = account
    return ShareServiceClient(endpoints.file, **options).create_share("data")


def refusal(act: Callable[[], Any]) -> tuple[int | None, str]:
    with pytest.raises(HttpResponseError) as refused:
        act()
    return refused.value.status_code, str(response_of(refused.value).headers["x-ms-error-code"])


@pytest.mark.parametrize("size", [-1, 4 * 1024**4 + 1, 10**30])
def test_a_file_of_an_impossible_size_is_refused(share: ShareClient, size: int) -> None:
    file = share.get_file_client("impossible")
    assert refusal(lambda: file.create_file(size)) == (400, "OutOfRangeInput")
    assert not file.exists()


@pytest.mark.parametrize("name", ["é" * 200, "/".join(["é" * 100] * 30)], ids=["a name", "a path"])
def test_a_file_whose_name_no_file_system_holds_is_refused(share: ShareClient, name: str) -> None:
    assert refusal(lambda: share.get_file_client(name).create_file(1)) == (400, "InvalidResourceName")
    assert refusal(lambda: share.get_file_client(name).get_file_properties()) == (400, "InvalidResourceName")


@pytest.mark.parametrize("name", ["a" * 300, "Upper", "a--b", "\0ab"])
def test_a_share_of_an_impossible_name_is_refused(account: tuple[Any, dict[str, Any]], name: str) -> None:
    endpoints, options = account
    shares = ShareServiceClient(endpoints.file, **options)
    assert refusal(lambda: shares.create_share(name)) == (400, "InvalidResourceName")
    assert name not in {each.name for each in shares.list_shares()}


@pytest.mark.parametrize("quota", [0, -1, 10**30])
def test_a_share_of_an_impossible_quota_is_refused(share: ShareClient, quota: int) -> None:
    assert refusal(lambda: share.set_share_quota(quota)) == (400, "InvalidHeaderValue")
    assert share.get_share_properties()["quota"] == 5120


def test_a_snapshot_with_metadata_that_xml_cannot_name_is_refused(
    share: ShareClient, account: tuple[Any, dict[str, Any]]
) -> None:
    assert refusal(lambda: share.create_snapshot(metadata={"1a": "b"})) == (400, "InvalidMetadata")
    endpoints, options = account
    assert [each.name for each in ShareServiceClient(endpoints.file, **options).list_shares()] == ["data"]


def test_a_date_without_a_zone_signs_nothing(share: ShareClient) -> None:
    def undated(request: Any) -> None:
        request.http_request.headers["x-ms-date"] = "Mon, 01 Jan 2024 00:00:00 -0000"

    asked = refusal(lambda: share.get_share_properties(raw_request_hook=undated))
    assert asked == (403, "AuthenticationFailed")


@pytest.mark.parametrize("path", ["data/%ff", "?restype=container&comp=%ff"])
def test_what_is_no_uri_is_refused(account: tuple[Any, dict[str, Any]], azure: Azure, path: str) -> None:
    endpoints, _ = account
    for endpoint in (endpoints.blob, endpoints.file):
        refused = requests.get(endpoint + path, verify=azure.endpoint["ca_file"], timeout=60)
        assert (refused.status_code, refused.headers["x-ms-error-code"]) == (400, "InvalidUri")


def test_the_request_for_a_delegation_key_has_to_be_xml(account: tuple[Any, dict[str, Any]], azure: Azure) -> None:
    endpoints, _ = account
    bearer = azure.credential.get_token("https://storage.azure.com/.default").token
    refused = requests.post(
        endpoints.blob.replace("http:", "https:") + "?restype=service&comp=userdelegationkey",
        b"\xff\xfe",
        headers={"Authorization": f"Bearer {bearer}", "x-ms-version": "2024-11-04"},
        verify=azure.endpoint["ca_file"],
        timeout=60,
    )
    assert (refused.status_code, refused.headers["x-ms-error-code"]) == (400, "InvalidXmlDocument")


def test_a_signature_that_is_no_base64_is_refused(account: tuple[Any, dict[str, Any]], azure: Azure) -> None:
    endpoints, options = account
    BlobServiceClient(endpoints.blob, **options).create_container("signed")
    own = next(each["id"] for each in ask(azure, "GET", "/servicePrincipals").json()["value"])
    query = {"sig": "é", "skoid": own, "sr": "b", "skt": "2024", "ske": "2030", "sp": "r"}
    refused = requests.get(endpoints.blob + "signed/blob", query, verify=azure.endpoint["ca_file"], timeout=60)
    assert refused.status_code == 403


@pytest.mark.parametrize("path", ["/subscriptions?api-version=2022-12-01", "/v1.0/users"])
def test_a_token_that_is_nested_too_deeply_is_refused(azure: Azure, path: str) -> None:
    url, verify = azure.endpoint["resource_manager"] + path, azure.endpoint["ca_file"]
    refused = requests.get(url, headers={"Authorization": f"Bearer {DEEP}"}, verify=verify, timeout=60)
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "InvalidAuthenticationToken")


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [("client_secret", "é", "invalid_client"), ("refresh_token", DEEP, "invalid_grant")],
)
def test_a_request_for_a_token_that_makes_no_sense_is_refused(azure: Azure, field: str, value: str, error: str) -> None:
    url = f"{azure.endpoint['authority']}/{azure.endpoint['tenant_id']}/oauth2/v2.0/token"
    grant = "refresh_token" if field == "refresh_token" else "client_credentials"
    form = {"grant_type": grant, "client_id": azure.endpoint["client_id"], field: value}
    refused = requests.post(url, form, verify=azure.endpoint["ca_file"], timeout=60)
    assert refused.json()["error"] == error


@pytest.mark.parametrize(
    "body", [b'{"displayName": "\\ud800"}', b'{"displayName": "a", "notes": NaN}', b'{"a": 1e999}']
)
def test_a_directory_object_that_json_cannot_say_is_refused(azure: Azure, body: bytes) -> None:
    bearer = azure.credential.get_token(f"{azure.endpoint['graph']}/.default").token
    headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"}
    url, verify = f"{azure.endpoint['graph']}/v1.0/applications", azure.endpoint["ca_file"]
    assert requests.post(url, body, headers=headers, verify=verify, timeout=60).status_code == 400
    assert ask(azure, "GET", "/applications").ok


@pytest.mark.parametrize("change", CHANGES)
def test_a_property_of_another_type_is_refused(azure: Azure, change: dict[str, Any]) -> None:
    application = registration(azure)
    path = f"/applications/{application['id']}"
    refused = ask(azure, "PATCH", path, change)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "Request_BadRequest")
    assert ask(azure, "GET", path).json() == application


def test_a_service_principal_keeps_the_types_of_its_properties(azure: Azure) -> None:
    path = f"/servicePrincipals/{principal_of(azure, registration(azure))['id']}"
    changes: list[dict[str, Any]] = [{"tags": 5}, {"displayName": {}}, {"appRoleAssignmentRequired": "yes"}]
    for change in changes:
        assert ask(azure, "PATCH", path, change).status_code == 400


def test_a_filter_for_values_of_what_has_none_finds_nothing(azure: Azure) -> None:
    registration(azure)
    found = ask(azure, "GET", "/applications", **{"$filter": "notes/any(x:x eq 'a')"})
    assert (found.status_code, found.json()["value"]) == (200, [])


@pytest.mark.parametrize("end", ["never", 5])
def test_a_secret_whose_end_is_no_date_is_refused(azure: Azure, end: Any) -> None:
    path = f"/applications/{registration(azure)['id']}/addPassword"
    assert ask(azure, "POST", path, {"passwordCredential": {"endDateTime": end}}).status_code == 400


def test_a_secret_whose_end_has_no_zone_ends_in_utc(azure: Azure) -> None:
    application = registration(azure)
    principal_of(azure, application)
    path = f"/applications/{application['id']}/addPassword"
    added = ask(azure, "POST", path, {"passwordCredential": {"endDateTime": "2099-01-01T00:00:00"}}).json()
    assert added["endDateTime"] == "2099-01-01T00:00:00+00:00"
    scope = f"{azure.endpoint['resource_manager']}/.default"
    assert token(azure, application["appId"], added["secretText"], scope)


def test_a_federated_credential_trusts_only_an_issuer_that_is_text(azure: Azure) -> None:
    path = f"/applications/{registration(azure)['id']}/federatedIdentityCredentials"
    wanted = {"name": "federated", "issuer": {}, "subject": ["a"], "audiences": ["api://AzureADTokenExchange"]}
    assert ask(azure, "POST", path, wanted).status_code == 400
    assert ask(azure, "POST", path, {**wanted, "issuer": 5}).status_code == 400
