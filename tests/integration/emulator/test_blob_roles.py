"""Who may use the blobs of an account: roles, tokens, keys, and signatures."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.identity import ManagedIdentityCredential
from azure.storage.blob import (
    AccountSasPermissions,
    BlobClient,
    BlobSasPermissions,
    BlobServiceClient,
    ContainerSasPermissions,
    ResourceTypes,
    generate_account_sas,
    generate_blob_sas,
    generate_container_sas,
)

from tests.support.directory import ask
from tests.support.emulated import Azure, response_of
from tests.support.managed_identities import (
    BLOB_CONTRIBUTOR,
    BLOB_READER,
    attach,
    give_role,
    made_identity,
    running_site,
    variable,
)
from tests.support.waiting import wait_until

VARIABLES = ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")


class Place:
    """An account with a container, and its clients by key and by token."""

    def __init__(self, azure: Azure, group: str) -> None:
        self.azure, self.group = azure, group
        self.account = azure.account(group)
        azure.storage.blob_containers.create(group, self.account.name, "mlflow", {})
        self.endpoint = self.account.primary_endpoints.blob.replace("http://", "https://")
        keys = azure.storage.storage_accounts.list_keys(group, self.account.name).keys_property
        self.key = keys[0].value
        self.by_key = {"account_name": self.account.name, "account_key": self.key}

    def client(self, credential: Any) -> BlobServiceClient:
        ca_file = self.azure.endpoint["ca_file"]
        return BlobServiceClient(self.endpoint, credential=credential, retry_total=0, connection_verify=ca_file)

    def without_keys(self) -> None:
        wanted = {"properties": {"allowSharedKeyAccess": False}}
        self.azure.storage.storage_accounts.update(self.group, self.account.name, wanted)


@pytest.fixture
def place(azure: Azure) -> Place:
    return Place(azure, azure.group())


@pytest.fixture
def own(azure: Azure) -> Any:
    """The credential of the emulator's own service principal, which has every right at Resource Manager."""
    return azure.credential


def code(refused: pytest.ExceptionInfo[HttpResponseError]) -> tuple[int | None, str]:
    return refused.value.status_code, response_of(refused.value).headers["x-ms-error-code"]


def test_the_sdk_inside_a_site_uses_blobs_with_its_identity_and_a_data_role(
    azure: Azure, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, identity = running_site(azure, place.group), made_identity(azure, place.group)
    attach(azure, place.group, site, identity)
    wait_until(lambda: variable(site, "IDENTITY_ENDPOINT") != "")
    for name in VARIABLES:
        monkeypatch.setenv(name, variable(site, name))
    give_role(azure, BLOB_CONTRIBUTOR, place.account.id, identity.principal_id)
    place.without_keys()
    credential = ManagedIdentityCredential(client_id=identity.client_id)
    with BlobServiceClient(place.endpoint, credential=credential, retry_total=0) as service:
        container = service.get_container_client("mlflow")
        content = os.urandom(9 * 1024 * 1024)
        container.upload_blob("folder/a b", content, max_concurrency=2)
        assert container.download_blob("folder/a b").readall() == content
        assert [each.name for each in container.list_blobs("folder/")] == ["folder/a b"]
        container.delete_blob("folder/a b")
        assert [each.name for each in service.list_containers()] == ["mlflow"]


def test_a_reader_reads_and_does_no_more(azure: Azure, place: Place, own: Any) -> None:
    place.client(place.by_key).get_container_client("mlflow").upload_blob("a", b"content")
    scope = f"{place.account.id}/blobServices/default/containers/mlflow"
    give_role(azure, BLOB_READER, scope, azure_principal(azure))
    container = place.client(own).get_container_client("mlflow")
    assert container.download_blob("a").readall() == b"content"
    for forbidden in (lambda: container.upload_blob("b", b""), lambda: container.delete_blob("a")):
        with pytest.raises(HttpResponseError) as refused:
            forbidden()
        assert code(refused) == (403, "AuthorizationPermissionMismatch")
    azure.storage.blob_containers.create(place.group, place.account.name, "other", {})
    with pytest.raises(HttpResponseError) as elsewhere:
        place.client(own).get_blob_client("other", "a").download_blob()
    assert code(elsewhere) == (403, "AuthorizationPermissionMismatch")


def test_a_role_at_the_group_counts_for_its_accounts(azure: Azure, place: Place, own: Any) -> None:
    group = azure.resources.resource_groups.get(place.group)
    container = place.client(own).get_container_client("mlflow")
    with pytest.raises(HttpResponseError) as refused:  # who owns everything may not read data for that
        container.upload_blob("a", b"content")
    assert code(refused) == (403, "AuthorizationPermissionMismatch")
    give_role(azure, BLOB_CONTRIBUTOR, group.id, azure_principal(azure))
    container.upload_blob("a", b"content")


def test_a_role_that_was_just_assigned_does_not_count_for_blobs_yet(azure: Azure, place: Place, own: Any) -> None:
    azure.control("PUT", "quirks", {"role_lag": 2})
    give_role(azure, BLOB_CONTRIBUTOR, place.account.id, azure_principal(azure))
    blob = place.client(own).get_blob_client("mlflow", "a")
    for _ in range(2):
        with pytest.raises(HttpResponseError) as refused:
            blob.upload_blob(b"content")
        assert code(refused) == (403, "AuthorizationPermissionMismatch")
    blob.upload_blob(b"content")


def test_a_token_for_another_service_an_expired_one_and_one_over_http_are_refused(
    azure: Azure, place: Place, own: Any
) -> None:
    give_role(azure, BLOB_READER, place.account.id, azure_principal(azure))
    foreign = own.get_token(f"{azure.endpoint['resource_manager']}/.default").token
    azure.control("PUT", "tokens", {"lifetime": -1})
    expired = token(azure)
    azure.control("PUT", "tokens", {"lifetime": 3599})
    answers = [list_containers(place.endpoint, each, azure) for each in (foreign, expired, token(azure))]
    assert [each.status_code for each in answers] == [401, 401, 200]
    assert answers[0].headers["x-ms-error-code"] == "InvalidAuthenticationInfo"
    assert "resource_id=https://storage.azure.com" in answers[0].headers["WWW-Authenticate"]
    plain = list_containers(place.account.primary_endpoints.blob, token(azure), azure)
    assert (plain.status_code, plain.headers["x-ms-error-code"]) == (403, "AuthenticationFailed")


def test_an_account_without_keys_takes_none_and_no_signature_made_with_one(place: Place) -> None:
    place.client(place.by_key).get_container_client("mlflow").upload_blob("a", b"content")
    place.without_keys()
    later = datetime.now(UTC) + timedelta(hours=1)
    everything = ResourceTypes(service=True, container=True, object=True)
    signature = generate_account_sas(
        place.account.name, place.key, everything, AccountSasPermissions(read=True), later
    )  # fmt: skip
    for credential in (place.by_key, signature):
        with pytest.raises((HttpResponseError, ClientAuthenticationError)) as refused:
            place.client(credential).get_blob_client("mlflow", "a").download_blob()
        assert code(refused) == (403, "KeyBasedAuthenticationNotPermitted")
    place.azure.storage.blob_containers.create(place.group, place.account.name, "another", {})


def test_a_user_delegation_signature_lets_its_bearer_do_what_it_says(azure: Azure, place: Place, own: Any) -> None:
    give_role(azure, BLOB_CONTRIBUTOR, place.account.id, azure_principal(azure))
    place.without_keys()
    service = place.client(own)
    service.get_container_client("mlflow").upload_blob("folder/a b", b"content")
    now = datetime.now(UTC)
    key = service.get_user_delegation_key(now - timedelta(minutes=5), now + timedelta(hours=1))
    assert key.signed_oid == azure_principal(azure)
    names: dict[str, Any] = {"account_name": place.account.name, "container_name": "mlflow"}
    made: dict[str, Any] = {"user_delegation_key": key, "expiry": now + timedelta(minutes=30)}
    reading = generate_blob_sas(**names, blob_name="folder/a b", permission=BlobSasPermissions(read=True), **made)
    assert blob(place, reading, "folder/a b").download_blob().readall() == b"content"
    with pytest.raises(HttpResponseError) as writing:
        blob(place, reading, "folder/a b").upload_blob(b"other", overwrite=True)
    assert code(writing) == (403, "AuthorizationPermissionMismatch")
    with pytest.raises(HttpResponseError) as elsewhere:
        blob(place, reading, "another").download_blob()
    assert code(elsewhere) == (403, "AuthenticationFailed")
    creating = generate_container_sas(**names, permission=ContainerSasPermissions(create=True, write=True), **made)
    blob(place, creating, "b").upload_blob(b"content")


def test_a_user_delegation_signature_ends_with_the_role_of_who_made_it(azure: Azure, place: Place, own: Any) -> None:
    service, now = place.client(own), datetime.now(UTC)
    key = service.get_user_delegation_key(now - timedelta(minutes=5), now + timedelta(hours=1))
    signature = generate_blob_sas(
        place.account.name, "mlflow", "a", user_delegation_key=key, permission="r", expiry=now + timedelta(hours=1)
    )
    with pytest.raises(HttpResponseError) as refused:
        blob(place, signature, "a").download_blob()
    assert code(refused) == (403, "AuthorizationPermissionMismatch")


def blob(place: Place, signature: str, name: str) -> BlobClient:
    return place.client(signature).get_blob_client("mlflow", name)


def azure_principal(azure: Azure) -> str:
    """Object id of the emulator's own service principal."""
    found = ask(azure, "GET", "/servicePrincipals", **{"$filter": f"appId eq '{azure.endpoint['client_id']}'"})
    return str(found.json()["value"][0]["id"])


def token(azure: Azure) -> str:
    """A fresh token of that principal for blob storage."""
    found = azure.endpoint
    form = {
        "grant_type": "client_credentials",
        "client_id": found["client_id"],
        "client_secret": found["client_secret"],
        "scope": "https://storage.azure.com/.default",
    }
    url = f"{found['authority']}/{found['tenant_id']}/oauth2/v2.0/token"
    return str(requests.post(url, data=form, verify=found["ca_file"], timeout=60).json()["access_token"])


def list_containers(endpoint: str, bearer: str, azure: Azure) -> requests.Response:
    headers = {"Authorization": f"Bearer {bearer}", "x-ms-version": "2023-11-03"}
    return requests.get(f"{endpoint}?comp=list", headers=headers, verify=azure.endpoint["ca_file"], timeout=60)
