"""The build context: its hash, its archive."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from typing import TYPE_CHECKING

import pytest

from mlflow_azure.image.context import BuildContext, server_context

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / "context"
    (made / "app").mkdir(parents=True)
    (made / "Dockerfile").write_text("FROM scratch\n")
    (made / "startup.sh").write_text("exec true\n")
    (made / "app" / "main.py").write_text("pass\n")
    return made


def contents(archive: bytes) -> dict[str, tuple[int, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(archive))) as tar:
        return {entry.name: (entry.mode, tar.extractfile(entry).read()) for entry in tar}  # type: ignore[union-attr]


def test_the_archive_holds_all_files_with_modes_that_do_not_depend_on_the_disk(directory: Path) -> None:
    (directory / "Dockerfile").chmod(0o600)
    assert contents(BuildContext(directory).archive()) == {
        "Dockerfile": (0o644, b"FROM scratch\n"),
        "app/main.py": (0o644, b"pass\n"),
        "startup.sh": (0o755, b"exec true\n"),
    }


def test_the_same_content_has_the_same_bytes_and_hash_whenever_and_wherever(directory: Path, tmp_path: Path) -> None:
    first = BuildContext(directory)
    before = (first.archive(), first.hash)
    moved = tmp_path / "moved"
    directory.rename(moved)
    os.utime(moved / "Dockerfile", (1, 1))
    second = BuildContext(moved)
    assert (second.archive(), second.hash) == before


def test_the_tag_follows_every_file_and_argument(directory: Path) -> None:
    tags = {BuildContext(directory).tag, BuildContext(directory, {"BASE_IMAGE": "mirror/python"}).tag}
    (directory / "app" / "main.py").write_text("pass  # changed\n")
    tags.add(BuildContext(directory).tag)
    (directory / "app" / "main.py").rename(directory / "app" / "other.py")
    tags.add(BuildContext(directory).tag)
    assert len(tags) == 4


def test_certificates_travel_along_and_are_no_part_of_the_hash(directory: Path) -> None:
    context = BuildContext(directory)
    before = context.hash
    assert contents(context.archive({"build-ca.pem": b"PEM"}))["build-ca.pem"] == (0o644, b"PEM")
    assert context.hash == before


def test_what_python_leaves_behind_is_no_part_of_it(directory: Path) -> None:
    before = BuildContext(directory).hash
    (directory / "app" / "__pycache__").mkdir()
    (directory / "app" / "__pycache__" / "main.cpython-311.pyc").write_bytes(b"x")
    assert BuildContext(directory).hash == before


def test_the_context_of_1_5_0_stays_what_it_was_whatever_is_added_for_3() -> None:
    # A change of its own files belongs here: every deployment of 1.5.0 builds and pushes an image for it.
    assert server_context().hash == "cd8e9d16c5f925534eece0769de221230e2f6856451560473a3d3b50a6cffd72"


def test_the_context_of_3_has_what_its_dockerfile_copies_and_nothing_of_1_5_0() -> None:
    context = server_context(version="3")
    names = contents(context.archive()).keys()
    assert context.dockerfile in names
    shared = {"entrypoint.sh", "healthcheck.py", "sshd_config"}
    assert {name for name in names if not name.startswith("mlflow3/")} == shared | {".dockerignore"}
    own = {"Dockerfile", "requirements.lock", "startup.sh", "mlflow3_app/__main__.py", "mlflow3_app/server.py"}
    assert {f"mlflow3/{name}" for name in own} <= names


def test_the_servers_context_has_what_its_dockerfile_copies() -> None:
    names = contents(server_context().archive())
    copied = {"entrypoint.sh", "gunicorn.conf.py", "healthcheck.py", "requirements.lock", "sshd_config", "startup.sh"}
    assert copied | {"Dockerfile", "mlflow_app/__init__.py"} <= names.keys()
    assert "build-ca.pem" not in names
