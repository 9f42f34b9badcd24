from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlflow_azure.data.errors import refuse_overlap
from mlflow_azure.data.ledger import Ledger
from mlflow_azure.data.local_folder import LocalFolder
from mlflow_azure.data.manifest import Entry
from mlflow_azure.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path


def written(root: Path) -> set[str]:
    return {f"{path.relative_to(root)}{'/' * path.is_dir()}" for path in root.rglob("*")}


def put(target: LocalFolder, name: str, content: Path) -> None:
    for piece in target.put(name, content, content.stat().st_size, lambda _bytes: None).pieces:
        piece()


def test_files_and_directories_that_are_there_give_way_to_each_other(tmp_path: Path) -> None:
    out, content = tmp_path / "out", tmp_path / "content"
    content.write_text("restored")
    for name in ("mlruns/0/a/was a directory", "mlruns/0/b", "mlruns/0/old/params/p", "mlruns/0/kept/file"):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).touch()
    names = ["store/0/a", "store/0/b/was a file"]
    target = LocalFolder("file share", out / "mlruns", out / "share", "store", names)
    there = contents(target)
    ledger = Ledger()
    ledger.want([Entry("share", "store/0/empty"), *(Entry("share", name, name) for name in names)])
    target.prepare(ledger)
    for name in names:
        put(target, name, content)
    target.remove(set(there) - set(names) - {str(out / "mlruns/0/kept/file")}, ledger)
    assert written(out) == {
        "mlruns/", "mlruns/0/", "mlruns/0/a", "mlruns/0/b/", "mlruns/0/b/was a file", "mlruns/0/empty/",
        "mlruns/0/kept/", "mlruns/0/kept/file",
    }  # fmt: skip
    assert contents(target) == {"store/0/a": 8, "store/0/b/was a file": 8, str(out / "mlruns/0/kept/file"): 0}


def contents(target: LocalFolder) -> dict[str, int]:
    found: dict[str, int] = {}
    target.contents(found.__setitem__)
    return found


@pytest.mark.parametrize(("backup", "out"), [("b", "b"), ("b", "b/out"), ("out/share", "out"), ("out/share/b", "out")])
def test_no_backup_is_restored_to_where_it_lies_itself(tmp_path: Path, backup: str, out: str) -> None:
    folders = (tmp_path / out / "mlruns", tmp_path / out / "share")
    with pytest.raises(SettingsError) as refused:
        refuse_overlap(tmp_path / backup, tmp_path / out, folders)
    assert refused.value.code == "DirectoryNotEmpty"
    refuse_overlap(tmp_path / out / "b", tmp_path / out, folders)
