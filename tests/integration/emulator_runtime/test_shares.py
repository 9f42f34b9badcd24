"""File shares as directories."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from mlflow_azure.emulator.runtime.shares import Shares, open_to_containers

OWNER, CONTAINER_USER = 54321, 10001


def test_a_share_says_how_much_is_in_it_and_goes_with_its_account(tmp_path: Path) -> None:
    shares = Shares(tmp_path)
    directory = shares.ensure("account1", "mlflow")
    (directory / "deep").mkdir()
    (directory / "deep/file").write_bytes(b"12345")
    assert shares.ensure("account1", "mlflow") == directory
    assert shares.usage("account1", "mlflow") == 5
    other = shares.ensure("account1", "other")
    shares.remove("account1", "mlflow")
    assert (directory.exists(), other.exists()) == (False, True)
    assert shares.usage("account1", "mlflow") == 0
    shares.remove("account1")
    assert not other.exists()


@pytest.mark.skipif(os.getuid() != 0, reason="changes users, so it needs root")
def test_what_a_container_s_user_wrote_can_be_deleted_by_the_owner_of_the_home() -> None:
    # Not below pytest's directory, which is closed to other users.
    with tempfile.TemporaryDirectory() as parent:
        Path(parent).chmod(0o755)
        directory = Path(parent, "share")
        directory.mkdir()
        open_to_containers(directory, OWNER)
        script = "umask 022; mkdir -p a/b; echo content > a/b/c"
        subprocess.run(["sh", "-ec", script], cwd=directory, user=CONTAINER_USER, group=CONTAINER_USER, check=True)
        subprocess.run(["rm", "-r", "a"], cwd=directory, user=OWNER, group=OWNER, check=True)
        assert list(directory.iterdir()) == []
