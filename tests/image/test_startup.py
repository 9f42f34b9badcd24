"""startup.sh: what it refuses, and with which words."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from .conftest import STARTUP

AZURE_ROOT = "wasbs://mlflow@account.blob.core.windows.net/mlartefacts"


def startup(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", STARTUP],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def assert_refused(environment: dict[str, str], name: str) -> str:
    done = startup(environment)
    assert done.returncode == 2
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
        "MLFLOW_SERVER_FILE_STORE",
        "MLFLOW_SERVER_DEFAULT_ARTIFACT_ROOT",
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
        ("MLFLOW_SERVER_PORT", "http"),
        ("MLFLOW_SERVER_PORT", "-1"),
        ("MLFLOW_SERVER_PORT", "5000; id"),
        ("MLFLOW_SERVER_PORT", "99999999999999999999"),
        ("MLFLOW_SERVER_WORKERS", "0"),
        ("MLFLOW_SERVER_WORKERS", "two"),
        ("MLFLOW_SERVER_FILE_STORE", "mlruns"),
        ("MLFLOW_SERVER_DEFAULT_ARTIFACT_ROOT", "artifacts"),
        ("MLFLOW_SERVER_DEFAULT_ARTIFACT_ROOT", "wasbs://mlflow"),
        ("MLFLOW_SERVER_DEFAULT_ARTIFACT_ROOT", "wasbs://mlflow@account.blob.core.chinacloudapi.cn/x"),
    ],
)
def test_a_malformed_variable_is_named_and_shown(settings: dict[str, str], name: str, value: str) -> None:
    settings[name] = value
    assert f"'{value}'" in assert_refused(settings, name)


def test_a_file_store_that_cannot_be_written_is_refused(settings: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    settings["MLFLOW_SERVER_FILE_STORE"] = str(tmp_path / "a file" / "mlruns")
    assert "can write to" in assert_refused(settings, "MLFLOW_SERVER_FILE_STORE")


def test_artifacts_in_azure_need_a_connection_string(settings: dict[str, str]) -> None:
    settings["MLFLOW_SERVER_DEFAULT_ARTIFACT_ROOT"] = AZURE_ROOT
    assert "is not set" in assert_refused(settings, "AZURE_STORAGE_CONNECTION_STRING")


@pytest.mark.parametrize(
    "connection_string",
    [
        "c2VjcmV0",
        "AccountName=;AccountKey=c2VjcmV0",
        "AccountName=account;AccountKey=;Other=c2VjcmV0",
        "DefaultEndpointsProtocol=https;AccountKey=c2VjcmV0",
    ],
)
def test_a_malformed_connection_string_is_not_shown(settings: dict[str, str], connection_string: str) -> None:
    settings["MLFLOW_SERVER_DEFAULT_ARTIFACT_ROOT"] = AZURE_ROOT
    settings["AZURE_STORAGE_CONNECTION_STRING"] = connection_string
    assert "c2VjcmV0" not in assert_refused(settings, "AZURE_STORAGE_CONNECTION_STRING")
