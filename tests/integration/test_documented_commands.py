"""The commands of the README, the tutorial and the how-tos, typed into a shell as they stand there, on the emulator."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.documented import commands

if TYPE_CHECKING:
    from tests.support.command import Command
    from tests.support.running_emulator import Emulator

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

ROOT = Path(__file__).parents[2]
PAGES = [
    *("README.md", "docs/tutorial.md", "docs/operate.md", "docs/backup.md", "docs/a-deploy.md", "docs/output.md"),
    *sorted(str(page.relative_to(ROOT)) for page in ROOT.glob("docs/how-to/*.md")),
]
"""Of other pages the commands are only parsed, in tests/unit/test_docs.py."""
BRING_THEIR_OWN = ("README.md", "docs/tutorial.md", "docs/how-to/from-a-script.md", "docs/how-to/mlflow-3.md")
"""The pages that begin without a deployment. The others are for those who have one."""

NOT_RUN = {
    "cd mlflow-azure ": "the checkout is here",
    "pipx install": "test_release.py installs the wheel and the source archive",
    "python3 -m venv client": "the examples have a Python with a client; test_examples.py has one of this version",
    "pip install -r examples/": "see above",
    "make ": "the gate is `make test`, and would run itself; test_demo is the demo's own",
    "az ": "needs an Azure account",
    "id=$(az ": "needs an Azure account",
    "curl -sG https://prices.azure.com": "asks Azure for its prices",
    "docker push": "needs a registry in Azure; tests/docker pushes to one of its own",
    "export HTTPS_PROXY": "needs such a proxy; test_clouds.py has one",
    "mlflow-azure deploy --mlflow 3 --auth --backend-uri-secret": "needs that secret; test_deploy_3.py has one",
    "mlflow-azure deploy --build-ca": "needs an engine and such a registry; tests/docker has them",
    "mlflow-azure auth enable --allow-user": "needs that user and that group; test_auth.py has some",
    "mlflow-azure logs --follow": "goes on until it is stopped; test_logs.py stops it",
    "mlflow-azure ssh": "needs a container; tests/docker/test_ssh.py has one",
    "mlflow-azure env --shell fish": "is for fish",
    "mlflow-azure restore ~/backups/2026-11-24  ": "is refused where there are runs; move-runs.md has a fresh server",
    "mlflow-azure restore ~/backups/of-3 ": "needs a backup of MLflow 3; test_backup_of_3.py has one",
    "mlflow server ": "serves until it is stopped; test_backup_of_3.py starts it",
    "mlflow ui": "serves until it is stopped",
    "MLFLOW_ALLOW_FILE_STORE": "serves until it is stopped",
    "read -rs AAD_CLIENT_SECRET": "asks for a secret of someone's app registration; test_auth.py has one",
}
"""How the commands begin that cannot be run here, and why."""

SCRIPT = """#!/bin/bash
RG_NAME=from-a-script
STORAGE_ACCOUNT_NAME=mlflow$RANDOM
STORAGE_FILE_SHARE_SIZE=5
az group create --name $RG_NAME
"""


def reason(command: str) -> str | None:
    """Why a command is not run."""
    return next((why for beginning, why in NOT_RUN.items() if command.startswith(beginning)), None)


@pytest.fixture
def shell(shared_cli: Command, shared_emulator: Emulator, image_bin: Path, tmp_path: Path) -> dict[str, str]:
    """The environment of a user's shell: the command, for whom Azure is the emulator, and a Python with MLflow."""
    tools = tmp_path / "bin"
    tools.mkdir()
    words = "$1"  # of the command; its options follow
    (tools / "mlflow-azure").write_text(
        "#!/bin/bash\n"
        f'words=("{words}"); shift\n'
        'case "${words[0]}" in auth|cd|settings|emulator) words+=("$1"); shift;; esac\n'
        'case " $* " in *" --cloud "*) ;; *) words+=(--cloud emulator);; esac\n'
        f'exec {sys.executable} -m mlflow_azure "${{words[@]}}" "$@"\n'
    )
    (tools / "python").write_text(f'#!/bin/sh\nexec {image_bin / "python"} "$@"\n')
    for tool in tools.iterdir():
        tool.chmod(0o755)
    return shared_cli.environment(
        PATH=f"{tools}{os.pathsep}{os.environ['PATH']}", RG_NAME=tmp_path.name, HOME=str(tmp_path)
    )


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_can_be_typed_one_after_another(
    page: str, shell: dict[str, str], tmp_path: Path
) -> None:
    typed = [command for command in commands(ROOT / page) if reason(command) is None]
    if shutil.which("jq") is None and any("jq " in command for command in typed):
        pytest.skip("the page uses jq, and there is none")
    before = [] if page in BRING_THEIR_OWN or not typed else ["mlflow-azure deploy"]
    work = tmp_path / "work"
    work.mkdir()
    (work / "examples").symlink_to(ROOT / "examples")
    (work / "deploy.sh").write_text(SCRIPT)
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-v"],
        input="\n".join([*before, *typed]) + "\n",
        cwd=work,
        env=shell,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def test_each_reason_not_to_run_a_command_is_needed() -> None:
    shown = [command for page in PAGES for command in commands(ROOT / page)]
    assert [beginning for beginning in NOT_RUN if not any(each.startswith(beginning) for each in shown)] == []
