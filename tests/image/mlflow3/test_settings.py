"""What MLflow 3's server refuses to start with, and with which words."""

from __future__ import annotations

import subprocess

import pytest

from .conftest import STARTUP

pytestmark = pytest.mark.slow


def assert_refused(environment: dict[str, str], name: str) -> str:
    done = subprocess.run(["sh", STARTUP], env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith(f"mlflow: {name}")
    assert done.stderr.count("\n") == 1
    return done.stderr


@pytest.mark.parametrize(
    "name",
    [
        "MLFLOW_SERVER_HOST",
        "MLFLOW_SERVER_PORT",
        "MLFLOW_SERVER_WORKERS",
        "MLFLOW_SERVER_DATABASE_URI",
        "MLFLOW_SERVER_ARTIFACT_DESTINATION",
    ],
)
@pytest.mark.parametrize("missing", [True, False])
def test_a_missing_or_empty_variable_is_named(settings: dict[str, str], name: str, missing: bool) -> None:
    del settings[name]
    if not missing:
        settings[name] = ""
    assert f"{name} is not set" in assert_refused(settings, name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MLFLOW_SERVER_HOST", "0.0.0.0 --reload"),
        ("MLFLOW_SERVER_PORT", "0"),
        ("MLFLOW_SERVER_PORT", "65536"),
        ("MLFLOW_SERVER_PORT", "5000; id"),
        ("MLFLOW_SERVER_WORKERS", "0"),
        ("MLFLOW_SERVER_DATABASE_CONNECTIONS", "3"),
        ("MLFLOW_SERVER_ARTIFACT_DESTINATION", "artifacts"),
        ("MLFLOW_SERVER_ARTIFACT_DESTINATION", "wasbs://mlflow"),
        ("MLFLOW_SERVER_ARTIFACT_DESTINATION", "wasbs://mlflow@account.blob.example.com/x"),
        ("MLFLOW_SERVER_BLOB_ENDPOINT", "http://account.blob.core.windows.net/"),
        ("MLFLOW_SERVER_ALLOWED_HOSTS", "*"),
        ("MLFLOW_SERVER_SCHEMA_UPGRADE", "yes"),
    ],
)
def test_a_malformed_variable_is_named_and_shown(settings: dict[str, str], name: str, value: str) -> None:
    settings[name] = value
    assert f"'{value}'" in assert_refused(settings, name)


@pytest.mark.parametrize(
    "uri",
    [
        "c2VjcmV0",
        "mysql://user:c2VjcmV0@host/database",
        "postgresql://user:c2VjcmV0@host",
        "postgresql://user:c2VjcmV0@host:port/database",
        "sqlite:///c2VjcmV0",
    ],
)
def test_a_malformed_database_uri_is_not_shown(settings: dict[str, str], uri: str) -> None:
    settings["MLFLOW_SERVER_DATABASE_URI"] = uri
    assert "c2VjcmV0" not in assert_refused(settings, "MLFLOW_SERVER_DATABASE_URI")


def test_a_malformed_key_of_webhooks_is_not_shown(settings: dict[str, str]) -> None:
    name = "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY"
    settings[name] = "c2VjcmV0"
    assert "c2VjcmV0" not in assert_refused(settings, name)


@pytest.mark.parametrize(
    "name", ["MLFLOW_SERVER_DATABASE_URI", "MLFLOW_CRYPTO_KEK_PASSPHRASE", "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY"]
)
def test_a_reference_to_key_vault_is_not_taken_for_the_secret(settings: dict[str, str], name: str) -> None:
    settings[name] = "@Microsoft.KeyVault(SecretUri=https://my-vault.vault.azure.net/secrets/one)"
    assert "Key Vault Secrets User" in assert_refused(settings, name)


def test_a_token_is_not_sent_where_the_server_is_not_verified(settings: dict[str, str]) -> None:
    settings["MLFLOW_SERVER_DATABASE_URI"] = "postgresql://identity@host/mlflow?sslmode=require"
    assert "verify-full" in assert_refused(settings, "MLFLOW_SERVER_DATABASE_URI")
