"""Answers that Azure was recorded to give, and that no fixture in `recorded` has."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import recordings

if TYPE_CHECKING:
    import requests

    from tests.support.emulated import Azure

SPACE = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
SUBNET = {"addressPrefix": "10.0.0.0/24", "serviceEndpoints": [{"service": "Microsoft.Storage"}]}


@pytest.fixture
def group(azure: Azure) -> str:
    """Path of a new group."""
    azure.resources.providers.register("Microsoft.Network")
    return f"/subscriptions/{azure.subscription}/resourceGroups/{azure.group()}"


def send(azure: Azure, method: str, path: str, body: Any = None) -> requests.Response:
    return recordings.send(azure, method, f"{path}?api-version=2024-03-01", body)


def test_a_new_identity_and_its_credential_say_where_they_are(azure: Azure, group: str) -> None:
    identity = f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/own"
    credential = f"{identity}/federatedIdentityCredentials/pipeline"
    trusted = {"issuer": "https://example.com", "subject": "a", "audiences": ["api://AzureADTokenExchange"]}
    for path, body in (identity, {"location": "westeurope"}), (credential, {"properties": trusted}):
        created = send(azure, "PUT", path, body)
        assert (created.status_code, created.headers["Location"]) == (201, path)
        updated = send(azure, "PUT", path, body)
        assert (updated.status_code, "Location" in updated.headers) == (200, False)
    missing = send(azure, "GET", f"{identity}/federatedIdentityCredentials/none")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "NotFound")


def test_a_private_dns_zone_and_its_link_are_accepted_before_they_are_described(azure: Azure, group: str) -> None:
    network = f"{group}/providers/Microsoft.Network/virtualNetworks/net"
    send(azure, "PUT", network, {"location": "westeurope", "properties": SPACE})
    zone = f"{group}/providers/Microsoft.Network/privateDnsZones/example.com"
    linked = {"registrationEnabled": True, "virtualNetwork": {"id": network}}
    for path, properties in (zone, {}), (f"{zone}/virtualNetworkLinks/link", linked):
        accepted = send(azure, "PUT", path, {"location": "global", "properties": properties})
        assert (accepted.status_code, accepted.json()) == (202, {})
        assert recordings.send(azure, "GET", accepted.headers["Azure-AsyncOperation"]).json() == {"status": "Succeeded"}
        described = send(azure, "GET", path).json()
        assert described["etag"]
        assert "tags" not in described
    counted = send(azure, "GET", zone).json()["properties"]
    assert (counted["numberOfVirtualNetworkLinks"], counted["numberOfVirtualNetworkLinksWithRegistration"]) == (1, 1)
    assert counted["maxNumberOfVirtualNetworkLinks"] == 1000


def test_a_network_says_of_what_it_changes_that_it_is_being_updated(azure: Azure, group: str) -> None:
    network = f"{group}/providers/Microsoft.Network/virtualNetworks/net"
    wanted = {"location": "westeurope", "properties": {**SPACE, "subnets": [{"name": "a", "properties": SUBNET}]}}
    created = send(azure, "PUT", network, wanted)
    subnet = created.json()["properties"]["subnets"][0]["properties"]
    assert (created.status_code, subnet["provisioningState"]) == (201, "Updating")
    assert subnet["serviceEndpoints"] == [
        {"provisioningState": "Updating", "service": "Microsoft.Storage", "locations": ["*"]}
    ]
    tagged = send(azure, "PUT", network, {**wanted, "tags": {"a": "b"}})
    states = [tagged.json()["properties"], tagged.json()["properties"]["subnets"][0]["properties"]]
    assert [tagged.status_code, *(each["provisioningState"] for each in states)] == [200, "Succeeded", "Succeeded"]


def test_a_subnet_is_made_with_201_and_deleted_with_202(azure: Azure, group: str) -> None:
    network = f"{group}/providers/Microsoft.Network/virtualNetworks/net"
    send(azure, "PUT", network, {"location": "westeurope", "properties": SPACE})
    subnet = f"{network}/subnets/b"
    answers = [send(azure, "PUT", subnet, {"properties": {"addressPrefix": "10.0.1.0/24"}}) for _ in range(2)]
    assert [each.status_code for each in answers] == [201, 200]
    assert [each.json()["properties"]["provisioningState"] for each in answers] == ["Updating", "Succeeded"]
    deleted = send(azure, "DELETE", subnet)
    assert (deleted.status_code, deleted.text) == (202, "")
    assert recordings.send(azure, "GET", deleted.headers["Location"]).status_code == 204
    assert send(azure, "GET", subnet).status_code == 404


def test_the_answer_to_a_put_of_a_site_does_not_show_everything(azure: Azure, group: str) -> None:
    site = azure.site(group.rpartition("/")[2])
    path = f"{group}/providers/Microsoft.Web/sites/{site.name}"
    written = send(azure, "PUT", path, {"location": "westeurope", "properties": {"httpsOnly": True}}).json()
    shown = written["properties"]
    assert (shown["httpsOnly"], shown["privateEndpointConnections"], shown["inFlightFeatures"]) == (True, None, None)
    assert shown["siteConfig"]["ipSecurityRestrictions"][0]["name"] == "Allow all"
    assert send(azure, "GET", path).json()["properties"]["privateEndpointConnections"] == []


def test_a_site_on_a_plan_that_is_not_there_is_refused_with_a_number(azure: Azure, group: str) -> None:
    plan = f"{group}/providers/Microsoft.Web/serverfarms/none"
    path = f"{group}/providers/Microsoft.Web/sites/site-without-plan"
    refused = send(azure, "PUT", path, {"location": "westeurope", "properties": {"serverFarmId": plan}})
    entity = refused.json()["Details"][2]["ErrorEntity"]
    assert (refused.status_code, entity["ExtendedCode"]) == (404, "51004")
    assert entity["Parameters"] == ["serverFarm", "none"]
    assert entity["MessageTemplate"].format(*entity["Parameters"]) == refused.json()["Message"]


def test_a_connected_site_lists_its_network(azure: Azure, group: str) -> None:
    delegation = {"name": "web", "properties": {"serviceName": "Microsoft.Web/serverFarms"}}
    subnet = {"name": "apps", "properties": {"addressPrefix": "10.0.2.0/24", "delegations": [delegation]}}
    network = f"{group}/providers/Microsoft.Network/virtualNetworks/net"
    wanted = {"location": "westeurope", "properties": {**SPACE, "subnets": [subnet]}}
    made = send(azure, "PUT", network, wanted).json()["properties"]
    site = azure.site(group.rpartition("/")[2], virtualNetworkSubnetId=f"{network}/subnets/apps")
    (found,) = send(azure, "GET", f"{site.id}/virtualNetworkConnections").json()
    assert found["name"] == f"{made['resourceGuid']}_apps"
    assert found["properties"]["vnetResourceId"] == f"{network}/subnets/apps"


def test_a_region_says_where_it_lies_and_which_one_it_is_paired_with(azure: Azure) -> None:
    regions = send(azure, "GET", f"/subscriptions/{azure.subscription}/locations").json()["value"]
    west = next(each for each in regions if each["name"] == "westeurope")
    assert west["regionalDisplayName"] == "(Europe) West Europe"
    assert [pair["name"] for pair in west["metadata"]["pairedRegion"]] == ["northeurope"]
    assert {each["metadata"]["regionCategory"] for each in regions} == {"Recommended", "Other"}


def test_storage_answers_what_was_asked_for_and_keeps_the_rest(azure: Azure, group: str) -> None:
    account = azure.account(group.rpartition("/")[2]).id
    policy = {"deleteRetentionPolicy": {"enabled": True, "days": 3}}
    blobs = f"{account}/blobServices/default"
    assert send(azure, "PUT", blobs, {"properties": policy}).json()["properties"] == policy
    kept = send(azure, "GET", blobs).json()["properties"]["deleteRetentionPolicy"]
    assert kept == {"allowPermanentDelete": False, "enabled": True, "days": 3}
    off = {"shareDeleteRetentionPolicy": {"enabled": False}}
    send(azure, "PUT", f"{account}/fileServices/default", {"properties": off})
    files = send(azure, "GET", f"{account}/fileServices/default").json()["properties"]
    assert files["shareDeleteRetentionPolicy"] == {"enabled": False, "days": 0}
    container, share = f"{account}/blobServices/default/containers/some", f"{account}/fileServices/default/shares/some"
    assert "properties" not in send(azure, "PUT", container, {}).json()
    tier = {"accessTier": "Hot"}
    assert send(azure, "PUT", share, {"properties": tier}).json()["properties"] == tier
    assert send(azure, "GET", share).json()["properties"]["signedIdentifiers"] == []
    (listed,) = send(azure, "GET", share.rpartition("/")[0]).json()["value"]
    assert (listed["properties"]["enabledProtocols"], "signedIdentifiers" in listed["properties"]) == ("SMB", False)


def test_kinds_of_identity_are_spelled_alike_in_lists(azure: Azure, group: str) -> None:
    registry = azure.registry(group.rpartition("/")[2])
    send(azure, "PATCH", registry.id, {"identity": {"type": "systemAssigned"}})
    assert send(azure, "GET", registry.id).json()["identity"]["type"] == "systemAssigned"
    (listed,) = send(azure, "GET", f"{group}/resources").json()["value"]
    assert listed["identity"]["type"] == "SystemAssigned"


def test_an_operation_of_private_dns_is_accepted_until_it_is_done(azure: Azure, group: str) -> None:
    azure.control("PUT", "latency", {"profile": "none", "reads": 1})
    zone = f"{group}/providers/Microsoft.Network/privateDnsZones/example.com"
    operation = send(azure, "PUT", zone, {"location": "global"}).headers["Azure-AsyncOperation"]
    running, done = [recordings.send(azure, "GET", operation) for _ in range(2)]
    assert (running.status_code, running.json()) == (202, {"status": "InProgress"})
    assert "/privateDnsOperationResults/" in running.headers["Location"]
    assert (done.status_code, done.json()) == (200, {"status": "Succeeded"})


def test_a_network_is_encrypted_where_it_is_said_what_is_let_through(azure: Azure, group: str) -> None:
    network = f"{group}/providers/Microsoft.Network/virtualNetworks/net"
    wanted = {"location": "westeurope", "properties": {**SPACE, "encryption": {"enabled": True}}}
    refused = send(azure, "PUT", network, wanted)
    code = refused.json()["error"]["code"]
    assert (refused.status_code, code) == (400, "MustSpecifyBothEncryptionIntentAndEnforcementPolicy")
    off = {"location": "westeurope", "properties": {**SPACE, "dhcpOptions": {}, "encryption": {"enabled": False}}}
    made = send(azure, "PUT", network, off).json()
    assert made["properties"]["encryption"] == {"enabled": False, "enforcement": "AllowUnencrypted"}
    assert made["properties"]["dhcpOptions"] == {"dnsServers": []}
    assert "tags" not in made


@pytest.mark.parametrize(
    ("size", "properties", "kind", "family", "mode"),
    [
        ("F1", {}, "app", "F", "Limited"),
        ("P1v3", {"hyperV": True}, "windows", "Pv3", None),
        ("EP2", {"maximumElasticWorkerCount": 12}, "elastic", "EP", None),
    ],
)
def test_a_plan_is_called_by_what_runs_on_it(
    size: str, properties: dict[str, Any], kind: str, family: str, mode: str | None, azure: Azure, group: str
) -> None:
    path = f"{group}/providers/Microsoft.Web/serverfarms/plan"
    wanted = {"location": "westeurope", "sku": {"name": size}, "properties": properties}
    created, updated = [send(azure, "PUT", path, wanted).json() for _ in range(2)]
    assert (created["kind"], created["sku"]["family"], created["properties"]["siteMode"]) == (kind, family, mode)
    assert created["properties"]["elasticScaleEnabled"] == (kind == "elastic")
    known = [each["properties"]["vnetConnectionsMax"] for each in (created, updated)]
    assert known == [None, 2]  # not known yet of a new plan


def test_a_plan_across_zones_needs_a_region_that_has_some(azure: Azure, group: str) -> None:
    wanted = {"location": "westus", "sku": {"name": "P1v3"}, "properties": {"zoneRedundant": True}}
    refused = send(azure, "PUT", f"{group}/providers/Microsoft.Web/serverfarms/plan", wanted)
    assert (refused.status_code, refused.json()["Details"][2]["ErrorEntity"]["ExtendedCode"]) == (400, "59911")


def test_a_site_tells_its_plan_its_routes_and_whether_it_is_stopped_or_not_enabled(azure: Azure, group: str) -> None:
    plan = azure.plan(group.rpartition("/")[2])
    site = azure.site(group.rpartition("/")[2], plan)
    named = send(azure, "PUT", site.id, {"location": "westeurope", "properties": {"serverFarmId": plan.name}}).json()
    assert named["properties"]["serverFarmId"] == plan.id
    routed = {"properties": {"outboundVnetRouting": {"imagePullTraffic": True}}}
    answer = recordings.send(azure, "PATCH", f"{site.id}?api-version=2025-05-01", routed).json()["properties"]
    assert answer["outboundVnetRouting"] == {
        **dict.fromkeys(("allTraffic", "applicationTraffic", "backupRestoreTraffic", "contentShareTraffic"), False),
        "imagePullTraffic": True,
        "managedIdentityTraffic": False,
    }
    send(azure, "POST", f"{site.id}/stop")
    stopped = send(azure, "GET", site.id).json()["properties"]
    assert (stopped["state"], stopped["enabled"]) == ("Stopped", True)
    assert (stopped["vnetImagePullEnabled"], "outboundVnetRouting" in stopped) == (True, False)
    send(azure, "POST", f"{site.id}/start")
    assert send(azure, "GET", site.id).json()["properties"]["state"] == "Running"
    disabled = send(azure, "PATCH", site.id, {"properties": {"enabled": False}}).json()["properties"]
    assert (disabled["state"], disabled["enabled"]) == ("Disabled", False)


def test_what_is_logged_and_who_is_let_in_is_told_in_the_configuration(azure: Azure, group: str) -> None:
    site = azure.site(group.rpartition("/")[2])
    files = {"enabled": True, "retentionInMb": 50, "retentionInDays": 3}
    wanted = {"httpLogs": {"fileSystem": files}, "failedRequestsTracing": {"enabled": True}}
    logs = send(azure, "PUT", f"{site.id}/config/logs", {"properties": wanted}).json()["properties"]
    assert logs["httpLogs"]["azureBlobStorage"] == {"sasUrl": None, "retentionInDays": 3, "enabled": False}
    told = send(azure, "GET", f"{site.id}/config/web").json()["properties"]
    assert (told["httpLoggingEnabled"], told["logsDirectorySizeLimit"]) == (True, 50)
    assert told["requestTracingExpirationTime"] == "9999-12-31T23:59:00Z"
    closed = {"ipSecurityRestrictionsDefaultAction": "Deny", "cors": {"allowedOrigins": ["https://example.com"]}}
    answer = send(azure, "PUT", f"{site.id}/config/web", {"properties": closed}).json()
    assert (answer["id"], answer["type"]) == (site.id, "Microsoft.Web/sites")
    assert [each["action"] for each in answer["properties"]["ipSecurityRestrictions"]] == ["Deny"]
    assert answer["properties"]["cors"] == {"allowedOrigins": ["https://example.com"], "supportCredentials": False}


def test_a_registry_keeps_the_rules_that_a_change_of_its_firewall_leaves_out(azure: Azure, group: str) -> None:
    registry = azure.registry(group.rpartition("/")[2]).id
    rules = {"networkRuleSet": {"defaultAction": "Deny", "ipRules": [{"value": "192.0.2.0/24"}]}}
    send(azure, "PATCH", registry, {"sku": {"name": "Premium"}, "properties": rules | {"dataEndpointEnabled": True}})
    changed = send(azure, "PATCH", registry, {"properties": {"networkRuleSet": {"defaultAction": "Allow"}}}).json()
    kept = {"defaultAction": "Allow", "ipRules": [{"action": "Allow", "value": "192.0.2.0/24"}]}
    assert changed["properties"]["networkRuleSet"] == kept
    assert changed["properties"]["dataEndpointHostNames"] == [f"{changed['name']}.westeurope.data.azurecr.io"]


def test_a_role_assignment_tells_later_who_made_it(azure: Azure, group: str) -> None:
    path = f"{group}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
    reader = f"/subscriptions/{azure.subscription}/providers/Microsoft.Authorization/roleDefinitions/"
    role = reader + "acdd72a7-3385-48ef-bd42-f606fba81ae7"
    wanted = {"roleDefinitionId": role, "principalId": str(uuid.uuid4()), "principalType": "User"}
    made = send(azure, "PUT", path, {"properties": wanted}).json()["properties"]
    assert (made["createdBy"], made["updatedBy"] is None, made["description"]) == (None, False, None)
    assert send(azure, "GET", path).json()["properties"]["createdBy"] == made["updatedBy"]
