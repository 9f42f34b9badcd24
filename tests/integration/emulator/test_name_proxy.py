"""The proxy, with which names of accounts are enough: `https://NAME.blob.core.localhost`, on port 443."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
from azure.storage.blob import BlobServiceClient
from azure.storage.fileshare import ShareServiceClient

if TYPE_CHECKING:
    from tests.support.emulated import Azure


def client_of(azure: Azure, kind: Any, service: str) -> Any:
    """A client as `az storage` makes it: of an account's name, its key, and what the cloud calls its storage."""
    group = azure.group()
    account = azure.account(group)
    found = azure.endpoint
    suffix = requests.get(f"{found['resource_manager']}/metadata/endpoints", verify=found["ca_file"], timeout=60)
    key = azure.storage.storage_accounts.list_keys(group, account.name).keys_property[0].value
    return kind(
        f"https://{account.name}.{service}.{suffix.json()['suffixes']['storage']}",
        {"account_name": account.name, "account_key": key},
        connection_verify=found["ca_file"],
        proxies={"https": found["proxy"]},
        retry_total=0,
    )


def test_blobs_are_reached_by_the_name_of_their_account(azure: Azure) -> None:
    blobs = client_of(azure, BlobServiceClient, "blob")
    blobs.create_container("made").upload_blob("a", b"content")
    assert blobs.get_blob_client("made", "a").download_blob().readall() == b"content"


def test_shares_are_reached_by_the_name_of_their_account(azure: Azure) -> None:
    files = client_of(azure, ShareServiceClient, "file")
    files.create_share("made")
    assert [each.name for each in files.list_shares()] == ["made"]


def test_resource_manager_is_reached_through_the_proxy_too(azure: Azure) -> None:
    found = azure.endpoint
    url, proxies = f"{found['resource_manager']}/metadata/endpoints", {"https": found["proxy"]}
    assert requests.get(url, verify=found["ca_file"], proxies=proxies, timeout=60).ok


@pytest.mark.parametrize("url", ["https://management.azure.com", "https://none.blob.core.localhost"])
def test_the_proxy_leads_nowhere_else(azure: Azure, url: str) -> None:
    with pytest.raises(requests.exceptions.ProxyError, match="403 Forbidden"):
        requests.get(url, proxies={"https": azure.endpoint["proxy"]}, timeout=60)
