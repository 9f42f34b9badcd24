"""Commands in hints name what this run is about."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlflow_azure.azure.clouds import CloudName
from mlflow_azure.cli.invocation import Common
from mlflow_azure.cli.target import aimed, program
from mlflow_azure.settings import Loaded, load


def shown(text: str, common: Common, *, directory: Path, **environ: str) -> str:
    def loaded() -> Loaded:
        return load({}, environ, common.settings, directory)

    return aimed(text, common, loaded).replace(program(), "mlflow-azure")


def test_a_home_of_the_emulator_that_depends_on_the_directory_is_named_from_the_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_AZURE_EMULATOR_HOME", "it's a home")
    monkeypatch.delenv("MLFLOW_AZURE_EMULATOR_RUNTIME", raising=False)
    said = shown("Next: mlflow-azure emulator stop", Common(), directory=tmp_path)
    home = str(tmp_path / "it").replace("'", "'\"'\"'")
    assert said == f"Next: MLFLOW_AZURE_EMULATOR_HOME='{home}'\"'\"'s a home' mlflow-azure emulator stop"


@pytest.mark.parametrize(
    ("text", "aimed_at"),
    [
        ("run mlflow-azure destroy, then", "run mlflow-azure destroy --cloud usgov --rg-name 'team(1)', then"),
        ("Sign in with: az login. Or not", "Sign in with: az cloud set --name AzureUSGovernment && az login. Or not"),
        ("mlflow-azure settings show", "mlflow-azure settings show --rg-name 'team(1)'"),
        ("mlflow-azure settings import FILE", "mlflow-azure settings import FILE"),
        ("mlflow-azure is not on PATH", "mlflow-azure is not on PATH"),
        ("/usr/bin/mlflow-azure destroy", "/usr/bin/mlflow-azure destroy"),
    ],
)
def test_a_command_names_the_cloud_and_what_the_environment_said(tmp_path: Path, text: str, aimed_at: str) -> None:
    common = Common(cloud=CloudName.USGOV)
    assert shown(text, common, directory=tmp_path, RG_NAME="team(1)") == aimed_at
