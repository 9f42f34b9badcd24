"""What the server is told, in its environment: read once, and refused with a sentence that names the variable."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from mlflow3_app.database import complete_uri
from mlflow3_app.errors import SettingsError

_WASBS = re.compile(
    r"wasbs://[^@/]+@[A-Za-z0-9]+\.blob\.core\.(windows\.net|chinacloudapi\.cn|usgovcloudapi\.net)(/.*)?"
)
_HOST_NAME = re.compile(r"[0-9A-Za-z.-]+(:[0-9]{1,5})?")
_WEBHOOK_KEY = re.compile(r"[0-9A-Za-z_-]{43}=")  # as cryptography.fernet.Fernet.generate_key() makes it
_FEWEST_CONNECTIONS = 4  # of a worker: what one request may need (connections.py), and one to spare


@dataclass(frozen=True)
class Settings:
    """The settings of a server that can start.

    Attributes:
        database_uri: With driver and TLS; without a password a token takes its place (database.py).
        database_connections: How many connections all workers together hold at most.
        artifact_destination: wasbs:// URI, or a directory.
        blob_endpoint: Where the account of the destination is reached; "" for the host in the URI.
        allowed_hosts: Names under which callers may ask; none for MLflow's own list.
        schema_upgrade: Whether an older schema may be migrated.
        passphrase: What the secrets of MLflow's gateway are encrypted with; "" for no gateway.
        migrate_from: A file store of MLflow 1.5.0, whose runs are to be moved; "" for none.
        migrated_artifacts: Where its server put artifacts, which are now in the destination; "" where they are not.
        task_token: What those have to show who ask for tasks, for these runs or for the database (tasks.py); "" to
            serve MLflow.

    """

    host: str
    port: int
    workers: int
    database_uri: str = field(repr=False)
    database_connections: int
    artifact_destination: str
    blob_endpoint: str
    allowed_hosts: tuple[str, ...]
    schema_upgrade: bool
    passphrase: str = field(repr=False)
    migrate_from: str = ""
    migrated_artifacts: str = ""
    task_token: str = field(default="", repr=False)

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Settings":
        """The settings in `environ`.

        Raises:
            SettingsError: One is missing or malformed.

        """
        _check_webhook_key(environ)
        host = _need(environ, "MLFLOW_SERVER_HOST", "the address to listen on, 0.0.0.0 for all")
        if not re.fullmatch(r"[0-9A-Za-z.:-]+", host):
            raise SettingsError(f"MLFLOW_SERVER_HOST must hold an address or a host name, but is '{host}'.")
        workers = _number(environ, "MLFLOW_SERVER_WORKERS", "the number of worker processes", range(1, 100))
        connections = _number(
            {"MLFLOW_SERVER_DATABASE_CONNECTIONS": str(max(20, workers * _FEWEST_CONNECTIONS)), **environ},
            "MLFLOW_SERVER_DATABASE_CONNECTIONS",
            f"the connections that {workers} workers may hold",
            range(workers * _FEWEST_CONNECTIONS, 1000),
        )
        return cls(
            host=host,
            port=_number(environ, "MLFLOW_SERVER_PORT", "the port to listen on", range(1, 65536)),
            workers=workers,
            database_uri=_database_uri(environ),
            database_connections=connections,
            artifact_destination=_artifact_destination(environ),
            blob_endpoint=_blob_endpoint(environ),
            allowed_hosts=_allowed_hosts(environ),
            schema_upgrade=_switch(environ, "MLFLOW_SERVER_SCHEMA_UPGRADE"),
            passphrase=_secret(environ, "MLFLOW_CRYPTO_KEK_PASSPHRASE"),
            migrate_from=environ.get("MLFLOW_SERVER_MIGRATE_FROM", ""),
            migrated_artifacts=environ.get("MLFLOW_SERVER_MIGRATED_ARTIFACTS", ""),
            task_token=_task_token(environ),
        )


def _need(environ: Mapping[str, str], name: str, meaning: str) -> str:
    if value := environ.get(name, ""):
        return value
    raise SettingsError(f"{name} is not set; it must hold {meaning}.")


def _number(environ: Mapping[str, str], name: str, meaning: str, allowed: range) -> int:
    value = _need(environ, name, meaning)
    if re.fullmatch("[0-9]{1,5}", value) and int(value) in allowed:
        return int(value)
    raise SettingsError(
        f"{name} must hold {meaning}, a whole number from {allowed[0]} to {allowed[-1]}, but is '{value}'."
    )


def _switch(environ: Mapping[str, str], name: str) -> bool:
    value = environ.get(name) or "false"
    if value in ("true", "false"):
        return value == "true"
    raise SettingsError(f"{name} must be true or false, but is '{value}'.")


def _task_token(environ: Mapping[str, str]) -> str:
    name = "MLFLOW_SERVER_MIGRATION_TOKEN"
    if not environ.get("MLFLOW_SERVER_MIGRATE_FROM"):
        return environ.get(name, "")
    return _need(environ, name, "what callers have to show")


def _secret(environ: Mapping[str, str], name: str) -> str:
    """A value that may come from Key Vault. Where App Service could not get it, it hands on the reference instead."""
    value = environ.get(name, "")
    if value.startswith("@Microsoft.KeyVault("):
        raise SettingsError(
            f"{name} is a reference to Key Vault that App Service could not resolve: the web app's identity needs the "
            "role Key Vault Secrets User on the secret. Then restart the web app."
        )
    return value


def _check_webhook_key(environ: Mapping[str, str]) -> None:
    """Refuse what MLflow, which reads it itself, would end with a traceback for."""
    name = "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY"
    key = _secret(environ, name)
    if key and not _WEBHOOK_KEY.fullmatch(key):
        raise SettingsError(f"{name} must hold 32 random bytes in URL-safe Base64 (its value is not shown here).")


def _database_uri(environ: Mapping[str, str]) -> str:
    name = "MLFLOW_SERVER_DATABASE_URI"
    _need(environ, name, "the database, postgresql://<user>@<host>/<database>")
    uri = _secret(environ, name)
    try:
        return complete_uri(uri, environ)
    except ValueError as error:  # its message does not show the value, which may hold a password
        raise SettingsError(f"{name} {error} (its value is not shown here).") from None


def _artifact_destination(environ: Mapping[str, str]) -> str:
    name = "MLFLOW_SERVER_ARTIFACT_DESTINATION"
    form = "wasbs://<container>@<account>.blob.core.windows.net/<path>"
    value = _need(environ, name, f"where artifacts go, {form}")
    if value.startswith("/") or _WASBS.fullmatch(value):
        return value.rstrip("/")
    raise SettingsError(f"{name} must look like {form} or hold an absolute path, but is '{value}'.")


def _blob_endpoint(environ: Mapping[str, str]) -> str:
    name = "MLFLOW_SERVER_BLOB_ENDPOINT"
    value = environ.get(name, "")
    if value and not re.fullmatch(r"https://[^\s?#@]+", value):
        # A token goes there: the Azure SDK sends none without TLS.
        raise SettingsError(f"{name} must hold the https:// address of the account's blobs, but is '{value}'.")
    return value


def _allowed_hosts(environ: Mapping[str, str]) -> tuple[str, ...]:
    name = "MLFLOW_SERVER_ALLOWED_HOSTS"
    hosts = tuple(host for part in environ.get(name, "").split(",") if (host := part.strip()))
    for host in hosts:
        if not _HOST_NAME.fullmatch(host):
            raise SettingsError(f"{name} must hold host names, separated by commas, but has '{host}'.")
    return hosts
