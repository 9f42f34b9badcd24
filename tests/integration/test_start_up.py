"""The command line starts without the packages that take long to import."""

from __future__ import annotations

import subprocess
import sys

import pytest

SLOW = {"azure", "docker", "requests", "mlflow", "paramiko"}


@pytest.mark.parametrize(
    "arguments", [["--version"], ["--help"], ["deploy", "--help"], ["settings", "show"]], ids=" ".join
)
def test_asking_for_help_imports_no_azure_sdk(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "mlflow_azure", *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines() if "|" in line}
    assert "typer" in imported
    assert not imported & SLOW


def test_importing_the_settings_imports_no_azure_sdk_and_no_console() -> None:
    code = "import sys, mlflow_azure.settings; print(*{name.partition('.')[0] for name in sys.modules})"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"azure", "rich", "typer", "requests"} & set(modules)
