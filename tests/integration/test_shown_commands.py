"""Each command that is shown works as it stands, in a shell that knows nothing of the one it was shown in."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.running_emulator import started

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.command import Command, Result

_SHOWN = re.compile(r"^(?:Next:|  )\s*(\S.*mlflow-azure .*)$", re.MULTILINE)


def pasted(line: str, directory: Path) -> subprocess.CompletedProcess[str]:
    """The line in a new shell, with no environment but where programs and the user's home are."""
    environ = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(directory)}
    return subprocess.run(
        ["sh", "-c", line],
        cwd=directory,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def commands(answer: Result) -> list[str]:
    return _SHOWN.findall(answer.stdout + answer.stderr)


@pytest.fixture(scope="module")
def shown(shared_cli: Command) -> Iterator[tuple[Result, Result]]:
    """What a deploy to a group of its own said, and what a second group was told that has nothing."""
    with started(shared_cli):
        (shared_cli.directory / "team.env").write_text("MLFLOW_WORKERS=2\n", encoding="utf-8")
        cli = shared_cli.of("environment-group")
        deployed = cli("deploy", "--cloud", "emulator", "--settings", "team.env", "--web-app-name", "mlflow-pasted")
        assert deployed.exit_code == 0, deployed.stderr
        yield deployed, cli("status", "--cloud", "emulator", "--rg-name", "empty")


def test_what_a_deploy_shows_is_about_the_same_deployment(shown: tuple[Result, Result], tmp_path: Path) -> None:
    connect, status, destroy = commands(shown[0])
    assert "environment-group" not in destroy.partition("--rg-name")[0]

    connected = pasted(f'{connect}; echo "$MLFLOW_TRACKING_URI"', tmp_path)
    assert connected.stdout.strip() in shown[0].stdout, connected.stderr
    assert connected.stdout.strip().startswith("http")

    checked = pasted(f"{status} --output json", tmp_path)
    assert checked.returncode == 0, checked.stderr
    assert '"healthy": true' in checked.stdout
    assert '"mlflow-pasted"' in checked.stdout

    refused = pasted(destroy, tmp_path)  # nobody is there to be asked
    assert refused.returncode == 2
    assert "environment-group" in refused.stderr
    assert pasted(f"{destroy} --yes", tmp_path).returncode == 0


def test_what_an_empty_group_is_told_to_do_next_is_about_that_group(
    shown: tuple[Result, Result], tmp_path: Path
) -> None:
    (deploy,) = commands(shown[1])
    planned = pasted(f"{deploy} --dry-run --output json", tmp_path)
    assert planned.returncode == 0, planned.stderr
    assert '"name": "empty"' in planned.stdout


def test_each_command_of_a_failure_that_shows_several_is_about_the_same_group(
    shown: tuple[Result, Result], shared_cli: Command, tmp_path: Path
) -> None:
    refused = shared_cli("backup", "kept", "--cloud", "emulator", "--mlflow", "3", RG_NAME="empty")
    deploy, listing = re.findall(r"(?:[A-Z_]+=\S+ )+\S*mlflow-azure .*$", refused.stderr, re.MULTILINE)
    planned = pasted(f"{deploy} --public --dry-run --output json", tmp_path)
    assert planned.returncode == 0, planned.stderr
    assert {'"name": "empty"', '"kind": "PostgreSQL server"'} <= set(
        re.findall(r'"(?:name|kind)": ".*?"', planned.stdout)
    )
    listed = pasted(f"{listing} --output json", tmp_path)
    assert shared_cli.environ["MLFLOW_AZURE_EMULATOR_HOME"] in listed.stdout, listed.stderr
