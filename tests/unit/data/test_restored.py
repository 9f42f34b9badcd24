from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.data.restored import Restored

if TYPE_CHECKING:
    from pathlib import Path


def killed(directory: Path, name: str) -> None:
    """A restore that wrote a file, and was killed while it noted another."""
    restored = Restored(directory, "target")
    restored.open()
    restored.note("share", name, len(name))
    (journal,) = directory.iterdir()
    noted = journal.read_text()
    restored.finish()
    journal.write_text(noted + '["share", "cut')


def test_a_restore_that_was_killed_again_and_again_knows_all_that_it_wrote(tmp_path: Path) -> None:
    for name in ("first", "second", "third"):
        killed(tmp_path, name)
    restored = Restored(tmp_path, "target")
    assert [restored.size("share", name) for name in ("first", "second", "third")] == [5, 6, 5]
    restored.open()
    restored.finish()
    assert list(tmp_path.iterdir()) == []
