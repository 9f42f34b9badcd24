"""`make demo`, from its script on: what it prints at its end works as it stands."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from tests.integration.test_shown_commands import pasted

if TYPE_CHECKING:
    from tests.support.command import Command

DEMO = Path(__file__).parents[2] / "examples" / "demo.sh"


def test_the_commands_that_the_demo_prints_work_in_another_shell(cli: Command, image_bin: Path, tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("mlflow-azure")
    environ = cli.environment(COMMAND=str(program), CLIENT_PYTHON=str(image_bin / "python"))
    shown = subprocess.run(
        ["sh", DEMO, "1.5.0"], cwd=cli.directory, env=environ, capture_output=True, text=True, check=False
    )
    try:
        assert shown.returncode == 0, shown.stderr
        said = shown.stdout.partition("The MLflow server stays up: open ")[2].splitlines()
        url = said[0]
        with urllib.request.urlopen(url) as answer:
            assert answer.status == 200
        destroy, stop = (line for line in said[1:] if line.startswith("  "))
        gone = pasted(destroy, tmp_path)
        assert gone.returncode == 0, gone.stderr
        assert "was deleted" in gone.stdout
        assert pasted(stop, tmp_path).returncode == 0
    finally:
        cli("emulator", "stop")
