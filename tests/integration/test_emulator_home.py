"""An emulator that cannot go on says why, and how to go on with what is in it. No remedy is to delete it."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from mlflow_azure.cli.extras import install
from mlflow_azure.emulator import launcher
from mlflow_azure.emulator.home import Home
from tests.support.disturbed import disturbed
from tests.support.running_emulator import started

if TYPE_CHECKING:
    from tests.support.command import Command
    from tests.support.running_emulator import Emulator

JSON = ("--output", "json")
CLOUD = ("--cloud", "emulator", *JSON)
SMALL = 4096  # bytes


def home_of(cli: Command) -> Home:
    return Home(Path(cli.environ["MLFLOW_AZURE_EMULATOR_HOME"]))


@pytest.mark.parametrize("broken", ["", "not JSON", '{"resources": {"half', "[]", '{"resources": 1}', "\0\x01"])
def test_a_broken_state_is_named_with_the_way_back_to_the_one_before(
    cli: Command, emulator: Emulator, broken: str
) -> None:
    emulator.azure.group()
    emulator.azure.group()
    launcher.stop(emulator.home)
    emulator.home.state_file.write_text(broken)
    [error] = cli("emulator", "start", *JSON).errors
    assert error["code"] == "EmulatorFailed"
    assert str(emulator.home.state_file) in error["message"]
    command = error["hint"].partition(": ")[2]
    assert command.startswith("mv ")
    assert "reset" not in error["hint"]

    subprocess.run(command.split(), check=True)
    assert cli("emulator", "start", *JSON).data["groups"]


def test_a_broken_state_with_none_before_it_is_not_thrown_away(cli: Command) -> None:
    home = home_of(cli)
    home.root.mkdir()
    home.state_file.write_text("not JSON")
    [error] = cli("status", *CLOUD).errors
    assert "is broken" in error["message"]
    assert "Repair that file" in error["hint"]
    assert home.state_file.read_text() == "not JSON"


def test_the_state_of_a_newer_version_is_left_alone(cli: Command) -> None:
    home = home_of(cli)
    home.root.mkdir()
    home.state_file.write_text('{"version": 99, "future": []}')
    [error] = cli("emulator", "start", *JSON).errors
    assert "written by a newer version of mlflow-azure" in error["message"]
    assert "MLFLOW_AZURE_EMULATOR_HOME" in error["hint"]
    assert "99" in home.state_file.read_text()


def test_a_state_without_a_version_is_of_the_first(cli: Command, emulator: Emulator) -> None:
    group = emulator.azure.group()
    launcher.stop(emulator.home)
    state = json.loads(emulator.home.state_file.read_text())
    del state["version"]
    emulator.home.state_file.write_text(json.dumps(state))
    assert cli("emulator", "start", *JSON).data["groups"] == [group]


def test_a_full_disk_is_named_before_the_emulator_starts(cli: Command) -> None:
    full = subprocess.run(
        [sys.executable, "-m", "mlflow_azure", "deploy", *CLOUD],
        cwd=cli.directory,
        # Python 3.11 leaves compiled modules behind that are cut off: https://github.com/python/cpython/issues/126606
        env={**cli.environment(), "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL, SMALL)),
        capture_output=True,
        check=False,
    )
    [error] = json.loads(full.stdout)["errors"]
    assert (full.returncode, error["code"]) == (1, "EmulatorHome")
    assert "File too large" in error["message"]
    assert "Its contents are kept" in error["hint"]
    assert not (home_of(cli).root / "room").exists()


def test_what_cannot_be_saved_any_more_is_told_and_done_by_the_next_deploy(cli: Command, emulator: Emulator) -> None:
    (emulator.home.root / "state.json.draft").mkdir()  # stands for a full disk: the draft cannot be written
    errors = cli("deploy", *CLOUD).errors
    assert {error["code"] for error in errors} == {"EmulatorCannotSave"}
    assert f"cannot save its state in {emulator.home.root}" in errors[0]["message"]
    (emulator.home.root / "state.json.draft").rmdir()
    assert cli("deploy", *CLOUD).exit_code == 0


@pytest.mark.parametrize("command", ["deploy", "plan", "doctor"])
def test_a_home_that_cannot_be_one_is_named(cli: Command, command: str) -> None:
    answer = cli(command, *CLOUD, MLFLOW_AZURE_EMULATOR_HOME="/dev/null/emulator")
    [error] = answer.errors
    assert (answer.exit_code, error["code"]) == (1, "EmulatorHome")
    assert "/dev/null" in error["message"]


def test_a_missing_extra_is_named_with_what_installs_it(cli: Command, tmp_path: Path) -> None:
    without = tmp_path / "without"
    without.mkdir()
    (without / "psutil.py").write_text("raise ModuleNotFoundError(\"No module named 'psutil'\", name='psutil')")
    [error] = cli.cold("deploy", *CLOUD, PYTHONPATH=str(without)).errors
    assert error["message"] == "the emulator is not installed (psutil is missing)"
    assert (error["code"], error["hint"]) == ("EmulatorNotInstalled", install("emulator"))


@pytest.mark.parametrize(
    "command",
    [
        "status",
        "logs",
        "open",
        "env",
        "ssh true",
        "auth token",
        "auth disable",
        "cd status",
        "cd enable",
        "backup b",
        "rotate-keys",
    ],
)
def test_what_does_not_deploy_starts_no_emulator_where_there_never_was_one(cli: Command, command: str) -> None:
    words = command.split()
    name = words[:2] if words[0] in ("auth", "cd") else words[:1]
    [error] = cli(*name, *CLOUD, "--yes", *words[len(name) :]).errors
    assert error["code"] == "NotDeployed"
    assert str(home_of(cli).root) in error["message"]
    assert not home_of(cli).root.exists()


def test_a_destroy_where_there_never_was_an_emulator_has_nothing_to_delete(cli: Command) -> None:
    data = cli("destroy", *CLOUD).data
    assert (data["resources"], data["kept"], data["group_deleted"]) == ([], [], False)
    assert not home_of(cli).root.exists()


@pytest.mark.parametrize("line", ["plan", "deploy --dry-run", "doctor"])
def test_what_only_looks_shows_a_new_emulator_and_leaves_none(cli: Command, line: str, tmp_path: Path) -> None:
    told = cli(*line.split(), *CLOUD, TMPDIR=str(tmp_path))
    assert told.exit_code == 0, told.stderr
    assert "There is no emulator yet" in told.stderr
    assert not home_of(cli).root.exists()
    assert not list(tmp_path.glob("mlflow-azure-*"))
    left = [each for each in psutil.process_iter(["cmdline"]) if f"{tmp_path}/" in str(each.info["cmdline"])]
    assert psutil.wait_procs(left, timeout=60)[1] == []  # what watched over the emulator's processes ends after them


def test_a_first_plan_names_what_the_first_deploy_makes(cli: Command) -> None:
    planned = {(each["kind"], each["name"]) for each in cli("plan", *CLOUD).data["changes"]}
    with started(cli):
        assert {(each["kind"], each["name"]) for each in cli("plan", *CLOUD).data["changes"]} == planned


def test_a_plan_that_is_killed_takes_its_emulator_along(cli: Command, tmp_path: Path) -> None:
    cli.environ["TMPDIR"] = str(tmp_path)
    assert disturbed(cli, signal.SIGKILL, "plan", *CLOUD).exit_code == -signal.SIGKILL
    [home] = tmp_path.glob("mlflow-azure-*/emulator")
    running = [each for each in psutil.process_iter(["cmdline"]) if str(home) in str(each.info["cmdline"])]
    assert psutil.wait_procs(running, timeout=60)[1] == []


def test_an_emulator_of_another_version_is_told(cli: Command, emulator: Emulator) -> None:
    found = json.loads(emulator.home.endpoint_file.read_text())
    emulator.home.endpoint_file.write_text(json.dumps({**found, "version": "9.9.9"}))
    told = cli("plan", *CLOUD)
    assert told.exit_code == 0
    assert "The running emulator is version 9.9.9" in told.stderr
    assert "mlflow-azure emulator stop" in told.stderr
