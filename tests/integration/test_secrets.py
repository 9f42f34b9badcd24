"""No key, password, connection string or token reaches any output, process argument or file outside the emulator."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mlflow_azure.cli.names import NAMES
from tests.support.canaries import GZIP, TOKEN, Processes, assert_clean, assert_clean_files

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
def processes(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    with Processes(tmp_path_factory.getbasetemp()) as processes:
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
    settings = app_settings(first, shared_emulator)
    publishing = azure.web.web_apps.begin_list_publishing_credentials(group, names["web app"]).result()
    return {
        **{f"account {key.key_name}": key.value for key in keys},
        **{f"registry {each.name.value}": each.value for each in passwords},
        "connection string": settings["AZURE_STORAGE_CONNECTION_STRING"],
        "publishing password": publishing.publishing_password,
        "client secret": azure.endpoint["client_secret"],
    }


def app_settings(first: Result, shared_emulator: Emulator) -> dict[str, str]:
    names = {row["kind"]: row["name"] for row in first.data["resources"]}
    web = shared_emulator.azure.web.web_apps
    return dict(web.list_application_settings(names["resource group"], names["web app"]).properties)


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


BACKUP, ROTATION = ("backup", "backup"), ("rotate-keys", "--yes")
IN_THIS_ORDER = {
    ("init",): 2,
    ("settings", "init"): 0,
    ("settings", "import", "deploy.sh", "--yes"): 0,
    ("emulator", "start"): 0,
    ("emulator", "status"): 0,
    ("list",): 0,
    ("open",): 0,
    ("ssh", *JSON, "--verbose", "true"): 1,
    ("local-run", "--use-deployed"): 2,
    ("upgrade", "--to", "3"): 2,
    ("restore", "backup", "--local", "restored"): 0,
    ("cd", "enable"): 0,
    ("cd", "status"): 0,
    ("cd", "disable"): 0,
    ("auth", "enable"): 0,
    ("auth", "disable", "--yes"): 0,
}
"""All other commands, with what they end with where nobody answers questions, and nothing runs containers."""
TOKEN_ITSELF = ("auth", "token")
LAST = [("destroy", "--yes"), ("emulator", "stop"), ("emulator", "reset", "--yes")]


def test_no_command_is_left_out() -> None:
    lines = [*COMMANDS, BACKUP, ROTATION, *IN_THIS_ORDER, TOKEN_ITSELF, *LAST]
    assert [name for name in NAMES if not any(" ".join(line).startswith(name) for line in lines)] == []


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
    said = [shared_cli.cold(*line, *JSON, "--verbose") for line in (BACKUP, ROTATION)]
    assert [each.exit_code for each in said] == [0, 0], said
    rotated = secrets_of(first, shared_emulator)
    assert rotated["account key1"] != before["account key1"]
    secrets.update({f"{what}, rotated": secret for what, secret in rotated.items()})  # what follows looks for both
    for each in said:
        assert_clean(each.stdout + each.stderr, secrets)


@pytest.mark.parametrize(("line", "code"), IN_THIS_ORDER.items(), ids=[" ".join(line) for line in IN_THIS_ORDER])
def test_none_is_shown_by_a_command_that_changes_something_or_fails(
    first: Result,
    shared_cli: Command,
    shared_emulator: Emulator,
    secrets: dict[str, str],
    line: tuple[str, ...],
    code: int,
) -> None:
    (shared_cli.directory / "deploy.sh").write_text("RG_NAME=imported\n")
    answer = shared_cli(*line, *JSON, "--verbose", DOCKER_HOST="tcp://127.0.0.1:1", BROWSER="true %s")
    assert answer.exit_code == code, answer.stderr
    if line == ("auth", "enable"):
        secrets["sign-in secret"] = app_settings(first, shared_emulator)["MLFLOW_AZURE_SIGN_IN_SECRET"]
        token = shared_cli(*TOKEN_ITSELF, *JSON, "--verbose")
        assert TOKEN.search(token.stdout)
        assert_clean(token.stderr, secrets)
    assert_clean(answer.stdout + answer.stderr, secrets)


GIVEN = {
    "AAD_CLIENT_SECRET": "canary-of-the-client",
    "MLFLOW_BACKEND_URI": "postgresql://someone:canary-of-the-database@db.example:5432/mlflow",
}
THREE = ("--mlflow", "3", "--public")


@pytest.mark.parametrize(
    "line",
    [
        ("plan", *THREE),
        ("deploy", *THREE, "--rg-location", "nowhere"),
        ("doctor", "--mlflow", "3"),
        ("settings", "show", "--mlflow", "3"),
        ("settings", "show", "--mlflow", "2"),
        ("auth", "enable", "--client-id", "someone's"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("output", ["text", "json"])
def test_none_that_the_user_gave_is_shown(
    shared_cli: Command, shared_emulator: Emulator, line: tuple[str, ...], output: str
) -> None:
    answer = shared_cli(*line, *EMULATOR, "--output", output, "--verbose", RG_NAME="given", **GIVEN)
    assert "canary" not in answer.stdout + answer.stderr
    assert "internal error" not in answer.stderr


def test_none_is_in_a_layer_of_the_image(shared_emulator: Emulator, secrets: dict[str, str]) -> None:
    blobs = [file for file in (shared_emulator.home.root / "registries").rglob("*") if file.is_file()]
    layers = [file.read_bytes() for file in blobs if file.name == "data"]
    packed = [each for each in layers if each.startswith(GZIP)]
    assert packed
    for layer in [*layers, *map(gzip.decompress, packed)]:
        assert_clean(layer.decode(errors="replace"), secrets)


@pytest.mark.parametrize("line", LAST, ids=" ".join)
def test_none_is_shown_by_a_command_that_ends_something(
    shared_cli: Command, secrets: dict[str, str], line: tuple[str, ...]
) -> None:
    answer = shared_cli(*line, *JSON, "--verbose")
    assert answer.exit_code == 0, answer.stderr
    assert_clean(answer.stdout + answer.stderr, secrets)


def test_none_stood_in_a_process_argument_nor_in_the_environment_of_a_command(
    processes: Processes, secrets: dict[str, str]
) -> None:
    processes.assert_clean("deploy", secrets)
    processes.assert_clean("rotate-keys", secrets)


def test_none_was_written_to_a_file_outside_the_emulator(
    home: Path, shared_cli: Command, secrets: dict[str, str]
) -> None:
    assert_clean_files((home, shared_cli.directory), secrets)
