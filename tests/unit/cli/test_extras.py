"""What is said to install where an extra is missing."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from mlflow_azure.cli.extras import install

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where an installer of this package notes what it was installed from."""
    notes = tmp_path / "site" / "mlflow_azure-1.0.dist-info"
    notes.mkdir(parents=True)
    (notes / "METADATA").write_text("Metadata-Version: 2.1\nName: mlflow-azure\nVersion: 1.0\n", encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site")])
    return notes / "direct_url.json"


def test_an_extra_is_installed_from_the_wheel_that_the_package_came_from(record: Path, tmp_path: Path) -> None:
    wheel = tmp_path / "a wheel.whl"
    wheel.touch()
    record.write_text(json.dumps({"url": wheel.as_uri(), "archive_info": {}}), encoding="utf-8")
    assert install("emulator") == (
        f"pipx install --force '{wheel}[emulator]'\nWith uv: uv tool install --force '{wheel}[emulator]'\n"
        f"In a virtual environment: pip install '{wheel}[emulator]'"
    )


@pytest.mark.parametrize("url", ["file:///gone.whl", "https://example.com/mlflow.whl", None])
def test_an_extra_is_installed_by_name_where_the_package_came_from_an_index_or_is_gone(
    record: Path, url: str | None
) -> None:
    if url:
        record.write_text(json.dumps({"url": url}), encoding="utf-8")
    assert install("emulator").endswith("virtual environment: pip install 'mlflow-azure[emulator]'")
