from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobServiceClient

from mlflow_azure.azure.clouds import PUBLIC
from mlflow_azure.azure.shared_key import is_refused
from mlflow_azure.emulator.runtime.listener import free_port
from mlflow_azure.secret import Secret
from tests.support.emulated import Azure, error_code
from tests.support.waiting import wait_until

PLACEHOLDER = "DOCKER|mcr.microsoft.com/appsvc/staticsite:latest"


def test_a_new_account_is_answered_with_202_and_found_by_polling(azure: Azure) -> None:
    group = azure.group()
    azure.control("DELETE", "requests")
    account = azure.account(group)
    asked = [(each["method"], each["status"]) for each in azure.control("GET", "requests")]
    assert asked == [("PUT", 202), ("GET", 200)]
    assert account.provisioning_state == "Succeeded"
    assert account.primary_endpoints.blob.startswith("http://127.0.0.1:")


def test_an_operation_that_takes_several_polls_is_creating_until_its_end(azure: Azure) -> None:
    group = azure.group()
    azure.control("PUT", "latency", {"profile": "none", "reads": 2})
    azure.control("DELETE", "requests")
    azure.account(group)
    asked = [(each["method"], each["status"]) for each in azure.control("GET", "requests")]
    assert asked == [("PUT", 202), ("GET", 202), ("GET", 202), ("GET", 200)]


def test_a_put_of_an_existing_account_answers_200_at_once(azure: Azure) -> None:
    group = azure.group()
    account = azure.account(group)
    azure.control("DELETE", "requests")
    azure.account(group, account.name)
    assert [(each["method"], each["status"]) for each in azure.control("GET", "requests")] == [("PUT", 200)]


def test_keys_are_two_and_stay_until_one_is_regenerated(azure: Azure) -> None:
    group = azure.group()
    account = azure.account(group)
    first = [key.value for key in azure.storage.storage_accounts.list_keys(group, account.name).keys_property]
    azure.account(group, account.name)
    second = [key.value for key in azure.storage.storage_accounts.list_keys(group, account.name).keys_property]
    third = azure.storage.storage_accounts.regenerate_key(group, account.name, {"keyName": "key1"}).keys_property
    assert first == second
    assert third[0].value != first[0]
    assert third[1].value == first[1]


def test_an_account_says_which_key_is_not_its_own_and_silence_says_nothing(azure: Azure) -> None:
    group = azure.group()
    account = azure.account(group)
    old = azure.storage.storage_accounts.list_keys(group, account.name).keys_property[0].value
    new = azure.storage.storage_accounts.regenerate_key(group, account.name, {"keyName": "key1"}).keys_property[0].value
    cloud, blobs = replace(PUBLIC, ca_file=azure.endpoint["ca_file"]), account.primary_endpoints.blob
    assert is_refused(cloud, account.name, Secret(old), blobs)
    assert not is_refused(cloud, account.name, Secret(new), blobs)
    assert not is_refused(cloud, account.name, Secret(old), f"http://127.0.0.1:{free_port()}/")


def test_a_key_that_was_regenerated_opens_no_blobs_and_a_site_that_mounts_with_it_stops(azure: Azure) -> None:
    group = azure.group()
    account, site = azure.account(group), azure.site(group)
    azure.storage.file_shares.create(group, account.name, "share", {})
    old = azure.storage.storage_accounts.list_keys(group, account.name).keys_property[0].value
    mount = {"type": "AzureFiles", "accountName": account.name, "shareName": "share", "mountPath": "/m"}
    azure.web.web_apps.update_azure_storage_accounts(
        group, site.name, {"properties": {"m": {**mount, "accessKey": old}}}
    )

    listed = azure.storage.storage_accounts.regenerate_key(group, account.name, {"keyName": "key1"}).keys_property
    credential = {"account_name": account.name, "account_key": old}
    client = BlobServiceClient(account.primary_endpoints.blob, credential, retry_total=0)
    with client, pytest.raises(HttpResponseError) as refused:
        list(client.list_containers())
    assert refused.value.status_code == 403
    assert (
        azure.web.web_apps.list_azure_storage_accounts(group, site.name).properties["m"].state == "InvalidCredentials"
    )
    azure.web.web_apps.update_configuration(group, site.name, {"properties": {"linuxFxVersion": PLACEHOLDER}})
    assert state_of(azure, site.name, "Failed")

    mounts = {"m": {**mount, "accessKey": listed[0].value}}
    azure.web.web_apps.update_azure_storage_accounts(group, site.name, {"properties": mounts})
    assert state_of(azure, site.name, "Running")


def state_of(azure: Azure, site: str, wanted: str) -> bool:
    """Wait until a site is in this state."""
    wait_until(lambda: {"name": site, "state": wanted}.items() <= _site(azure, site).items())
    return True


def _site(azure: Azure, name: str) -> dict[str, Any]:
    return next(each for each in azure.control("GET", "status")["sites"] if each["name"] == name)


@pytest.mark.parametrize(("name", "reason"), [("Not-Valid", "AccountNameInvalid"), ("takenbyothers", "AlreadyExists")])
def test_a_name_that_cannot_be_had_is_told_before_and_refused_after(azure: Azure, name: str, reason: str) -> None:
    azure.control("PUT", "names", {"storage": ["takenbyothers"]})
    answer = azure.storage.storage_accounts.check_name_availability(
        {"name": name, "type": "Microsoft.Storage/storageAccounts"}
    )
    assert (answer.name_available, answer.reason) == (False, reason)
    with pytest.raises(HttpResponseError) as refused:
        azure.account(azure.group(), name)
    expected = {"AlreadyExists": "StorageAccountAlreadyTaken"}.get(reason, reason)
    assert error_code(refused.value) == expected


def test_containers_and_shares_are_created_once_and_then_updated(azure: Azure) -> None:
    group = azure.group()
    account = azure.account(group)
    azure.control("DELETE", "requests")
    for _ in range(2):
        azure.storage.blob_containers.create(group, account.name, "mlflow", {})
        azure.storage.file_shares.create(group, account.name, "mlflow", {"properties": {"shareQuota": 2}})
    assert [each["status"] for each in azure.control("GET", "requests")] == [201, 201, 200, 200]
    share = azure.storage.file_shares.get(group, account.name, "mlflow")
    assert (share.share_quota, share.access_tier) == (2, None)
    (listed,) = azure.storage.file_shares.list(group, account.name)
    assert listed.access_tier == "TransactionOptimized"
    assert [each.name for each in azure.storage.blob_containers.list(group, account.name)] == ["mlflow"]
    cool = azure.storage.file_shares.update(group, account.name, "mlflow", {"properties": {"accessTier": "Cool"}})
    assert cool.access_tier == azure.storage.file_shares.get(group, account.name, "mlflow").access_tier == "Cool"


def test_an_old_account_gets_a_tier_with_its_new_kind(azure: Azure) -> None:
    group = azure.group()
    wanted = {"location": "westeurope", "sku": {"name": "Standard_LRS"}, "kind": "Storage"}
    old = azure.storage.storage_accounts.begin_create(group, f"st{uuid.uuid4().hex[:10]}", wanted).result()
    assert old.access_tier is None
    assert azure.storage.storage_accounts.update(group, old.name, {"kind": "StorageV2"}).access_tier == "Hot"


def test_a_leased_container_is_leased_to_nobody_else_and_not_deleted(azure: Azure) -> None:
    group = azure.group()
    where = (group, azure.account(group).name, "mlflow")
    containers = azure.storage.blob_containers
    containers.create(*where, {})
    acquire = {"action": "Acquire", "leaseDuration": 60}
    lease = containers.lease(*where, acquire).lease_id
    assert (containers.get(*where).lease_state, containers.get(*where).lease_duration) == ("Leased", "Fixed")
    assert containers.lease(*where, {**acquire, "proposedLeaseId": lease}).lease_id == lease
    mismatch = "LeaseIdMismatchWithContainerOperation"
    for code, asked in (("LeaseAlreadyPresent", acquire), (mismatch, {"action": "Renew", "leaseId": "0" * 32})):
        with pytest.raises(HttpResponseError) as told:
            containers.lease(*where, asked)
        assert error_code(told.value) == code
    with pytest.raises(HttpResponseError) as told:
        containers.delete(*where)
    assert error_code(told.value) == "LeaseIdMissing"
    assert containers.lease(*where, {"action": "Renew", "leaseId": lease}).lease_id == lease
    containers.lease(*where, {"action": "Release", "leaseId": lease})
    assert containers.get(*where).lease_state == "Available"
    with pytest.raises(HttpResponseError) as told:
        containers.lease(*where, {"action": "Release", "leaseId": lease})
    assert error_code(told.value) == "LeaseNotPresentWithContainerOperation"
    containers.lease(*where, {"action": "Acquire", "leaseDuration": -1})
    assert containers.get(*where).lease_duration == "Infinite"
    containers.lease(*where, {"action": "Break"})
    containers.delete(*where)


def test_a_share_tells_how_full_it_is_when_asked(azure: Azure) -> None:
    group = azure.group()
    account = azure.account(group)
    azure.storage.file_shares.create(group, account.name, "data", {})
    assert azure.storage.file_shares.get(group, account.name, "data").share_usage_bytes is None
    assert azure.storage.file_shares.get(group, account.name, "data", expand="stats").share_usage_bytes == 0


@pytest.mark.parametrize("quota", [0, 5121])
def test_a_share_quota_out_of_range_is_refused(azure: Azure, quota: int) -> None:
    group = azure.group()
    account = azure.account(group)
    with pytest.raises(HttpResponseError) as refused:
        azure.storage.file_shares.create(group, account.name, "data", {"properties": {"shareQuota": quota}})
    assert refused.value.status_code == 400


def test_a_container_in_a_missing_account_has_no_parent(azure: Azure) -> None:
    with pytest.raises(HttpResponseError) as refused:
        azure.storage.blob_containers.create(azure.group(), "stnone", "mlflow", {})
    assert error_code(refused.value) == "ParentResourceNotFound"


def test_an_account_in_a_missing_group_is_refused(azure: Azure) -> None:
    with pytest.raises(HttpResponseError) as refused:
        azure.account("rg-none")
    assert error_code(refused.value) == "ResourceGroupNotFound"


def test_a_missing_account_is_not_found_and_deleting_it_is_no_error(azure: Azure) -> None:
    group = azure.group()
    with pytest.raises(HttpResponseError) as refused:
        azure.storage.storage_accounts.get_properties(group, "stnone")
    assert error_code(refused.value) == "ResourceNotFound"
    azure.storage.storage_accounts.delete(group, "stnone")
