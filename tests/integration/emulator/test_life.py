from __future__ import annotations

import os
import signal
import socket
import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psutil
import pytest

from mlflow_azure.emulator import launcher
from mlflow_azure.emulator.home import Home
from tests.support.emulated import Azure
from tests.support.processes import alive

if TYPE_CHECKING:
    from pathlib import Path


def test_two_starts_at_once_end_with_one_emulator(own_home: Home) -> None:
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(launcher.start, [own_home, own_home]))
    assert found[0] == found[1]
    assert launcher.start(own_home) == found[0]


def test_stopping_leaves_no_process_and_no_endpoint(own_home: Home) -> None:
    found = launcher.start(own_home)
    azure = registered(own_home)
    azure.account(azure.group())
    processes = [psutil.Process(found["pid"]), *psutil.Process(found["pid"]).children(recursive=True)]
    assert len(processes) > 1
    assert launcher.stop(own_home)
    assert not [process for process in processes if alive(process)]
    assert launcher.status(own_home) is None
    assert not launcher.stop(own_home)


def test_what_was_made_is_there_after_a_restart_on_the_same_ports(own_home: Home) -> None:
    before = launcher.start(own_home)
    azure = registered(own_home)
    group = azure.group()
    account, registry, site = azure.account(group), azure.registry(group), azure.site(group)
    azure.control("PUT", "names", {"site": ["taken"]})
    keys = azure.storage.storage_accounts.list_keys(group, account.name).keys_property
    launcher.stop(own_home)
    after = launcher.start(own_home)
    assert {**after, "pid": 0} == {**before, "pid": 0}
    assert azure.storage.storage_accounts.get_properties(group, account.name).as_dict() == account.as_dict()
    assert azure.storage.storage_accounts.list_keys(group, account.name).keys_property == keys
    assert azure.registries.registries.get(group, registry.name).login_server == registry.login_server
    assert azure.web.web_apps.get(group, site.name).default_host_name == site.default_host_name
    assert not azure.web.check_name_availability({"name": "taken", "type": "Site"}).name_available


def test_what_was_answered_survives_a_kill(own_home: Home) -> None:
    found = launcher.start(own_home)
    azure = registered(own_home)
    group = azure.group()
    account = azure.account(group)
    children = psutil.Process(found["pid"]).children(recursive=True)
    os.kill(found["pid"], signal.SIGKILL)
    psutil.Process(found["pid"]).wait(60)
    assert launcher.status(own_home) is None
    launcher.start(own_home)
    assert azure.storage.storage_accounts.get_properties(group, account.name).id == account.id
    assert not [process for process in children if alive(process)]


def test_an_operation_that_was_running_goes_on_after_a_kill(own_home: Home) -> None:
    found = launcher.start(own_home)
    azure = registered(own_home)
    group = azure.group()
    azure.control("PUT", "latency", {"profile": "none", "reads": 1})
    wanted = {"location": "westeurope", "sku": {"name": "Basic"}}
    azure.registries.registries.begin_create(group, "interrupted", wanted, polling=False)
    os.kill(found["pid"], signal.SIGKILL)
    psutil.Process(found["pid"]).wait(60)
    launcher.start(own_home)
    assert azure.registries.registries.get(group, "interrupted").provisioning_state == "Creating"


def test_two_homes_are_two_emulators(own_home: Home, tmp_path: Path) -> None:
    other = Home(tmp_path / "other")
    try:
        first, second = registered(own_home), Azure(other, launcher.start(other))
        group = first.group()
        assert first.endpoint["resource_manager"] != second.endpoint["resource_manager"]
        assert first.endpoint["client_secret"] != second.endpoint["client_secret"]
        assert not second.resources.resource_groups.check_existence(group)
    finally:
        launcher.reset(other)


def test_a_reset_forgets_everything(own_home: Home) -> None:
    azure = registered(own_home)
    group = azure.group()
    launcher.reset(own_home)
    assert not own_home.root.exists()
    anew = Azure(own_home, launcher.start(own_home))
    assert not anew.resources.resource_groups.check_existence(group)


def test_keys_are_readable_by_their_owner_only(own_home: Home) -> None:
    launcher.start(own_home)
    for file in ("endpoint.json", "state.json", "signing.key", "server.key"):
        assert stat.S_IMODE((own_home.root / file).stat().st_mode) == 0o600, file


def test_an_emulator_that_cannot_start_shows_the_end_of_its_log(own_home: Home) -> None:
    own_home.root.mkdir()
    (own_home.root / "signing.key").write_text("no key")
    with pytest.raises(launcher.EmulatorError, match="Unable to load PEM file"):
        launcher.start(own_home)


def registered(home: Home) -> Azure:
    azure = Azure(home, launcher.start(home))
    for namespace in ("Microsoft.Storage", "Microsoft.ContainerRegistry", "Microsoft.Web"):
        azure.resources.providers.register(namespace)
    return azure


def test_a_port_that_something_else_took_meanwhile_is_replaced(own_home: Home) -> None:
    before = launcher.start(own_home)
    launcher.stop(own_home)
    port = int(before["resource_manager"].rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)):
        after = registered(own_home)
        assert after.endpoint["resource_manager"] != before["resource_manager"]
        assert after.resources.resource_groups.check_existence(after.group())


def test_what_cannot_be_served_after_a_restart_does_not_keep_the_emulator_from_starting(own_home: Home) -> None:
    launcher.start(own_home)
    azure = registered(own_home)
    group = azure.group()
    site = azure.site(group)
    launcher.stop(own_home)
    with socket.create_server(("127.0.0.1", int(site.default_host_name.rpartition(":")[2]))):
        azure = registered(own_home)
        assert "does not exist" in azure.control("GET", "status")["sites"][0]["state"]
        azure.web.web_apps.delete(group, site.name)
