"""PostgreSQL servers over stops, starts and ends: of the server, and of the emulator."""

from __future__ import annotations

import os
import signal
import socket
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import psycopg
import pytest
from azure.core.exceptions import HttpResponseError

from mlflow_azure.emulator import launcher
from tests.support.databases import Database
from tests.support.emulated import Azure, error_code
from tests.support.processes import alive

if TYPE_CHECKING:
    from mlflow_azure.emulator.home import Home


def registered(home: Home) -> Azure:
    azure = Azure(home, launcher.start(home))
    azure.resources.providers.register("Microsoft.DBforPostgreSQL")
    return azure


def filled(azure: Azure) -> Database:
    """A server with a table."""
    server = Database.opened(azure)
    with server.connect() as session:
        session.execute("CREATE TABLE runs AS SELECT 7 AS id")
    return server


def kept(server: Database) -> bool:
    with server.connect() as session:
        return session.execute("SELECT id FROM runs").fetchall() == [(7,)]


def processes(azure: Azure) -> list[psutil.Process]:
    """The emulator's PostgreSQL processes."""
    found = []
    for each in psutil.Process(azure.endpoint["pid"]).children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # a session's may end at any time
            if "postgres" in each.name():
                found.append(each)
    return found


def test_a_stopped_server_answers_nobody_and_has_its_data_when_it_is_started_again(azure: Azure) -> None:
    server = filled(azure)
    address, session = server.address, server.connect()
    server.servers.begin_stop(server.group, server.name).result()
    assert server.properties.state == "Stopped"
    with pytest.raises(psycopg.OperationalError):
        session.execute("SELECT 1")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)
    for begin in (server.servers.begin_stop, server.servers.begin_restart):
        with pytest.raises(HttpResponseError, match="Current Server State = Stopped") as refused:
            begin(server.group, server.name).result()
        assert error_code(refused.value) == "ServerIsNotReady"
    server.servers.begin_start(server.group, server.name).result()
    assert (server.properties.state, server.address) == ("Ready", address)
    assert kept(server)


def test_a_restart_cuts_sessions_and_keeps_data(azure: Azure) -> None:
    server = filled(azure)
    session = server.connect()
    server.servers.begin_restart(server.group, server.name).result()
    with pytest.raises(psycopg.OperationalError):
        session.execute("SELECT 1")
    assert kept(server)


def test_a_larger_size_takes_more_connections(azure: Azure) -> None:
    server = filled(azure)
    larger = {"sku": {"name": "Standard_B2s", "tier": "Burstable"}}
    server.servers.begin_update(server.group, server.name, larger).result()
    assert server.connect().execute("SHOW max_connections").fetchone() == ("429",)
    assert kept(server)


def test_a_deleted_server_leaves_no_process_and_gives_its_name_back(azure: Azure) -> None:
    server = filled(azure)
    address, own = server.address, f"databases/{server.name}"
    mine = [each for each in processes(azure) if own in " ".join(each.cmdline())]
    assert mine
    server.servers.begin_delete(server.group, server.name).result()
    server.servers.begin_delete(server.group, server.name).result()
    assert not [each for each in mine if alive(each)]
    assert not (azure.home.root / own).exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)
    question = {"name": server.name, "type": "Microsoft.DBforPostgreSQL/flexibleServers"}
    assert server.client.name_availability.check_globally(question).name_available


def test_a_stopped_server_can_be_deleted(azure: Azure) -> None:
    server = Database.created(azure)
    server.servers.begin_stop(server.group, server.name).result()
    server.servers.begin_delete(server.group, server.name).result()
    assert not list(server.servers.list_by_resource_group(server.group))


def test_a_stop_that_fails_leaves_the_server_running(azure: Azure) -> None:
    server = filled(azure)
    order = {"method": "POST", "path": "/stop$", "kind": "operation-failed", "code": "Boom", "message": "It broke."}
    azure.control("POST", "faults", order)
    with pytest.raises(HttpResponseError, match="It broke"):
        server.servers.begin_stop(server.group, server.name).result()
    assert server.properties.state == "Ready"
    assert kept(server)


def test_a_deleted_group_takes_its_servers_along(azure: Azure) -> None:
    server = filled(azure)
    azure.resources.resource_groups.begin_delete(server.group).result()
    assert not (azure.home.root / "databases" / server.name).exists()


def test_a_server_is_there_after_a_restart_of_the_emulator_at_the_same_address(own_home: Home) -> None:
    azure = registered(own_home)
    server, stopped = filled(azure), Database.created(azure)
    stopped.servers.begin_stop(stopped.group, stopped.name).result()
    address, before = server.address, processes(azure)
    assert before
    launcher.stop(own_home)
    assert not [each for each in before if alive(each)]
    again = Database(registered(own_home), server.group, server.name)
    assert again.address == address
    assert kept(again)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(stopped.address)


def test_what_was_committed_survives_a_kill_of_the_emulator(own_home: Home) -> None:
    azure = registered(own_home)
    server = filled(azure)
    leashed = processes(azure)
    sockets = Path((own_home.root / "databases" / server.name / "sockets").read_text())
    assert sockets.is_dir()
    os.kill(azure.endpoint["pid"], signal.SIGKILL)
    psutil.wait_procs(leashed, timeout=60)
    again = Database(registered(own_home), server.group, server.name)
    assert not [each for each in leashed if alive(each)]
    assert not sockets.exists()
    assert kept(again)
