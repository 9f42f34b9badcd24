"""No key, password, connection string or token reaches any output, process argument or file outside the emulator."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.canaries import GZIP, Processes, assert_clean, assert_clean_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.command import Command, Result
    from tests.support.running_emulator import Emulator

EMULATOR = ("--cloud", "emulator")
JSON = (*EMULATOR, "--output", "json")


@pytest.fixture(scope="module")
def home(shared_cli: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Home and temporary directory of the user, whose files are looked into afterwards."""
    home = tmp_path_factory.mktemp("home")
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")  # a new one would be built first
    shared_cli.environ.update(HOME=str(home), TMPDIR=str(home), XDG_CACHE_HOME=cache)
    return home


@pytest.fixture(scope="module")
def processes(home: Path) -> Iterator[Processes]:
    with Processes() as processes:
        yield processes


@pytest.fixture(scope="module")
def first(processes: Processes, shared_cli: Command, shared_emulator: Emulator) -> Result:
    return shared_cli.cold("deploy", *JSON, "--verbose")


@pytest.fixture(scope="module")
def secrets(first: Result, shared_emulator: Emulator) -> dict[str, str]:
    """Everything secret in the deployment, by what it is."""
    return secrets_of(first, shared_emulator)


def secrets_of(first: Result, shared_emulator: Emulator) -> dict[str, str]:
    names = {row["kind"]: row["name"] for row in first.data["resources"]}
    azure, group = shared_emulator.azure, names["resource group"]
    keys = azure.storage.storage_accounts.list_keys(group, names["storage account"]).keys_property
    passwords = azure.registries.registries.list_credentials(group, names["container registry"]).passwords
    settings = azure.web.web_apps.list_application_settings(group, names["web app"]).properties
    publishing = azure.web.web_apps.begin_list_publishing_credentials(group, names["web app"]).result()
    return {
        **{f"account {key.key_name}": key.value for key in keys},
        **{f"registry {each.name.value}": each.value for each in passwords},
        "connection string": settings["AZURE_STORAGE_CONNECTION_STRING"],
        "publishing password": publishing.publishing_password,
        "client secret": azure.endpoint["client_secret"],
    }


def test_a_verbose_first_deploy_shows_none(first: Result, secrets: dict[str, str]) -> None:
    assert_clean(first.stdout + first.stderr, secrets)


COMMANDS = [
    ("deploy", "--verbose"),
    ("plan", "--verbose", "--mlflow-workers", "2"),
    ("status", "--verbose"),
    ("env",),
    ("logs",),
    ("doctor",),
    ("settings", "show", "--verbose"),
]


@pytest.mark.parametrize("line", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("output", ["text", "json"])
def test_no_other_command_shows_one(
    shared_cli: Command, secrets: dict[str, str], line: tuple[str, ...], output: str
) -> None:
    answer = shared_cli(*line, *EMULATOR, "--output", output)
    assert answer.exit_code == 0, answer.stderr
    assert_clean(answer.stdout + answer.stderr, secrets)


def test_secrets_that_azure_quotes_in_an_error_are_hidden(
    shared_cli: Command, shared_emulator: Emulator, secrets: dict[str, str]
) -> None:
    quoted = {"message": f"Refused: {', '.join(secrets.values())}.", "status": 400, "code": "BadRequest"}
    shared_emulator.fail(method="PUT", path="config/appsettings", kind="status", **quoted)
    answer = shared_cli("deploy", *JSON, "--verbose", "--mlflow-workers", "2")
    assert answer.exit_code == 4
    assert "Refused: (secret)" in answer.errors[0]["message"]
    assert "Traceback" in answer.stderr
    ours = {what: secret for what, secret in secrets.items() if what not in UNSEEN}
    assert_clean(answer.stdout + answer.stderr, ours)


UNSEEN = {"publishing password"}
"""What deploy has never asked Azure for, and so cannot recognise."""


def test_env_shows_the_connection_string_when_it_is_asked_to(shared_cli: Command, secrets: dict[str, str]) -> None:
    answer: dict[str, Any] = shared_cli("env", *JSON, "--show-secrets").data
    assert answer["AZURE_STORAGE_CONNECTION_STRING"] == secrets["connection string"]


def test_a_backup_and_a_rotation_show_none_of_the_old_keys_and_none_of_the_new(
    first: Result, shared_cli: Command, shared_emulator: Emulator, secrets: dict[str, str]
) -> None:
    before = dict(secrets)
    said = [
        shared_cli.cold("backup", "backup", *JSON, "--verbose"),
        shared_cli.cold("rotate-keys", *JSON, "--yes", "--verbose"),
    ]
    assert [each.exit_code for each in said] == [0, 0], said
    rotated = secrets_of(first, shared_emulator)
    assert rotated["account key1"] != before["account key1"]
    secrets.update({f"{what}, rotated": secret for what, secret in rotated.items()})  # what follows looks for both
    for each in said:
        assert_clean(each.stdout + each.stderr, secrets)


def test_none_is_in_a_layer_of_the_image(shared_emulator: Emulator, secrets: dict[str, str]) -> None:
    blobs = [file for file in (shared_emulator.home.root / "registries").rglob("*") if file.is_file()]
    layers = [file.read_bytes() for file in blobs if file.name == "data"]
    packed = [each for each in layers if each.startswith(GZIP)]
    assert packed
    for layer in [*layers, *map(gzip.decompress, packed)]:
        assert_clean(layer.decode(errors="replace"), secrets)


def test_none_stood_in_a_process_argument_nor_in_the_environment_of_a_command(
    processes: Processes, secrets: dict[str, str]
) -> None:
    processes.assert_clean("deploy", secrets)
    processes.assert_clean("rotate-keys", secrets)


def test_none_was_written_to_a_file_outside_the_emulator(
    home: Path, shared_cli: Command, secrets: dict[str, str]
) -> None:
    assert_clean_files((home, shared_cli.directory), secrets)
