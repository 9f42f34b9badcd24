"""New keys for a running server: nobody who asks it notices, the old ones open nothing, and a crash does no harm."""

from __future__ import annotations

import signal
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import pytest
import requests
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobServiceClient

from tests.support import mlflow_rest
from tests.support.disturbed import disturbed
from tests.support.sign_in import SECRET_SETTING, SignIn
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.deployment import Deployment

pytestmark = pytest.mark.slow

GROUP = "mlflow-rg"
PROBE = "/api/2.0/mlflow/experiments/list"
CONNECTION_STRING, PASSWORD = "AZURE_STORAGE_CONNECTION_STRING", "DOCKER_REGISTRY_SERVER_PASSWORD"
EVERY_SECONDS = 0.1


@dataclass(frozen=True)
class Live:
    """What a deployment has, asked of Azure."""

    azure: Any
    account: str
    registry: str
    site: str

    @property
    def keys(self) -> dict[str, str]:
        """Every key and password, by its name."""
        keys = self.azure.storage.storage_accounts.list_keys(GROUP, self.account).keys_property
        passwords = self.azure.registries.registries.list_credentials(GROUP, self.registry).passwords
        return {**{each.key_name: each.value for each in keys}, **{each.name.value: each.value for each in passwords}}

    @property
    def app_settings(self) -> dict[str, str]:
        return dict(self.azure.web.web_apps.list_application_settings(GROUP, self.site).properties)

    @property
    def mount_key(self) -> str:
        mounts = self.azure.web.web_apps.list_azure_storage_accounts(GROUP, self.site).properties
        assert mounts[self.account].state == "Ok"
        return mounts[self.account].access_key

    def regenerate(self, key: str) -> None:
        self.azure.storage.storage_accounts.regenerate_key(GROUP, self.account, {"keyName": key})

    def assert_consistent(self) -> None:
        """Mount and app settings use one valid key, and a valid password."""
        keys, settings = self.keys, self.app_settings
        assert f"AccountKey={self.mount_key};" in settings[CONNECTION_STRING]
        assert self.mount_key in (keys["key1"], keys["key2"])
        assert settings[PASSWORD] in (keys["password"], keys["password2"])


@pytest.fixture
def live(deployment: Deployment) -> Live:
    assert deployment.json("deploy").exit_code == 0
    names = {each["kind"]: each["name"] for each in deployment.json("status").data["resources"]}
    azure = deployment.emulator.azure
    return Live(azure, names["storage account"], names["container registry"], names["web app"])


@pytest.fixture
def signed_in(deployment: Deployment) -> Iterator[SignIn]:
    sign_in = SignIn(deployment)
    assert sign_in.auth("enable").exit_code == 0
    yield sign_in
    sign_in.put_back()


class Load:
    """Asks a server for its experiments all the time."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self.statuses: list[int | str] = []

    def __enter__(self) -> Self:
        self._clock = threading.Thread(target=self._tick)
        self._clock.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._clock.join()
        for thread in self._threads:
            thread.join()

    def _tick(self) -> None:
        while not self._over.wait(EVERY_SECONDS):
            self._threads.append(threading.Thread(target=self._ask))
            self._threads[-1].start()

    def _ask(self) -> None:
        try:
            self.statuses.append(requests.get(self._url + PROBE, timeout=60).status_code)
        except requests.RequestException as error:
            self.statuses.append(repr(error))


def opens(connection_string: str) -> bool:
    with BlobServiceClient.from_connection_string(connection_string, retry_total=0) as client:
        try:
            return bool(list(client.list_containers()))
        except HttpResponseError as error:
            if error.status_code == 403:
                return False
            raise


@pytest.mark.parametrize("overlapping", [False, True], ids=["with a pause between", "with overlapping containers"])
def test_the_server_answers_every_request_while_all_keys_become_new(
    deployment: Deployment, live: Live, *, overlapping: bool
) -> None:
    deployment.emulator.control("PUT", "quirks", {"overlapped_recycling": overlapping})
    run, _ = mlflow_rest.log_a_run(deployment.url)
    before, known_before = live.keys, deployment.json("env", "--show-secrets").data[CONNECTION_STRING]
    assert opens(known_before)

    with Load(deployment.url) as load:
        answer = deployment.json("rotate-keys")
    deployment.emulator.control("PUT", "quirks", {})

    assert answer.data["rotated"] == ["storage", "registry"]
    assert [each["kind"] for each in answer.data["not_rotated"]] == ["sign-in"]
    assert len(load.statuses) > 10
    assert set(load.statuses) == {200}
    assert not set(before.values()) & set(live.keys.values())
    live.assert_consistent()
    assert run in mlflow_rest.runs(deployment.url)

    assert not opens(known_before)
    assert "Clients that have the old connection string" in answer.stderr
    known = deployment.json("env", "--show-secrets").data[CONNECTION_STRING]
    assert known == live.app_settings[CONNECTION_STRING]
    assert opens(known)
    for secret in {*before.values(), *live.keys.values()}:
        assert secret not in answer.stdout + answer.stderr

    deployment.emulator.forget_requests()
    assert {row["action"] for row in deployment.json("deploy").data["resources"]} == {"keep"}
    assert deployment.emulator.writes == []


@pytest.mark.parametrize(
    ("option", "pair"), [("--storage", {"key1", "key2"}), ("--registry", {"password", "password2"})]
)
def test_only_what_is_named_becomes_new(deployment: Deployment, live: Live, option: str, pair: set[str]) -> None:
    before = live.keys
    assert deployment.json("rotate-keys", option).exit_code == 0
    assert {name for name, key in live.keys.items() if before[name] != key} == pair
    live.assert_consistent()


def test_the_secret_of_the_sign_in_becomes_new_and_the_old_one_goes(
    deployment: Deployment, live: Live, signed_in: SignIn
) -> None:
    before = live.app_settings[SECRET_SETTING]
    answer = deployment.json("rotate-keys", "--sign-in", "--verbose")
    assert answer.data["rotated"] == ["sign-in"]
    after = live.app_settings[SECRET_SETTING]
    assert after != before
    assert [each["hint"] for each in signed_in.registrations[0]["passwordCredentials"]] == [after[:3]]
    assert before not in answer.stdout + answer.stderr
    assert after not in answer.stdout + answer.stderr
    assert signed_in.browse(signed_in.user()).status_code == 200
    deployment.emulator.forget_requests()
    assert deployment.json("deploy").exit_code == 0
    assert deployment.emulator.writes == []


WRITES = {
    "the free password is new": "regenerateCredential",
    "the mount has the new key": "PUT .*/config/azurestorageaccounts",
    "the server was asked": PROBE,
    "the old secret is gone": "removePassword",
}
"""After these writes it is killed here; the campaign kills it after every request."""


@pytest.mark.parametrize("written", WRITES.values(), ids=WRITES.keys())
def test_a_rotation_that_is_killed_leaves_a_server_that_works_and_the_next_one_finishes(
    deployment: Deployment, live: Live, signed_in: SignIn, written: str
) -> None:
    before = live.keys
    line = ("rotate-keys", "--cloud", "emulator")
    assert disturbed(deployment.cli, signal.SIGKILL, *line, pattern=written).exit_code == -signal.SIGKILL
    assert signed_in.status(signed_in.token()) == 200
    assert live.mount_key in live.keys.values()

    assert deployment.json("rotate-keys").data["rotated"] == ["storage", "registry", "sign-in"]
    assert not set(before.values()) & set(live.keys.values())
    live.assert_consistent()
    assert len(signed_in.registrations[0]["passwordCredentials"]) == 1
    assert signed_in.status(signed_in.token()) == 200
    deployment.emulator.forget_requests()
    assert deployment.json("deploy").exit_code == 0
    assert deployment.emulator.writes == []


def test_a_key_that_someone_made_anew_by_hand_stops_the_server_and_a_rotation_mends_it(
    deployment: Deployment, live: Live
) -> None:
    used = next(name for name, key in live.keys.items() if key == live.mount_key)
    live.regenerate(used)
    wait_until(lambda: requests.get(deployment.url + PROBE, timeout=60).status_code == 503)
    assert deployment.json("rotate-keys", "--storage").exit_code == 0
    assert requests.get(deployment.url + PROBE, timeout=60).status_code == 200
    live.assert_consistent()


def test_where_the_new_key_is_not_taken_nothing_moves_to_it(deployment: Deployment, live: Live) -> None:
    before = live.app_settings
    deployment.emulator.fail(
        method="POST", path="/regenerateKey$", status=403, code="AuthorizationFailed", message="No."
    )
    answer = deployment.json("rotate-keys", "--storage")
    assert answer.exit_code == 4
    assert "renewing" in answer.errors[0]["message"]
    assert live.app_settings == before


def test_a_server_without_keys_has_nothing_to_rotate(deployment: Deployment, live: Live) -> None:
    assert deployment.json("deploy", "--identity").exit_code == 0
    deployment.emulator.forget_requests()
    answer = deployment.json("rotate-keys", "--registry")
    assert (answer.data["rotated"], answer.data["resources"]) == ([], [])
    assert "identity" in answer.data["not_rotated"][0]["reason"]
    assert deployment.emulator.writes == []
    assert deployment.json("deploy", "--no-identity").exit_code == 0


def test_while_another_machine_copies_there_no_key_becomes_new(deployment: Deployment, live: Live) -> None:
    before, containers = live.keys, live.azure.storage.blob_containers
    where = (GROUP, live.account, containers.list(GROUP, live.account).next().name)
    its = containers.lease(*where, {"action": "Acquire", "leaseDuration": 60}).lease_id
    refused = deployment.json("rotate-keys")
    containers.lease(*where, {"action": "Release", "leaseId": its})
    assert (refused.exit_code, refused.errors[0]["code"], live.keys) == (2, "InUse", before)
