from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlflow_azure.data import manifest
from mlflow_azure.data.backup_directory import BackupDirectory
from mlflow_azure.data.manifest import MANIFEST, UNFINISHED, Entry, Manifest, Part
from mlflow_azure.errors import MlflowAzureError

if TYPE_CHECKING:
    from pathlib import Path

WANTED = Manifest(
    id="1",
    mlflow_azure_version="0.1.0",
    mlflow_version="1.5.0",
    deployment={"storage_account": "one"},
    artifact_root="wasbs://c@one.blob.core.windows.net/mlartefacts",
    file_store="share/mlruns",
    began="2026-11-24T21:00:00Z",
    parts=(Part("blob container", "mlflow", "container"),),
)


def begun(root: Path) -> BackupDirectory:
    directory = BackupDirectory(root, WANTED)
    directory.open()
    return directory


def keep(directory: BackupDirectory, name: str, content: str, version: str) -> None:
    path = directory.incoming()
    path.write_text(content)
    directory.keep(path, Entry("container", name, "", len(content), manifest.file_sha256(path), version))


def end_of(directory: BackupDirectory) -> None:
    """Leave it as one that was interrupted."""
    directory.finish()
    (directory.root / MANIFEST).rename(directory.root / UNFINISHED)


def held(root: Path) -> dict[str, str]:
    made = manifest.read(root)
    return {entry.name: (root / str(entry.file)).read_text() for entry in manifest.entries(root, made)}


def test_a_file_that_changed_since_takes_the_place_that_it_had(tmp_path: Path) -> None:
    first = begun(tmp_path)
    keep(first, "a/b", "below", "1")
    keep(first, "a", "above", "1")
    end_of(first)
    second = begun(tmp_path)
    keep(second, "a", "above, changed", "2")
    assert second.earlier("container", "a/b", "1")
    second.finish()
    assert held(tmp_path) == {"a": "above, changed", "a/b": "below"}


def test_a_file_that_became_a_folder_since_is_in_nobodys_way(tmp_path: Path) -> None:
    first = begun(tmp_path)
    keep(first, "a", "a file", "1")
    keep(first, "b/c", "in a folder", "1")
    end_of(first)
    second = begun(tmp_path)
    keep(second, "a/b", "in a folder", "1")
    keep(second, "b", "a file", "1")
    second.finish()
    assert held(tmp_path) == {"a/b": "in a folder", "b": "a file"}
    assert sum(path.is_file() for path in (tmp_path / "container").rglob("*")) == len(held(tmp_path))


def test_a_backup_that_was_killed_as_it_began_is_begun_again(tmp_path: Path) -> None:
    (tmp_path / "incoming").mkdir()
    (tmp_path / "in-use.lock").touch()
    (tmp_path / "unfinished.json.new").write_text("{")
    directory = begun(tmp_path)
    keep(directory, "a", "content", "1")
    directory.finish()
    assert held(tmp_path) == {"a": "content"}


def test_a_name_that_no_file_system_takes_is_told(tmp_path: Path) -> None:
    with pytest.raises(MlflowAzureError) as refused:
        BackupDirectory(tmp_path / ("long" * 100), WANTED)
    assert refused.value.code == "FileSystem"


def test_a_place_where_nothing_can_be_written_is_told_before_anything_else_is_done(tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    with pytest.raises(MlflowAzureError) as refused:
        BackupDirectory(tmp_path / "a file/b", WANTED).require_writable()
    assert refused.value.code == "FileSystem"
    BackupDirectory(tmp_path / "b", WANTED).require_writable()
    assert list((tmp_path / "b").iterdir()) == []
