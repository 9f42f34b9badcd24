from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlflow_azure.settings import SETTINGS
from mlflow_azure.settings.script import read_script

DEPLOY_SH = Path(__file__).parents[1] / "unit" / "settings" / "deploy.sh"
SUBSCRIPTION = "6a7c3c0e-36b5-4c6f-9f0b-0c3f0a1b2c3d"

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Runs `mlflow-azure settings …` in a directory of its own; keyword arguments are environment variables."""

    def run(*arguments: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
        inherited = {name: value for name, value in os.environ.items() if name not in SETTINGS}
        return subprocess.run(
            [sys.executable, "-m", "mlflow_azure", "settings", *map(str, arguments)],
            cwd=tmp_path,
            env={**inherited, "COLUMNS": "300", **environ},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    return run


def data(result: subprocess.CompletedProcess[str]) -> Any:
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)["data"]


def shown(result: subprocess.CompletedProcess[str]) -> dict[str, tuple[str | None, str, str]]:
    return {row["name"]: (row["value"], row["source"], row["place"]) for row in data(result)["settings"]}


def test_init_writes_a_file_that_sets_nothing(command: Command, tmp_path: Path) -> None:
    assert data(command("init", "--output", "json")) == {"file": "mlflow-azure.env"}
    assert "#RG_NAME=mlflow-rg\n" in (tmp_path / "mlflow-azure.env").read_text(encoding="utf-8")
    assert {source for _, source, _ in shown(command("show", "--output", "json")).values()} == {"default"}


def test_init_overwrites_only_when_told_to(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "mine.env"
    file.write_text("RG_NAME=precious\n", encoding="utf-8")
    refused = command("init", "--settings", file)
    assert refused.returncode == 2
    assert "--yes" in refused.stderr
    assert file.read_text(encoding="utf-8") == "RG_NAME=precious\n"
    assert command("init", "--settings", file, "--yes").returncode == 0
    assert "precious" not in file.read_text(encoding="utf-8")


def test_init_where_nothing_can_be_written_says_why(command: Command, tmp_path: Path) -> None:
    failed = command("init", "--settings", tmp_path / "missing" / "mine.env")
    assert failed.returncode == 1
    assert "No such file or directory" in failed.stderr
    assert "--settings FILE" in failed.stderr


def test_init_where_no_file_can_have_that_name_says_why(command: Command) -> None:
    refused = command("init", "--settings", "a" * 300)
    assert refused.returncode == 1
    assert f"writing {'a' * 300}: File name too long" in refused.stderr


def test_show_tells_each_value_and_its_source(command: Command, tmp_path: Path) -> None:
    (tmp_path / "mlflow-azure.env").write_text("RG_NAME=file1\nASP_NAME=file1\nACR_NAME=file1\n", encoding="utf-8")
    rows = shown(command("show", "--output", "json", "--rg-name", "option1", RG_NAME="env1", ASP_NAME="env1"))
    assert rows["RG_NAME"] == ("option1", "option", "--rg-name")
    assert rows["ASP_NAME"] == ("env1", "environment", "environment")
    assert rows["ACR_NAME"] == ("file1", "file", "mlflow-azure.env, line 3")
    assert rows["ASP_SKU"] == ("S1", "default", "default")


def test_show_resolves_what_depends_on_the_subscription_once_it_is_known(command: Command) -> None:
    without = shown(command("show", "--output", "json"))
    assert without["WEB_APP_NAME"] == (None, "default", "default")
    known = shown(command("show", "--output", "json", "--subscription-id", SUBSCRIPTION))
    assert known["WEB_APP_NAME"] == ("mlflow-5ehqf5jb", "default", "default")


def test_show_for_people_describes_what_is_not_known(command: Command) -> None:
    lines = command("show").stdout.splitlines()
    assert len(lines) == 1 + len(SETTINGS)
    assert any(
        line.startswith("SUBSCRIPTION_ID") and "the subscription of the signed-in account" in line for line in lines
    )


def test_every_setting_that_is_no_secret_is_an_option_of_a_command(command: Command) -> None:
    known = shown(command("show", "--output", "json", "--subscription-id", SUBSCRIPTION))
    text = {name: value or "" for name, (value, _, _) in known.items()}
    text |= {
        "AAD_ISSUER_URL": "https://sts.windows.net/x/",
        "ALLOW_IP": "10.0.0.0/8",
        "ALLOW_USER": "ann@example.com",
        "ALLOW_GROUP": "Data Science",
        "AUTOSCALE": "off",
        "PRIVATE_NETWORK": "off",
        "MLFLOW_BACKEND_URI_SECRET": "https://team.vault.azure.net/secrets/mlflow",
        "DOCKER_BASE_IMAGE": "registry.example.com/python:3.11",
    }
    open_ones = {name: setting for name, setting in SETTINGS.items() if not setting.secret}
    options = [word for name, setting in open_ones.items() for word in (setting.option, text[name])]
    rows = shown(command("show", "--output", "json", *options))
    assert rows | {name: (text[name], "option", setting.option) for name, setting in open_ones.items()} == rows


def test_a_secret_comes_from_the_environment_only_and_is_not_shown(command: Command) -> None:
    secret = "AAD_CLIENT_SECRET"
    result = command("show", "--output", "json", **{secret: "correct-horse"})
    assert shown(result)[secret] == ("(secret)", "environment", "environment")
    assert "correct-horse" not in result.stdout + result.stderr
    assert command("show", SETTINGS[secret].option, "correct-horse").returncode == 2


def test_a_faulty_secret_is_not_shown_either(command: Command) -> None:
    secret = next(name for name, setting in SETTINGS.items() if setting.secret)
    result = command("show", "--output", "json", **{secret: "two words"})
    assert result.returncode == 2
    assert "two words" not in result.stdout + result.stderr


def test_an_option_that_takes_several_values_may_be_repeated(command: Command) -> None:
    rows = shown(command("show", "--output", "json", "--allow-ip", "10.0.0.0/8", "--allow-ip", "203.0.113.7"))
    assert rows["ALLOW_IP"] == ("10.0.0.0/8,203.0.113.7", "option", "--allow-ip")


def test_the_help_names_every_setting_with_its_default(command: Command) -> None:
    text = " ".join(command("show", "--help", NO_COLOR="1").stdout.split())
    for setting in (each for each in SETTINGS.values() if not each.secret):
        assert setting.option in text
        assert f"{setting.meaning} ({setting.name}; default: {setting.default_words})." in text


def test_faulty_settings_are_reported_at_once_with_exit_code_2(command: Command) -> None:
    result = command("show", "--output", "json", "--acr-name", "x", MLFLOW_PORT="none")
    assert result.returncode == 2
    answer = json.loads(result.stdout)
    assert answer["status"] == "failed"
    assert [error["message"].partition(":")[0] for error in answer["errors"]] == [
        "ACR_NAME (from --acr-name)",
        "MLFLOW_PORT (from environment)",
    ]


def test_import_answers_with_a_settings_file_and_says_what_it_left_out(command: Command, tmp_path: Path) -> None:
    result = command("import", DEPLOY_SH)
    assert result.returncode == 0
    assert "RG_NAME=team-mlflow\n" in result.stdout
    assert "STORAGE_ACCOUNT_NAME was left out (deploy.sh, line 26): $RANDOM differs on every run" in result.stderr
    assert "SP_PASSWORD" in result.stderr
    assert "battery" not in result.stdout + result.stderr
    assert not any(tmp_path.iterdir())


def test_what_import_wrote_is_what_the_next_command_uses(command: Command) -> None:
    written = data(command("import", DEPLOY_SH, "--write", "--output", "json"))
    assert written["file"] == "mlflow-azure.env"
    assert [item["name"] for item in written["left_out"]][:2] == ["WEB_APP_NAME", "MLFLOW_WORKERS"]
    assert {"name": "SP_PASSWORD", "place": "deploy.sh, line 36"} in written["unknown"]
    rows = shown(command("show", "--output", "json"))
    assert {name: rows[name][0] for name in written["settings"]} == written["settings"]


def test_import_refuses_to_overwrite_a_settings_file(command: Command, tmp_path: Path) -> None:
    (tmp_path / "mlflow-azure.env").write_text("RG_NAME=precious\n", encoding="utf-8")
    assert command("import", DEPLOY_SH, "--write").returncode == 2
    assert (tmp_path / "mlflow-azure.env").read_text(encoding="utf-8") == "RG_NAME=precious\n"


def test_import_of_a_script_that_is_not_there_says_so(command: Command) -> None:
    result = command("import", "missing.sh")
    assert result.returncode == 2
    assert "reading missing.sh: No such file or directory" in result.stderr


@pytest.mark.skipif(not shutil.which("bash"), reason="compares with bash")
def test_the_fixtures_values_are_those_that_bash_gives() -> None:
    text = DEPLOY_SH.read_text(encoding="utf-8")
    block = text.partition("### Resources")[0]
    names = {name: value.text for name, value in read_script(text, "deploy.sh").values.items()}
    script = block + "".join(f'printf "%s\\0" "${name}"\n' for name in names)
    shown = subprocess.run(["bash", "-c", script], capture_output=True, check=True, encoding="utf-8").stdout
    assert dict(zip(names, shown.split("\0"), strict=False)) == names


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"# A page\n\nNothing here is a script.\n", "sets none of the settings"),
        (b"", "sets none of the settings"),
        (b"\x89PNG\r\n\x1a\n\x00", "not UTF-8 text"),
    ],
)
def test_import_of_what_is_no_script_writes_nothing_and_says_so(
    command: Command, tmp_path: Path, content: bytes, words: str
) -> None:
    (tmp_path / "notes.md").write_bytes(content)
    result = command("import", "notes.md", "--write")
    assert result.returncode == 2
    assert f"reading notes.md: it {'is ' * words.startswith('not')}{words}" in result.stderr
    assert not (tmp_path / "mlflow-azure.env").exists()
