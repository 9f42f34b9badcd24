"""Node.js, which Azurite needs."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from mlflow_azure.emulator.runtime.blobs.nodejs import Node
from mlflow_azure.emulator.runtime.children import Children

if TYPE_CHECKING:
    from pathlib import Path

# What npm's start-up script needs.
NEEDED = ("sh", "env", "dirname", "uname", "sed")


@pytest.mark.slow
def test_where_node_is_missing_a_package_brings_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in NEEDED:
        (tools / name).symlink_to(shutil.which(name) or name)
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.setenv("MLFLOW_AZURE_EMULATOR_CACHE", str(tmp_path / "cache"))
    environment = asyncio.run(Node(Children(tmp_path), tmp_path).environment())
    for program in ("node", "npm"):
        found = shutil.which(program, path=environment["PATH"])
        assert found
        subprocess.run([found, "--version"], env=environment, check=True, stdout=subprocess.DEVNULL)
