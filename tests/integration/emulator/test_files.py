"""Azure Files over its REST API, with the unmodified SDK."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.storage.fileshare import ShareServiceClient

from tests.support.emulated import response_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.emulated import Azure

SHARE = "data"


def service(azure: Azure, account: Any, group: str, key: str | None = None) -> ShareServiceClient:
    key = key or azure.storage.storage_accounts.list_keys(group, account.name).keys_property[0].value
    return ShareServiceClient(
        account.primary_endpoints.file,
        {"account_name": account.name, "account_key": key},
        connection_verify=azure.endpoint["ca_file"],
        retry_total=0,
    )


def code(error: HttpResponseError) -> str:
    return str(response_of(error).headers["x-ms-error-code"])


@pytest.fixture
def found(azure: Azure) -> tuple[ShareServiceClient, Any, str]:
    group = azure.group()
    account = azure.account(group)
    azure.storage.file_shares.create(group, account.name, SHARE, {"properties": {"shareQuota": 3}})
    return service(azure, account, group), account, group


@pytest.fixture
def files(found: tuple[ShareServiceClient, Any, str]) -> ShareServiceClient:
    return found[0]


def test_files_and_directories_are_written_listed_read_and_deleted(files: ShareServiceClient) -> None:
    share = files.get_share_client(SHARE)
    folder = share.create_directory("runs ü")
    content = os.urandom(9 * 1024 * 1024 + 5)
    folder.upload_file("big & (bin)", content, max_concurrency=3)
    folder.upload_file("empty", b"")
    folder.create_subdirectory("deep")
    listed = list(folder.list_directories_and_files(include=["etag", "timestamps"]))
    assert [(each.name, each.is_directory) for each in listed] == [
        ("deep", True),
        ("big & (bin)", False),
        ("empty", False),
    ]
    big = folder.get_file_client("big & (bin)")
    assert (listed[1]["size"], listed[1].etag) == (len(content), big.get_file_properties().etag)
    assert big.download_file(max_concurrency=2).readall() == content
    assert big.download_file(offset=7, length=5).readall() == content[7:12]
    assert folder.get_file_client("empty").download_file().readall() == b""
    big.clear_range(0, 512)
    assert big.download_file(offset=0, length=513).readall() == bytes(512) + content[512:513]

    with pytest.raises(HttpResponseError) as refused:
        folder.delete_directory()
    assert code(refused.value) == "DirectoryNotEmpty"
    folder.delete_file("empty")
    folder.delete_file("big & (bin)")
    folder.delete_subdirectory("deep")
    folder.delete_directory()
    assert list(share.list_directories_and_files()) == []


def test_requests_fail_as_they_are_told_to(azure: Azure, files: ShareServiceClient) -> None:
    folder = files.get_share_client(SHARE).create_directory("fails")
    for fault in ({"status": 500, "code": "InternalError"}, {"kind": "cut-before"}, {"kind": "cut-after"}):
        azure.control("POST", "faults", {"method": "PUT", "path": "/fails/file$", **fault})
    with pytest.raises(HttpResponseError) as refused:
        folder.upload_file("file", b"")
    assert (refused.value.status_code, code(refused.value)) == (500, "InternalError")
    for there in ([], ["file"]):
        with pytest.raises((ServiceRequestError, ServiceResponseError)):
            folder.upload_file("file", b"")
        assert [each["name"] for each in folder.list_directories_and_files()] == there


def test_a_listing_comes_in_pages(files: ShareServiceClient) -> None:
    folder = files.get_share_client(SHARE).create_directory("pages")
    for number in range(5):
        folder.upload_file(f"f{number}", b"x")
    pages = folder.list_directories_and_files(results_per_page=2).by_page()
    assert [[each.name for each in page] for page in pages] == [["f0", "f1"], ["f2", "f3"], ["f4"]]


def test_there_are_no_handles_of_what_is_there(files: ShareServiceClient) -> None:
    share = files.get_share_client(SHARE)
    share.create_directory("of_handles")
    share.get_file_client("of_handles/file").upload_file(b"x")
    for place in (share.get_directory_client("of_handles"), share.get_file_client("of_handles/file")):
        assert list(place.list_handles()) == []
    with pytest.raises(HttpResponseError) as refused:
        list(share.get_file_client("of_handles/none").list_handles())
    assert refused.value.status_code == 404


def test_what_cannot_be_done_is_refused_with_azures_code(files: ShareServiceClient) -> None:
    share = files.get_share_client(SHARE)
    share.create_directory("there")
    with pytest.raises(ResourceExistsError) as exists:
        share.create_directory("there")
    with pytest.raises(ResourceNotFoundError) as no_parent:
        share.create_directory("not/there")
    with pytest.raises(ResourceNotFoundError) as missing:
        share.get_file_client("there/gone").get_file_properties()
    with pytest.raises(HttpResponseError) as dots:
        share.get_directory_client("../../out").create_directory()
    with pytest.raises(ResourceNotFoundError) as no_share:
        files.get_share_client("other").create_directory("any")
    file = share.get_file_client("there/small")
    file.create_file(3)
    with pytest.raises(HttpResponseError) as beyond:
        file.upload_range(b"1234", 0, 4)
    assert [code(each.value) for each in (exists, no_parent, missing, dots, no_share, beyond)] == [
        "ResourceAlreadyExists", "ParentNotFound", "ResourceNotFound", "InvalidResourceName", "ShareNotFound",
        "InvalidRange",
    ]  # fmt: skip


def test_a_snapshot_keeps_what_the_share_was_until_it_is_deleted(files: ShareServiceClient) -> None:
    share = files.get_share_client(SHARE)
    file = share.get_file_client("metric")
    file.upload_file(b"1")
    etag = file.get_file_properties().etag
    taken = share.create_snapshot(metadata={"by": "test"})["snapshot"]
    file.upload_file(b"12")
    share.create_directory("later")

    then = files.get_share_client(SHARE, snapshot=taken)
    listed = {each.name: each for each in then.list_directories_and_files(include=["etag"])}
    assert "later" not in listed
    assert (listed["metric"]["size"], listed["metric"].etag) == (1, etag)
    assert then.get_file_client("metric").download_file().readall() == b"1"
    with pytest.raises(HttpResponseError):
        then.get_file_client("metric").upload_file(b"changed")
    kept = [each for each in files.list_shares(include_snapshots=True, include_metadata=True) if each.snapshot]
    assert [(each.name, each.snapshot, each.metadata, each.quota) for each in kept] == [
        (SHARE, taken, {"by": "test"}, 3)
    ]

    then.delete_share()
    assert [each for each in files.list_shares(include_snapshots=True) if each.snapshot] == []
    assert file.download_file().readall() == b"12"


def test_a_wrong_key_opens_nothing_and_either_key_of_the_account_does(
    azure: Azure, found: tuple[ShareServiceClient, Any, str]
) -> None:
    _, account, group = found
    keys = azure.storage.storage_accounts.list_keys(group, account.name).keys_property
    assert list(service(azure, account, group, keys[1].value).list_shares())
    before = service(azure, account, group)
    azure.storage.storage_accounts.regenerate_key(group, account.name, {"keyName": "key2"})
    for wrong in (keys[1].value, keys[0].value[:-4] + "AA=="):
        with pytest.raises(HttpResponseError) as refused:
            list(service(azure, account, group, wrong).list_shares())
        assert (refused.value.status_code, code(refused.value)) == (403, "AuthenticationFailed")
    assert list(before.list_shares())


def test_a_web_app_mounts_what_the_endpoint_serves(
    azure: Azure, found: tuple[ShareServiceClient, Any, str], files: ShareServiceClient
) -> None:
    directory: Path = azure.home.root / "shares" / found[1].name / SHARE
    (directory / "by-smb").write_text("mounted")
    assert files.get_share_client(SHARE).get_file_client("by-smb").download_file().readall() == b"mounted"


def test_a_share_can_be_made_and_deleted_at_the_file_endpoint_and_is_a_resource_all_the_same(azure: Azure) -> None:
    group = azure.group()
    account = azure.account(group)
    files = service(azure, account, group)
    share = files.create_share("made", quota=7)
    assert azure.storage.file_shares.get(group, account.name, "made").share_quota == 7
    with pytest.raises(ResourceExistsError):
        share.create_share()
    share.set_share_quota(8)
    share.get_directory_client().upload_file("ten", bytes(10))
    assert share.get_share_stats() == 10
    assert [each.share_quota for each in azure.storage.file_shares.list(group, account.name)] == [8]
    share.create_snapshot()
    with pytest.raises(ResourceExistsError) as refused:
        share.delete_share()
    assert code(refused.value) == "ShareHasSnapshots"
    share.delete_share(delete_snapshots=True)
    assert list(azure.storage.file_shares.list(group, account.name)) == []
