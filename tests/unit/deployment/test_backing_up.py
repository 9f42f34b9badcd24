"""Which backup counts as the one that an interrupted upgrade has made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from mlflow_azure.data.manifest import MANIFEST
from mlflow_azure.deployment.backing_up import kept_or_made
from mlflow_azure.deployment.stored_data import new_backup
from mlflow_azure.errors import SettingsError
from mlflow_azure.settings import load

if TYPE_CHECKING:
    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.deployment.dialog import Dialog

OF_3 = load({"MLFLOW_VERSION": "3"}, {}, None, Path("/nonexistent")).resolve("6a7c3c0e-36b5-4c6f-9f0b-0c3f0a1b2c3d")


class Noted:
    """Hears what is told."""

    def __init__(self) -> None:
        self.told = ""

    def note(self, text: str) -> None:
        self.told += text


def test_a_backup_from_before_another_upgrade_is_not_taken_for_the_one_before_this(tmp_path: Path) -> None:
    made = new_backup(OF_3, artifacts=False)
    replace(made, finished="2026-11-24", database={"revision": "a", "mlflow": "3.17.2"}).write(tmp_path / MANIFEST)
    noted, azure = Noted(), cast("Azure", None)
    kept_or_made(cast("Dialog", noted), azure, OF_3, tmp_path, revision="a")
    assert "of 2026-11-24 is kept" in noted.told
    with pytest.raises(SettingsError) as refused:
        kept_or_made(cast("Dialog", noted), azure, OF_3, tmp_path, revision="b")
    assert refused.value.code == "Occupied"
