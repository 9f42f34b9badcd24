"""Who a PostgreSQL server lets in, as clients of PostgreSQL meet it."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege, QueryCanceled

from tests.support.databases import AUDIENCE, ROLE, Database, new_user, object_id, refusal, token, user_token
from tests.support.directory import principal_of, registration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.emulated import Azure

SSL_REQUEST = bytes.fromhex("00000008 04d2162f")


@pytest.fixture
def server(azure: Azure) -> Database:
    return Database.opened(azure)


@pytest.fixture
def _lifetime(azure: Azure) -> Iterator[None]:
    yield
    azure.control("PUT", "tokens", {"lifetime": 3599})


def test_an_administrator_signs_in_with_a_token_as_its_role(server: Database) -> None:
    with server.connect() as session:
        rights = "rolsuper, rolcreatedb, rolcreaterole, pg_has_role('azure_pg_admin', 'member')"
        found = session.execute(f"SELECT current_user, {rights} FROM pg_roles WHERE rolname = current_user")
        assert found.fetchone() == (ROLE, False, True, True, True)
        session.execute("CREATE ROLE reader LOGIN")
        session.execute("CREATE DATABASE other")


def test_an_administrator_makes_tables_in_a_database_that_azure_made(server: Database) -> None:
    server.client.databases.begin_create(server.group, server.name, "mlflow", {}).result()
    with server.connect(dbname="mlflow") as session:
        session.execute("CREATE TABLE runs (id int)")
        session.execute("INSERT INTO runs VALUES (1)")
        assert session.execute("SELECT * FROM runs").fetchall() == [(1,)]
    with pytest.raises(psycopg.OperationalError, match='database "none" does not exist'):
        server.connect(dbname="none")
    with server.connect() as session, pytest.raises(InsufficientPrivilege):
        session.execute("SELECT pg_read_file('/etc/passwd')")
    assert "permission denied" in refusal(lambda: server.connect(dbname="azure_maintenance"))


def test_a_client_without_tls_is_refused_unless_the_server_is_told_otherwise(server: Database) -> None:
    def plain() -> psycopg.Connection:
        return server.connect(sslmode="disable")

    told = refusal(plain)
    assert f'no pg_hba.conf entry for host "127.0.0.1", user "{ROLE}", database "postgres", no encryption' in told
    server.configure("require_secure_transport", "off")
    assert plain().execute("SELECT 1").fetchone() == (1,)


def test_only_addresses_with_a_rule_are_let_in(azure: Azure) -> None:
    server = Database.created(azure)
    server.administrate(object_id(azure), ROLE)
    assert 'database "postgres", SSL encryption' in refusal(server.connect)
    server.let_in("203.0.113.1", "203.0.113.9", "office")
    assert "no pg_hba.conf entry" in refusal(server.connect)
    server.let_in("127.0.0.0", "127.0.0.255", "loopback")
    server.connect().close()
    server.update(network={"publicNetworkAccess": "Disabled"})
    assert "no pg_hba.conf entry" in refusal(server.connect)


def test_what_is_no_token_has_an_invalid_format(server: Database) -> None:
    told = refusal(lambda: server.connect(password="secret"))
    assert "The access token has invalid format. Please ensure the token is passed exactly as returned" in told
    assert "invalid format" in refusal(lambda: server.connect(password=token(server.azure)[:-8] + "AAAAAAAA"))


def test_a_token_for_another_service_has_no_valid_audience(server: Database) -> None:
    arm = token(server.azure, server.azure.endpoint["resource_manager"])
    told = refusal(lambda: server.connect(password=arm))
    assert f'does not have a valid audience claim. Please acquire a new token for the resource "{AUDIENCE}"' in told


@pytest.mark.usefixtures("_lifetime")
def test_a_token_opens_no_session_after_its_time_and_ends_none(server: Database) -> None:
    session = server.connect()
    server.azure.control("PUT", "tokens", {"lifetime": -1})
    old = token(server.azure)
    server.azure.control("PUT", "tokens", {"lifetime": 3599})
    assert "The access token has expired" in refusal(lambda: server.connect(password=old))
    assert session.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize(
    ("cloud", "audience"),
    [
        ("usgov", "https://ossrdbms-aad.database.usgovcloudapi.net"),
        ("china", "https://ossrdbms-aad.database.chinacloudapi.cn"),
    ],
)
def test_each_cloud_has_an_audience_of_its_own(server: Database, cloud: str, audience: str) -> None:
    own = token(server.azure, audience)
    assert "valid audience" in refusal(lambda: server.connect(password=own))
    server.azure.control("PUT", "cloud", {"name": cloud})
    server.connect(password=own).close()


def test_a_role_takes_only_the_tokens_of_its_own_principal(server: Database) -> None:
    other = principal_of(server.azure, registration(server.azure))
    server.administrate(other["id"], "other")
    told = refusal(lambda: server.connect("other"))
    assert "Service principal oid mismatch for role" in told
    assert f"[{other['id']}] does not match" in told
    assert object_id(server.azure) in told


def test_a_user_signs_in_as_a_user_and_as_nothing_else(server: Database) -> None:
    user = new_user(server.azure)
    name = user["userPrincipalName"]
    server.administrate(user["id"], name, "User")
    own = user_token(server.azure, user)
    with server.connect(name, own) as session:
        assert session.execute("SELECT current_user").fetchone() == (name,)
    assert "is neither an AAD_AUTH_TOKENTYPE_APP_USER or an" in refusal(lambda: server.connect(name))
    told = refusal(lambda: server.connect(ROLE, own))
    assert "Service principals cannot generate AAD_AUTH_TOKENTYPE_APP_USER tokens" in told


def test_a_role_that_nobody_gave_a_password_is_nobodys(server: Database) -> None:
    for role in ("nobody", "azuresu", "azure_pg_admin"):
        assert f'password authentication failed for user "{role}"' in refusal(lambda role=role: server.connect(role))  # type: ignore[misc]


def test_who_is_no_administrator_any_more_signs_in_no_more(server: Database) -> None:
    administrators = server.client.administrators_microsoft_entra
    administrators.begin_delete(server.group, server.name, object_id(server.azure)).result()
    assert "password authentication failed" in refusal(server.connect)
    server.administrate(object_id(server.azure), ROLE)
    server.connect().close()


def test_where_passwords_are_allowed_they_are_checked_by_what_postgresql_keeps_of_them(azure: Azure) -> None:
    login = {"administratorLogin": "someone", "administratorLoginPassword": "Pa55-word"}
    server = Database.created(azure, authConfig={"activeDirectoryAuth": "Enabled", "passwordAuth": "Enabled"}, **login)
    server.let_in()
    with server.connect("someone", "Pa55-word") as session:
        session.execute("CREATE ROLE reader LOGIN PASSWORD 'r3ad-only'")
    server.connect("reader", "r3ad-only").close()
    assert "password authentication failed" in refusal(lambda: server.connect("someone", "Pa55-wurd"))
    server.update(administratorLoginPassword="An0ther-one")
    assert "password authentication failed" in refusal(lambda: server.connect("someone", "Pa55-word"))
    server.connect("someone", "An0ther-one").close()
    server.update(authConfig={"passwordAuth": "Disabled"})
    assert "password authentication failed" in refusal(lambda: server.connect("someone", "An0ther-one"))


def test_a_small_server_has_35_connections_for_its_users(server: Database) -> None:
    password = token(server.azure)
    sessions = [server.connect(password=password) for _ in range(35)]
    assert "remaining connection slots are reserved" in refusal(lambda: server.connect(password=password))
    sessions.pop().close()
    for session in sessions:
        assert session.execute("SELECT 1").fetchone() == (1,)
        session.close()


def test_a_statement_is_cancelled_from_another_connection(server: Database) -> None:
    with server.connect() as session:
        session.execute("SET application_name = 'sleeper'")
        failed: list[BaseException] = []

        def sleep() -> None:
            try:
                session.execute("SELECT pg_sleep(600)")
            except QueryCanceled as cancelled:
                failed.append(cancelled)

        sleeper = threading.Thread(target=sleep)
        sleeper.start()
        with server.connect() as watcher:
            active = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'sleeper' AND state = 'active'"
            while watcher.execute(active).fetchone() != (1,):
                pass
        session.cancel_safe()
        sleeper.join()
        assert failed


def test_clients_that_say_nothing_or_nonsense_keep_nobody_out(server: Database) -> None:
    host, port = server.address

    async def crowd() -> None:
        silent = [await asyncio.open_connection(host, port) for _ in range(500)]
        for _, writer in silent:
            writer.write(SSL_REQUEST)
        for reader, _ in silent:
            assert await reader.readexactly(1) == b"S"
        await asyncio.to_thread(lambda: server.connect().close())
        for _, writer in silent:
            writer.close()

    asyncio.run(crowd())
    with socket.create_connection((host, port)) as client:
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert client.recv(1) == b""
    server.connect().close()
