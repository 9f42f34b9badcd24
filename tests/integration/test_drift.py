"""What was changed by hand in Azure: plan shows it, deploy repairs it, and what users added of their own stays."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.support.disturbed import held

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.command import Command
    from tests.support.running_emulator import Emulator

pytestmark = pytest.mark.light

JSON = ("--cloud", "emulator", "--output", "json")
ALLOWED = "192.0.2.0/24"
OUR_RULE = {"ipAddress": ALLOWED, "action": "Allow", "priority": 100, "name": "mlflow-azure-0"}
THEIR_RULE = {"ipAddress": "203.0.113.7/32", "action": "Allow", "priority": 300, "name": "the office"}
LATE_RULE = {"ipAddress": "198.51.100.1/32", "action": "Allow", "priority": 310, "name": "late"}


class ByHand:
    """Someone in the portal, with the names of what was deployed."""

    def __init__(self, emulator: Emulator, resources: list[dict[str, str]]) -> None:
        azure = emulator.azure
        self.azure, self.web, self.storage = azure, azure.web.web_apps, azure.storage
        names = {row["kind"]: row["name"] for row in resources}
        self.group, self.site, self.plan = names["resource group"], names["web app"], names["app service plan"]
        self.account, self.registry = names["storage account"], names["container registry"]

    def tags(self, **added: str) -> dict[str, str]:
        return {"managed-by": "mlflow-azure", "mlflow-azure-deployment": "renamed", **added}

    def settings(self) -> dict[str, str]:
        return dict(self.web.list_application_settings(self.group, self.site).properties)

    def mounts(self) -> dict[str, Any]:
        return self.web.list_azure_storage_accounts(self.group, self.site).as_dict()["properties"]

    def logs(self) -> dict[str, Any]:
        return self.web.get_diagnostic_logs_configuration(self.group, self.site).as_dict()["properties"]

    def config(self) -> dict[str, Any]:
        return self.web.get_configuration(self.group, self.site).as_dict()["properties"]

    def change_the_group(self) -> None:
        tags = self.tags(team="research")
        self.azure.resources.resource_groups.create_or_update(self.group, {"location": "westeurope", "tags": tags})

    def change_the_storage(self) -> None:
        insecure = {"minimumTlsVersion": "TLS1_0", "allowBlobPublicAccess": True, "supportsHttpsTrafficOnly": False}
        body = {"tags": self.tags(cost="42"), "properties": insecure}
        self.storage.storage_accounts.update(self.group, self.account, body)
        public = {"properties": {"publicAccess": "Blob"}}
        self.storage.blob_containers.update(self.group, self.account, "mlflow", public)
        self.storage.file_shares.update(self.group, self.account, "mlflow", {"properties": {"shareQuota": 1}})

    def rotate_the_keys(self) -> None:
        self.storage.storage_accounts.regenerate_key(self.group, self.account, {"keyName": "key1"})
        self.azure.registries.registries.regenerate_credential(self.group, self.registry, {"name": "password"})

    def move_the_tag(self) -> None:
        """Push another image under the deployed tag."""
        registries = self.azure.registries.registries
        registries.begin_update(self.group, self.registry, {"tags": self.tags(cost="42")}).result()
        server = registries.get(self.group, self.registry).login_server
        credentials = registries.list_credentials(self.group, self.registry)
        request = {
            "auth": (credentials.username, credentials.passwords[0].value),
            "verify": self.azure.endpoint["ca_file"],
        }
        url = f"https://{server}/v2/mlflowimage/manifests/latest"
        kind = "application/vnd.oci.image.manifest.v1+json"
        manifest = requests.get(url, headers={"Accept": kind}, timeout=10, **request).json()
        other = json.dumps({**manifest, "annotations": {"by": "someone"}})
        headers = {"Content-Type": manifest.get("mediaType", kind)}
        assert requests.put(url, other, headers=headers, timeout=10, **request).ok

    def change_the_plan(self) -> None:
        body = {
            "location": "westeurope",
            "kind": "linux",
            "tags": self.tags(cost="42"),
            "sku": {"name": "B1", "capacity": 2},
            "properties": {"reserved": True},
        }
        self.azure.web.app_service_plans.begin_create_or_update(self.group, self.plan, body).result()

    def change_the_site(self) -> None:
        insecure = {"httpsOnly": False, "clientAffinityEnabled": True}
        body = {"location": "westeurope", "tags": self.tags(cost="42"), "properties": insecure}
        self.web.begin_create_or_update(self.group, self.site, body).result()
        self.web.stop(self.group, self.site)
        changed = {
            "minTlsVersion": "1.0",
            "ftpsState": "AllAllowed",
            "alwaysOn": False,
            "linuxFxVersion": "DOCKER|x/y:1",
        }
        rules = {"ipSecurityRestrictions": [{**OUR_RULE, "ipAddress": "0.0.0.0/0"}, THEIR_RULE]}
        self.web.update_configuration(self.group, self.site, {"properties": {**changed, **rules}})

    def change_settings_mounts_and_logs(self) -> None:
        settings = {**self.settings(), "MLFLOW_SERVER_WORKERS": "9", "MINE": "stays"}
        del settings["WEBSITES_PORT"]
        self.web.update_application_settings(self.group, self.site, {"properties": settings})
        mounts = self.mounts()
        mounts[self.account] |= {"mountPath": "/elsewhere"}
        mounts["mine"] = {**mounts[self.account], "shareName": "mlflow", "mountPath": "/mine"}
        written = {name: {key: mount[key] for key in mount if key != "state"} for name, mount in mounts.items()}
        self.web.update_azure_storage_accounts(self.group, self.site, {"properties": written})
        logs = {
            "httpLogs": {"fileSystem": {"enabled": False, "retentionInMb": 35}},
            "applicationLogs": {"fileSystem": {"level": "Verbose"}},
        }
        self.web.update_diagnostic_logs_config(self.group, self.site, {"properties": logs})

    def live(self) -> dict[str, Any]:
        """What carries tags in the group, by kind."""
        return {
            "storage account": self.storage.storage_accounts.get_properties(self.group, self.account),
            "container registry": self.azure.registries.registries.get(self.group, self.registry),
            "app service plan": self.azure.web.app_service_plans.get(self.group, self.plan),
            "web app": self.web.get(self.group, self.site),
        }

    def add_late(self) -> None:
        """What someone adds after deploy has read, and before it writes."""
        tags = {kind: {"tags": {**found.tags, "late": "yes"}} for kind, found in self.live().items()}
        self.storage.storage_accounts.update(self.group, self.account, tags["storage account"])
        self.azure.registries.registries.begin_update(self.group, self.registry, tags["container registry"]).result()
        self.azure.web.app_service_plans.update(self.group, self.plan, tags["app service plan"])
        self.web.update(self.group, self.site, tags["web app"])
        settings = {**self.settings(), "LATE": "stays"}
        self.web.update_application_settings(self.group, self.site, {"properties": settings})
        logs = {**self.logs(), "detailedErrorMessages": {"enabled": True}}
        self.web.update_diagnostic_logs_config(self.group, self.site, {"properties": logs})
        rules = {"ipSecurityRestrictions": [*self.config()["ipSecurityRestrictions"], LATE_RULE]}
        self.web.update_configuration(self.group, self.site, {"properties": rules})

    def change_everything(self) -> None:
        self.rotate_the_keys()
        self.change_the_group()
        self.change_the_storage()
        self.move_the_tag()
        self.change_the_plan()
        self.change_settings_mounts_and_logs()
        self.change_the_site()


@dataclass(frozen=True)
class Drifted:
    """A deployment that was changed by hand, and what the commands said afterwards."""

    hand: ByHand
    plan: list[dict[str, Any]]
    deploy: list[dict[str, Any]]
    plan_afterwards: list[dict[str, Any]]


@pytest.fixture(scope="module")
def drifted(shared_cli: Command, shared_emulator: Emulator) -> Drifted:
    deploy = ("deploy", *JSON, "--allow-ip", ALLOWED)
    plan = ("plan", *JSON, "--allow-ip", ALLOWED)
    hand = ByHand(shared_emulator, shared_cli(*deploy).data["resources"])
    hand.change_everything()
    planned = shared_cli(*plan).data["changes"]
    repaired = deploy_while(shared_cli, deploy, shared_emulator, hand.add_late)
    return Drifted(hand, planned, repaired["resources"], shared_cli(*plan).data["changes"])


def deploy_while(cli: Command, line: tuple[str, ...], emulator: Emulator, change: Callable[[], None]) -> dict[str, Any]:
    """The data of a deploy during which something is changed: after it has read everything, before it writes."""
    path = "/resourcegroups/[^/]+$"
    emulator.fail(method="PUT", path=path, kind="status", status=429, headers={"Retry-After": "1"})
    with held(cli, *line, pattern=r" 429 \(") as deploy:
        change()
    answer, errors = deploy.communicate()
    assert deploy.returncode == 0, errors
    return json.loads(answer)["data"]


SECRET = "(secret)"
DRIFT = [
    ("resource group", "tags.mlflow-azure-deployment", "renamed", "mlflow-rg"),
    ("storage account", "tags.mlflow-azure-deployment", "renamed", "mlflow-rg"),
    ("storage account", "properties.minimumTlsVersion", "TLS1_0", "TLS1_2"),
    ("storage account", "properties.allowBlobPublicAccess", True, False),
    ("storage account", "properties.supportsHttpsTrafficOnly", False, True),
    ("blob container", "properties.publicAccess", "Blob", "None"),
    ("file share", "properties.shareQuota", 1, 2),
    ("container registry", "tags.mlflow-azure-deployment", "renamed", "mlflow-rg"),
    ("app service plan", "sku.name", "B1", "S1"),
    ("web app", "properties.httpsOnly", False, True),
    ("web app", "properties.clientAffinityEnabled", True, False),
    ("web app", "properties.state", "Stopped", "Running"),
    ("app settings", "MLFLOW_SERVER_WORKERS", "9", "1"),
    ("app settings", "WEBSITES_PORT", None, "5000"),
    ("app settings", "AZURE_STORAGE_CONNECTION_STRING", SECRET, SECRET),
    ("app settings", "DOCKER_REGISTRY_SERVER_PASSWORD", SECRET, SECRET),
    ("storage mount", "{account}.mountPath", "/elsewhere", "/mlruns"),
    ("storage mount", "{account}.accessKey", SECRET, SECRET),
    ("storage mount", "{account}.state", "InvalidCredentials", "Ok"),
    ("container logs", "properties.httpLogs.fileSystem.enabled", False, True),
    ("container logs", "properties.httpLogs.fileSystem.retentionInMb", 35, 100),
    ("web app configuration", "properties.minTlsVersion", "1.0", "1.2"),
    ("web app configuration", "properties.ftpsState", "AllAllowed", "Disabled"),
    ("web app configuration", "properties.alwaysOn", False, True),
]


@pytest.mark.parametrize(("kind", "path", "found", "wanted"), DRIFT)
def test_plan_shows_where_what_is_and_what_is_wanted_differ(
    drifted: Drifted, kind: str, path: str, found: Any, wanted: Any
) -> None:
    change = next(each for each in drifted.plan if each["kind"] == kind)
    assert change["action"] == "update"
    expected = {"path": path.format(account=drifted.hand.account), "from": found, "to": wanted}
    assert expected in change["differences"]


def test_plan_shows_an_image_that_someone_else_pushed_under_the_tag(drifted: Drifted) -> None:
    change = next(each for each in drifted.plan if each["kind"] == "image")
    assert change["action"] == "update"
    difference = change["differences"][0]
    assert (difference["path"], difference["from"]) == ("context", None)
    assert difference["to"].startswith("ctx-")


def test_deploy_repairs_exactly_what_plan_has_shown(drifted: Drifted) -> None:
    planned = {change["kind"]: change["action"] for change in drifted.plan}
    assert {row["kind"]: row["action"] for row in drifted.deploy} == planned
    assert {change["action"] for change in drifted.plan_afterwards} == {"keep"}


def test_tags_that_users_added_are_kept(drifted: Drifted) -> None:
    live = drifted.hand.live()
    assert {kind: found.tags.get("cost") for kind, found in live.items()} == dict.fromkeys(live, "42")
    group = drifted.hand.azure.resources.resource_groups.get(drifted.hand.group)
    assert group.tags["team"] == "research"


def test_settings_mounts_and_logs_that_users_added_are_kept(drifted: Drifted) -> None:
    hand = drifted.hand
    assert hand.settings()["MINE"] == "stays"
    assert hand.mounts()["mine"]["mountPath"] == "/mine"
    assert hand.mounts()[hand.account]["state"] == "Ok"
    assert hand.logs()["applicationLogs"]["fileSystem"]["level"] == "Verbose"


def test_the_number_of_instances_that_users_chose_is_kept(drifted: Drifted) -> None:
    assert drifted.hand.live()["app service plan"].sku.capacity == 2


def test_access_rules_that_users_added_are_kept_and_ours_are_repaired(drifted: Drifted) -> None:
    rules = {rule["name"]: rule["ipAddress"] for rule in drifted.hand.config()["ipSecurityRestrictions"]}
    assert rules["mlflow-azure-0"] == ALLOWED
    assert rules["the office"] == THEIR_RULE["ipAddress"]


def test_what_users_add_while_a_deploy_is_under_way_is_kept(drifted: Drifted) -> None:
    hand = drifted.hand
    assert {kind: found.tags.get("late") for kind, found in hand.live().items()} == dict.fromkeys(hand.live(), "yes")
    assert hand.settings()["LATE"] == "stays"
    assert hand.logs()["detailedErrorMessages"]["enabled"]
    assert "late" in [rule["name"] for rule in hand.config()["ipSecurityRestrictions"]]
