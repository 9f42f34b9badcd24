"""What `mlflow-azure local-run` refuses without a container engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.command import Command

NO_ENGINE = {"DOCKER_HOST": "unix:///no/engine.sock"}


def test_without_an_engine_it_ends_with_5_and_says_how_to_get_one(cli: Command) -> None:
    refused = cli("local-run", "--output", "json", **NO_ENGINE)
    assert refused.exit_code == 5
    (error,) = refused.errors
    assert error["code"] == "NoContainerEngine"
    assert "unix:///no/engine.sock" in error["message"]
    assert "https://docs.docker.com/get-docker/" in error["hint"]
    assert error["hint"].endswith(" deploy --cloud emulator")


def test_stopping_without_an_engine_ends_with_5(cli: Command) -> None:
    assert cli("local-run", "--stop", **NO_ENGINE).exit_code == 5


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--name", "a b"], "--name"),
        (["--port", "70000"], "--port"),
        (["--docker-base-image", "python:3.11 slim"], "DOCKER_BASE_IMAGE"),
        (["--mlflow-filestore", "/elsewhere"], "MLFLOW_FILESTORE"),
        (["--build-ca", "no-such-file.pem"], "--build-ca"),
        (["--storage-connection-string", "--use-deployed"], "--use-deployed"),
        (["--postgres"], "--postgres"),
        (["--storage-connection-string"], "AZURE_STORAGE_CONNECTION_STRING"),
    ],
)
def test_a_wrong_option_is_named_before_an_engine_is_looked_for(cli: Command, arguments: list[str], named: str) -> None:
    refused = cli("local-run", "--output", "json", *arguments, **NO_ENGINE)
    assert refused.exit_code == 2
    assert named in refused.errors[0]["message"]


def test_a_malformed_connection_string_is_refused_and_not_quoted(cli: Command) -> None:
    refused = cli("local-run", "--storage-connection-string", AZURE_STORAGE_CONNECTION_STRING="hunter2", **NO_ENGINE)
    assert refused.exit_code == 2
    assert "AZURE_STORAGE_CONNECTION_STRING" in refused.stderr
    assert "hunter2" not in refused.stdout + refused.stderr


def test_an_account_that_only_this_machine_reaches_is_refused(cli: Command) -> None:
    string = "AccountName=devstoreaccount1;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:10000"
    refused = cli("local-run", "--storage-connection-string", AZURE_STORAGE_CONNECTION_STRING=string, **NO_ENGINE)
    assert refused.exit_code == 2
    assert "127.0.0.1" in refused.stderr
