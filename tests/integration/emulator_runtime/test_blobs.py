"""Storage accounts' blob endpoints, used by the current Azure SDK."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.storage.blob import AccountSasPermissions, BlobServiceClient, ResourceTypes, generate_account_sas

from tests.support.runtime_support import Emulated, account_keys, free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow_azure.emulator.runtime import TlsMaterial

NAME = "folder/a b ü [x]'+%25.bin"


@pytest.fixture
def keys() -> tuple[str, str]:
    return account_keys()


@pytest.fixture
def endpoint(emulated: Emulated, keys: tuple[str, str]) -> str:
    return emulated.call(emulated.runtime.blobs.ensure("account1", keys, free_ports(1)[0]))


@pytest.fixture
def service(endpoint: str, keys: tuple[str, str]) -> Iterator[BlobServiceClient]:
    with _service(endpoint, keys[0]) as client:
        yield client


def _service(endpoint: str, key: str) -> BlobServiceClient:
    connection = f"DefaultEndpointsProtocol=http;AccountName=account1;AccountKey={key};BlobEndpoint={endpoint}"
    return BlobServiceClient.from_connection_string(connection, retry_total=0)


def test_a_large_blob_comes_back_as_it_was_uploaded(service: BlobServiceClient) -> None:
    container = service.create_container("mlflow")
    content = os.urandom(40 * 1024 * 1024)
    container.upload_blob(NAME, content)
    assert container.download_blob(NAME).readall() == content
    assert [blob.name for blob in container.list_blobs(name_starts_with="folder/")] == [NAME]


def test_a_shared_access_signature_lets_its_bearer_read(
    service: BlobServiceClient, endpoint: str, keys: tuple[str, str]
) -> None:
    service.create_container("mlflow").upload_blob(NAME, b"content")
    signature = generate_account_sas(
        "account1", keys[0], ResourceTypes(object=True), AccountSasPermissions(read=True),
        datetime.now(UTC) + timedelta(hours=1),
    )  # fmt: skip
    with BlobServiceClient(endpoint, credential=signature, retry_total=0) as reader:
        assert reader.get_blob_client("mlflow", NAME).download_blob().readall() == b"content"


def test_the_endpoint_speaks_http_and_https_and_waits_for_no_client_that_says_nothing(
    service: BlobServiceClient, endpoint: str, keys: tuple[str, str], tls: TlsMaterial
) -> None:
    address = ("127.0.0.1", int(endpoint.rstrip("/").rpartition(":")[2]))
    with socket.create_connection(address), socket.create_connection(address) as gone:
        gone.close()
        service.create_container("mlflow").upload_blob("a", b"content")
        credential = {"account_name": "account1", "account_key": keys[0]}
        secure = endpoint.replace("http://", "https://")
        with BlobServiceClient(
            secure, credential=credential, retry_total=0, connection_verify=str(tls.ca_file)
        ) as client:
            assert client.get_blob_client("mlflow", "a").download_blob().readall() == b"content"


def test_containers_made_by_resource_manager_are_there_and_made_once(
    emulated: Emulated, service: BlobServiceClient
) -> None:
    blobs = emulated.runtime.blobs
    emulated.call(blobs.create_container("account1", "mlflow"))
    service.get_container_client("mlflow").upload_blob("a", b"content")
    emulated.call(blobs.create_container("account1", "mlflow"))
    assert [container.name for container in service.list_containers()] == ["mlflow"]
    assert service.get_blob_client("mlflow", "a").exists()
    emulated.call(blobs.delete_container("account1", "mlflow"))
    emulated.call(blobs.delete_container("account1", "mlflow"))
    assert list(service.list_containers()) == []


def test_a_regenerated_key_takes_the_place_of_the_old_one_and_the_blobs_stay(
    emulated: Emulated, service: BlobServiceClient, endpoint: str, keys: tuple[str, str]
) -> None:
    service.create_container("mlflow").upload_blob("a", b"content")
    renewed = account_keys()[0]
    port = int(endpoint.rstrip("/").rpartition(":")[2])
    assert emulated.call(emulated.runtime.blobs.ensure("account1", (renewed, keys[1]), port)) == endpoint
    with pytest.raises(HttpResponseError, match="failed to authenticate"):
        service.get_blob_client("mlflow", "a").download_blob()
    for key in (renewed, keys[1]):
        with _service(endpoint, key) as client:
            assert client.get_blob_client("mlflow", "a").download_blob().readall() == b"content"


def test_blobs_outlive_the_service_and_go_with_the_account(
    emulated: Emulated, service: BlobServiceClient, endpoint: str, keys: tuple[str, str]
) -> None:
    service.create_container("mlflow").upload_blob("a", b"content")
    port = int(endpoint.rstrip("/").rpartition(":")[2])
    emulated.call(emulated.runtime.blobs.stop())
    emulated.call(emulated.runtime.blobs.ensure("account1", keys, port))
    assert service.get_blob_client("mlflow", "a").download_blob().readall() == b"content"
    emulated.call(emulated.runtime.blobs.remove("account1"))
    emulated.call(emulated.runtime.blobs.ensure("account1", keys, port))
    with pytest.raises(ResourceNotFoundError):
        service.get_blob_client("mlflow", "a").download_blob()
