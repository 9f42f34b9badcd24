"""A real PostgreSQL that takes TLS and passwords only, as Azure's does."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trustme

from mlflow_azure.emulator.runtime.listener import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_HBA = """local all all trust
hostssl all all 127.0.0.1/32 scram-sha-256
"""
_DEBIAN = Path("/usr/lib/postgresql")  # not on PATH: several versions may stand side by side


class Postgres:
    """A server of the tests' own, which ends with `stop`.

    Attributes:
        port: On 127.0.0.1.
        ca: PEM file of the authority that has signed its certificate.

    """

    def __init__(self) -> None:
        self._bin = _binaries()
        self._user = "postgres" if os.geteuid() == 0 else None  # PostgreSQL refuses to be root
        self._directory = Path(tempfile.mkdtemp(prefix="mlflow-azure-postgres-"))
        if self._user:
            shutil.chown(self._directory, self._user)
        self.port = free_port()
        self.ca = self._directory / "ca.pem"
        self._databases = 0

    def start(self) -> None:
        data = self._directory / "data"
        self._run("initdb", "--pgdata", data, "--username", "postgres", "--no-sync", "--auth", "trust")
        (data / "pg_hba.conf").write_text(_HBA)
        self._certify()
        options = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self._directory,
            "ssl": "on",
            "ssl_cert_file": self._directory / "server.pem",
            "ssl_key_file": self._directory / "server.key",
            "fsync": "off",
        }
        with (self._directory / "log").open("w") as log:
            self._process = subprocess.Popen(
                [self._bin / "postgres", "-D", data, *(f"--{name}={value}" for name, value in options.items())],
                user=self._user,
                stdout=log,
                stderr=log,
            )
        while self._psql("SELECT 1", "postgres").returncode:
            assert self._process.poll() is None, (self._directory / "log").read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.wait(60)
        shutil.rmtree(self._directory)

    def sql(self, statement: str, database: str = "postgres") -> str:
        """What a statement answers, as the superuser: columns with `|` between."""
        done = self._psql(statement, database)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @contextmanager
    def session(self, database: str) -> Iterator[Callable[[str], None]]:
        """A function that runs statements in one connection, which ends with the block."""
        process = subprocess.Popen(
            [*self._client(database), "-f", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdin
        assert process.stdout
        stdin, stdout = process.stdin, process.stdout

        def execute(statement: str) -> None:
            stdin.write(f"{statement};\n\\echo done\n")
            stdin.flush()
            while stdout.readline().strip() != "done":
                assert process.poll() is None

        yield execute
        process.communicate()

    def database(self, owner: str, template: str = "template1") -> str:
        """The name of a new database."""
        self._databases += 1
        name = f"mlflow{self._databases}"
        self.sql(f'CREATE DATABASE "{name}" OWNER "{owner}" TEMPLATE "{template}"')
        return name

    def set_password(self, user: str, password: str) -> None:
        self.sql(f"ALTER ROLE \"{user}\" PASSWORD '{password}'")

    def uri(self, user: str, database: str) -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def _certify(self) -> None:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.ca)
        certificate = authority.issue_cert("127.0.0.1")
        certificate.cert_chain_pems[0].write_to_path(self._directory / "server.pem")
        key = self._directory / "server.key"
        certificate.private_key_pem.write_to_path(key)
        key.chmod(0o600)
        self._directory.chmod(0o755)
        if self._user:
            shutil.chown(key, self._user)

    def _psql(self, statement: str, database: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self._client(database), "-c", statement],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def _client(self, database: str) -> list[str]:
        where = ["-h", str(self._directory), "-p", str(self.port), "-U", "postgres", "-d", database]
        return [str(self._bin / "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", *where]

    def _run(self, program: str, *arguments: str | Path) -> None:
        subprocess.run([self._bin / program, *arguments], user=self._user, check=True, capture_output=True, timeout=120)


def _binaries() -> Path:
    """Where the programs of one PostgreSQL stand, the newest that is installed."""
    debian = sorted(_DEBIAN.glob("*/bin"), key=lambda folder: float(folder.parts[-2]), reverse=True)
    on_path = [Path(folder) for folder in os.get_exec_path()]
    for folder in [*debian, *on_path]:
        if all((folder / program).exists() for program in ("initdb", "postgres", "psql")):
            return folder
    pytest.skip("PostgreSQL is not installed. On Debian: apt-get install postgresql")
