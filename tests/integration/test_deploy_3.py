"""deploy, plan and destroy of MLflow 3 on PostgreSQL, against the emulator."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.support.directory import ask
from tests.support.given_secrets import given_secrets, places_of
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.command import Command, Result
    from tests.support.running_emulator import Emulator

pytestmark = pytest.mark.slow

JSON = ("--cloud", "emulator", "--output", "json")
THREE = ("--mlflow", "3")
PROBE = "/api/2.0/mlflow/experiments/search?max_results=1"
SERVER = "PostgreSQL server"
FEDERATED = "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID"
SECRET = "MLFLOW_AZURE_SIGN_IN_SECRET"
ACCESS = "mlflow-azure-access"
DATABASE_URI = "MLFLOW_SERVER_DATABASE_URI"
VAULT_SECRET = "https://my-vault.vault.azure.net/secrets/mlflow-uri"
OF_1_5_0 = "rg-of-1-5-0"

UNGUARDED = (
    ("POST", "/v1/traces"),
    ("POST", "/ajax-api/3.0/jobs/"),
    ("POST", "/api/3.0/jobs/"),
    ("POST", "/api/2.0/mlflow-artifacts/mpu/create/0/x"),
    ("PUT", "/api/2.0/mlflow-artifacts/artifacts/0/x"),
    ("GET", "/ajax-api/3.0/mlflow/assistant/config"),
    ("POST", "/gateway/x/mlflow/invocations"),
    ("POST", "/graphql"),
    ("GET", "/get-artifact"),
)
"""What MLflow's own sign-in lets, or has let, everyone do: CVE-2026-0545, CVE-2026-2651, CVE-2026-2652."""


class Deployment:
    """A deployment of MLflow 3 in the emulator, and what Azure itself says of it."""

    def __init__(self, cli: Command, emulator: Emulator, group: str) -> None:
        self.cli = cli
        self.azure = emulator.azure
        self.group = group

    def __call__(self, command: str, *arguments: str) -> Result:
        return self.cli(command, *JSON, *(THREE if command in ("deploy", "plan") else ()), *arguments)

    @property
    def changes(self) -> dict[str, list[dict[str, Any]]]:
        """What a deploy would do, by kind; what it keeps left out."""
        changes = self("plan").data["changes"]
        return {each["kind"]: each["differences"] for each in changes if each["action"] != "keep"}

    def done(self, command: str, *arguments: str) -> dict[str, str]:
        """What a command did to plan and autoscale setting, or would do; what it kept left out."""
        data = self(command, *arguments).answer["data"]
        rows = {each["kind"]: each["action"] for each in data.get("resources") or data["changes"]}
        scaling = ("app service plan", "autoscale setting")
        return {kind: action for kind, action in rows.items() if kind in scaling and action != "keep"}

    @property
    def site(self) -> Any:
        return next(iter(self.azure.web.web_apps.list_by_resource_group(self.group)))

    @property
    def app_settings(self) -> dict[str, str]:
        return dict(self.azure.web.web_apps.list_application_settings(self.group, self.site.name).properties)

    @property
    def registry(self) -> Any:
        return next(iter(self.azure.registries.registries.list_by_resource_group(self.group)))

    @property
    def account(self) -> Any:
        return next(iter(self.azure.storage.storage_accounts.list_by_resource_group(self.group)))

    @property
    def postgres(self) -> Any:
        from azure.mgmt.postgresqlflexibleservers import PostgreSQLManagementClient

        return self.azure.client(PostgreSQLManagementClient)

    @property
    def server(self) -> Any:
        return next(iter(self.postgres.servers.list_by_resource_group(self.group)))


@pytest.fixture(scope="module")
def three(shared_cli: Command, shared_emulator: Emulator) -> Iterator[Deployment]:
    """The module's deployment, which lets everyone in. Who changes it puts it back."""
    deployment = Deployment(shared_cli, shared_emulator, "mlflow-rg")
    assert deployment("deploy", "--public").exit_code == 0
    shared_emulator.forget_requests()
    yield deployment
    shared_emulator.heal()


@pytest.fixture
def half(shared_cli: Command, shared_emulator: Emulator, request: pytest.FixtureRequest) -> Deployment:
    """A deployment of the test's own that came as far as the image."""
    group = f"rg-{abs(hash(request.node.name))}"
    deployment = Deployment(shared_cli.of(group), shared_emulator, group)
    assert deployment("deploy", "--public", "--build", "none").errors[0]["code"] == "ImageNotFound"
    shared_emulator.forget_requests()
    return deployment


def test_a_deploy_ends_with_an_mlflow_3_that_keeps_what_it_is_told_and_a_second_one_writes_nothing(
    three: Deployment, shared_emulator: Emulator
) -> None:
    again = three("deploy")
    assert {row["action"] for row in again.data["resources"]} == {"keep"}
    assert shared_emulator.writes == []
    assert three.changes == {}

    url = again.data["url"]
    made = requests.post(f"{url}/api/2.0/mlflow/registered-models/create", json={"name": "a-model"}, timeout=60)
    assert made.status_code == 200, made.text
    told = requests.get(f"{url}/api/2.0/mlflow/registered-models/get", params={"name": "a-model"}, timeout=60)
    assert told.json()["registered_model"]["name"] == "a-model"
    status = three("status").data
    assert status["healthy"]
    assert "missing" not in {row["state"] for row in status["resources"]}


def assert_no_secret_is_stored(three: Deployment, emulator: Emulator) -> None:
    """Of all that the emulator has given out: in app settings, configuration, any answer of Azure, image and files.

    But for those of another test's deployment of 1.5.0, which keeps the key of its storage account.
    """
    given = {what: secret for what, secret in given_secrets(emulator).items() if f"/{OF_1_5_0}/" not in what}
    for kind in ("keys key1", "keys key2", "passwords password", "publishingPassword", "identity", "client secret"):
        assert any(kind in what for what in given), kind
    assert places_of(given, emulator, three.cli.directory) == []
    leak = three.cli.directory / "leak"
    leak.write_text(f"of {next(iter(given.values()))}.")
    assert places_of(given, emulator, three.cli.directory) == [f"{leak}: {next(iter(given))}"]
    leak.unlink()


def test_no_stored_state_holds_a_secret(three: Deployment, shared_emulator: Emulator) -> None:
    account, site = three.account, three.site
    assert_no_secret_is_stored(three, shared_emulator)
    assert account.properties.allow_shared_key_access is False
    assert not three.registry.properties.admin_user_enabled
    assert three.server.properties.auth_config.password_auth == "Disabled"
    assert not [
        name for name in three.app_settings if "PASSWORD" in name or "KEY" in name or "CONNECTION_STRING" in name
    ]
    uri = three.app_settings[DATABASE_URI]
    assert uri == (f"postgresql://{site.name}-identity@{three.server.properties.fully_qualified_domain_name}/mlflow")


def test_a_webhook_which_would_keep_a_password_is_refused(
    three: Deployment, shared_cli: Command, shared_emulator: Emulator
) -> None:
    shared_emulator.forget_requests()
    refused = shared_cli("cd", "enable", *JSON)
    assert (refused.exit_code, refused.errors[0]["code"]) == (2, "PasswordStored")
    assert shared_emulator.writes == []
    assert not three("status").data["continuous_deployment"]


def test_what_someone_loosened_by_hand_is_tightened_again(three: Deployment, shared_emulator: Emulator) -> None:
    loose = {"properties": {"allowSharedKeyAccess": True}}
    three.azure.storage.storage_accounts.update(three.group, three.account.name, loose)
    admin = {"properties": {"adminUserEnabled": True}}
    three.azure.registries.registries.begin_update(three.group, three.registry.name, admin).result()
    three.postgres.firewall_rules.begin_delete(three.group, three.server.name, "AllowAllAzureServices").result()
    assert three.changes.keys() == {"storage account", "registry admin user", "firewall rule"}
    assert re.search("Missing: firewall rule .*\n.*mlflow-azure deploy .*--mlflow 3", three("status").stderr)

    done = {row["kind"]: row["action"] for row in three("deploy").data["resources"] if row["action"] != "keep"}
    assert done == {"storage account": "update", "registry admin user": "update", "firewall rule": "create"}
    assert three.changes == {}


def test_a_database_that_someone_stopped_is_started_again(three: Deployment) -> None:
    three.postgres.servers.begin_stop(three.group, three.server.name).result()
    assert {row["kind"]: row["state"] for row in three("status").data["resources"]}[SERVER] == "Stopped"
    assert {"path": "properties.state", "from": "Stopped", "to": "Ready"} in three.changes[SERVER]

    again = three("deploy").data
    assert [row["kind"] for row in again["resources"] if row["action"] != "keep"] == [SERVER]
    assert requests.get(again["url"] + PROBE, timeout=60).status_code == 200


def test_a_deploy_of_the_other_mlflow_is_refused_and_names_upgrade(
    three: Deployment, shared_cli: Command, shared_emulator: Emulator
) -> None:
    (refused,) = shared_cli("plan", *JSON).errors
    assert refused["code"] == "OtherVersion"
    assert "--mlflow 3" in refused["hint"]
    assert re.search("mlflow-azure upgrade .*--rollback", refused["hint"])
    assert [each["code"] for each in shared_cli("doctor", *JSON).errors] == ["OtherVersion"]

    other = shared_cli.of(OF_1_5_0)
    other("deploy", *JSON, "--build", "none")
    shared_emulator.forget_requests()
    (refused,) = other("deploy", *JSON, *THREE, "--public").errors
    assert refused["code"] == "OtherVersion"
    assert re.search("mlflow-azure upgrade .*--to 3", refused["hint"])
    assert shared_emulator.writes == []


def test_commands_that_only_look_follow_what_is_deployed(three: Deployment, shared_cli: Command) -> None:
    kinds = {row["kind"] for row in shared_cli("status", *JSON).data["resources"]}
    assert SERVER in kinds
    assert "file share" not in kinds
    assert "AZURE_STORAGE_CONNECTION_STRING" not in shared_cli("env", *JSON).data


def test_a_plan_for_another_database_says_what_is_left_behind(three: Deployment) -> None:
    planned = three("plan", "--postgres-database-name", "another")
    assert planned.exit_code == 0, planned.stderr
    assert "leaves its data behind: runs, models and traces in postgresql://" in planned.stderr


def test_nobody_is_let_in_before_someone_has_decided_who(shared_cli: Command, shared_emulator: Emulator) -> None:
    undecided = shared_cli.of("rg-undecided")
    shared_emulator.control("PUT", "permissions", {"actions": ["*"], "notActions": [], "graph": "read"})
    shared_emulator.forget_requests()
    for command in ("plan", "deploy"):
        refused = undecided(command, *JSON, *THREE)
        assert (refused.exit_code, refused.errors[0]["code"]) == (2, "AccessNotDecided")
        assert "--auth" in refused.errors[0]["hint"]
    assert shared_emulator.writes == []
    assert undecided("plan", *JSON, *THREE, "--allow-ip", "203.0.113.7").exit_code == 0
    shared_emulator.control("PUT", "permissions", {"actions": ["*"], "notActions": []})
    for others in (("--allow-user", "ann@example.com"), ("--allow-ip", "203.0.113.7"), ("--auth",)):
        (error,) = undecided("plan", *JSON, *THREE, "--public", *others).errors
        assert "cannot be combined with --auth, --allow-ip, --allow-user" in error["message"]


def test_what_was_open_is_not_closed_unasked_nor_the_other_way_round(three: Deployment) -> None:
    three.azure.web.web_apps.update(three.group, three.site.name, {"tags": _without_access(three.site.tags)})
    assert [each["code"] for each in three("plan").errors] == ["AccessNotDecided"]
    three.azure.web.web_apps.update(three.group, three.site.name, {"tags": three.site.tags | {ACCESS: "public"}})
    assert three.changes == {}


def _without_access(tags: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in tags.items() if name != ACCESS}


def test_sign_in_takes_no_secret(three: Deployment, shared_cli: Command, shared_emulator: Emulator) -> None:
    assert shared_cli("auth", "enable", *JSON).exit_code == 0
    assert three.changes == {}
    names = three.app_settings.keys()
    assert FEDERATED in names
    assert SECRET not in names
    applications = ask(three.azure, "GET", "/applications").json()["value"]
    assert [
        each["passwordCredentials"] for each in applications if each["displayName"] == "mlflowserviceprincipal"
    ] == [[]]
    assert shared_cli("status", *JSON).data["healthy"]
    assert {_answer(three, *each) for each in UNGUARDED} == {401}
    assert_no_secret_is_stored(three, shared_emulator)

    assert shared_cli("auth", "disable", *JSON, "--yes").exit_code == 0
    assert FEDERATED not in three.app_settings


def _answer(three: Deployment, method: str, path: str) -> int:
    """The status of an answer to someone who has not signed in."""
    url = f"http://{three.site.default_host_name}"
    return requests.request(method, url + path, json={}, timeout=60, allow_redirects=False).status_code


def test_whoever_may_register_an_application_requires_sign_in_by_default_if_need_be_with_a_secret(
    shared_cli: Command, shared_emulator: Emulator
) -> None:
    group = "rg-secret"
    deployment = Deployment(shared_cli.of(group), shared_emulator, group)
    shared_emulator.fail(
        method="POST", path="/federatedIdentityCredentials", status=403, code="Authorization_RequestDenied", times=2
    )
    planned = deployment("plan")
    assert {"app registration", "sign-in"} <= {change["kind"] for change in planned.data["changes"]}
    assert "after signing in (--auth)" in planned.stderr
    assert "ImageNotFound" in {error["code"] for error in deployment("deploy", "--build", "none").errors}
    deployed = deployment("deploy")  # as whoever was interrupted does
    shared_emulator.heal()
    assert deployed.exit_code == 0, deployed.stderr
    assert "after signing in (--auth)" in deployed.stderr
    assert "Continuing with a client secret" in deployed.stderr
    assert SECRET in deployment.app_settings
    assert deployment.changes == {}
    assert deployment("destroy", "--yes", "--delete-database").exit_code == 0


def test_a_plan_that_is_scaled_by_its_load_keeps_the_instances_that_it_has_until_that_is_off(
    half: Deployment, shared_emulator: Emulator
) -> None:
    assert half.done("deploy", "--build", "none", "--autoscale", "1-2") == {"autoscale setting": "create"}
    assert half.done("deploy", "--build", "none", "--autoscale", "1-3") == {"autoscale setting": "update"}
    states = {row["kind"]: row["state"] for row in half("status").data["resources"]}
    assert states["autoscale setting"] == "1 to 3 instances, by CPU"

    plans = half.azure.web.app_service_plans
    name = next(iter(plans.list_by_resource_group(half.group))).name
    shared_emulator.control("PUT", "cpu", {name: 90})
    wait_until(lambda: plans.get(half.group, name).sku.capacity == 3)
    assert half.done("plan") == {}
    off = {"autoscale setting": "delete", "app service plan": "update"}
    assert half.done("plan", "--autoscale", "off") == off
    gone = half("destroy", "--yes", "--keep-data").data["resources"]
    assert "autoscale setting" in {row["kind"] for row in gone}


def test_a_server_that_is_busy_is_waited_for(half: Deployment, shared_emulator: Emulator) -> None:
    half.postgres.firewall_rules.begin_delete(half.group, half.server.name, "AllowAllAzureServices").result()
    shared_emulator.fail(
        method="PUT", path="/firewallRules/", status=409, code="ServerIsBusy", message="Busy.", times=1
    )
    again = half("deploy", "--build", "none")
    assert {row["kind"]: row["action"] for row in again.answer["data"]["resources"]}["firewall rule"] == "create"
    assert [error["code"] for error in again.errors] == ["ImageNotFound"]


def test_what_the_region_does_not_have_is_refused_before_the_first_write(
    three: Deployment, shared_cli: Command, shared_emulator: Emulator
) -> None:
    shared_emulator.forget_requests()
    elsewhere = shared_cli.of("rg-memory")
    refused = elsewhere("deploy", *JSON, *THREE, "--public", "--postgres-sku", "E96ds_v5")
    assert (refused.exit_code, refused.errors[0]["code"]) == (4, "PostgresNotOffered")
    assert "--postgres-sku" in refused.errors[0]["hint"]
    assert shared_emulator.writes == []


def test_a_name_that_someone_has_is_refused_before_the_first_write(
    three: Deployment, shared_cli: Command, shared_emulator: Emulator
) -> None:
    shared_emulator.forget_requests()
    elsewhere = shared_cli.of("rg-name")
    refused = elsewhere("deploy", *JSON, *THREE, "--public", "--postgres-server-name", three.server.name)
    assert refused.exit_code == 4
    assert "--postgres-server-name NAME" in refused.errors[0]["hint"]
    assert shared_emulator.writes == []


def test_a_database_is_deleted_only_when_that_was_said_twice(half: Deployment, shared_emulator: Emulator) -> None:
    once = half("destroy", "--yes")
    assert (once.exit_code, once.errors[0]["code"]) == (2, "ConfirmationNeeded")
    assert "--delete-database" in once.errors[0]["hint"]
    assert shared_emulator.writes == []

    kept = half("destroy", "--yes", "--keep-data").data
    assert {row["kind"] for row in kept["kept"]} == {SERVER, "storage account", "managed identity"}
    unsaid = half.cli("status", *JSON)  # no web app tells any more which MLflow it was
    assert "add --mlflow 3" in unsaid.errors[0]["hint"]
    missing = {row["kind"] for row in half("status", *THREE).data["resources"] if row["state"] == "missing"}
    assert "container registry" in missing
    assert "registry admin user" not in missing
    again = half("deploy", "--public", "--build", "none").answer["data"]["resources"]
    assert {row["kind"] for row in again if row["action"] == "keep"} >= {SERVER, "database", "database administrator"}

    assert half("destroy", "--yes", "--delete-database").exit_code == 0
    assert half.group not in {group.name for group in half.azure.resources.resource_groups.list()}


def test_a_database_that_was_there_is_used_with_its_password_which_is_never_shown(
    shared_cli: Command, shared_emulator: Emulator
) -> None:
    group = "rg-given"
    uri = "postgresql://someone:hunter2hunter2@db.example:5432/mlflow"
    cli = shared_cli.of(group)
    planned = cli("plan", *JSON, *THREE, "--public", MLFLOW_BACKEND_URI=uri)
    assert not {SERVER, "registry admin user"} & {change["kind"] for change in planned.data["changes"]}
    assert "hunter2" not in planned.stdout + planned.stderr
    assert "(secret)" in planned.stdout


def test_a_database_whose_uri_is_in_key_vault_is_reached_and_later_deploys_keep_it(
    three: Deployment, shared_emulator: Emulator
) -> None:
    before = three.app_settings
    shared_emulator.control("PUT", "vault", {VAULT_SECRET: before[DATABASE_URI]})
    deployed = three("deploy", "--backend-uri-secret", VAULT_SECRET)
    assert deployed.exit_code == 0, deployed.stderr
    assert three.app_settings[DATABASE_URI] == f"@Microsoft.KeyVault(SecretUri={VAULT_SECRET})"
    assert requests.get(deployed.data["url"] + PROBE, timeout=60).status_code == 200
    assert three.changes == {}
    three.azure.web.web_apps.update_application_settings(three.group, three.site.name, {"properties": before})
    assert three.changes == {}
