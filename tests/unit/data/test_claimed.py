from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlflow_azure.data.claimed import LOCK, claimed, lock_of
from mlflow_azure.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_second_command_is_refused_while_the_first_is_at_work(tmp_path: Path) -> None:
    with claimed(tmp_path / LOCK, "first"):
        with pytest.raises(SettingsError) as refused, claimed(tmp_path / LOCK, "backing up to there"):
            pass
        assert (refused.value.code, refused.value.exit_code) == ("InUse", 2)
        assert refused.value.message.startswith("backing up to there: another command")
    with claimed(tmp_path / LOCK, "later"):
        assert (tmp_path / LOCK).exists()
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_was_made_for_the_lock_goes_with_it_unless_something_came_to_lie_there(tmp_path: Path) -> None:
    with claimed(tmp_path / "made" / LOCK, "nothing comes of it"):
        assert (tmp_path / "made").is_dir()
    assert not (tmp_path / "made").exists()
    with claimed(tmp_path / "made" / LOCK, "something comes of it"):
        (tmp_path / "made" / "file").touch()
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["file"]


def test_a_place_where_no_file_can_lie_is_left_to_who_writes_there(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with claimed(tmp_path / "file" / LOCK, "writing into a file"):
        assert (tmp_path / "file").read_bytes() == b""


def test_each_deployment_has_a_lock_of_its_own() -> None:
    assert lock_of("one") == lock_of("one") != lock_of("other")
