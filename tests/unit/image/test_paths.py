"""Which paths and locations the guard takes for harmless."""

from __future__ import annotations

import importlib.util
import os.path
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from types import ModuleType

CONTEXT = Path(__file__).parents[3] / "docker"


def load() -> ModuleType:
    # Without its package, which imports MLflow.
    spec = importlib.util.spec_from_file_location("paths", CONTEXT / "mlflow_app" / "paths.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


paths = load()

pieces = st.sampled_from(["..", ".", "a", "/", "\\", "%2e%2e", "%2F", "%255c", "model.txt", "..a", ""])


@given(st.lists(pieces).map("".join), st.integers(0, 3))
def test_an_accepted_path_never_leaves_its_directory(path: str, encodings: int) -> None:
    for _ in range(encodings):
        path = quote(path)
    if paths.is_inside(path):
        for name in (path, path.replace("\\", "/")):
            assert os.path.normpath(Path("/base", name)).startswith("/base")


@pytest.mark.parametrize(
    "path", ["", "model", "a/b.txt", "a..b", "...", ".hidden", "100%", "a b", "ü", "model/data/conda.yaml"]
)
def test_ordinary_paths_are_accepted(path: str) -> None:
    assert paths.is_inside(path)


@pytest.mark.parametrize(
    "location",
    [
        "wasbs://c@a.blob.core.windows.net/x",
        "s3://bucket/x",
        "/data/artifacts",
        "/data/artifacts/5/x",
        "gs://b",
    ],
)
def test_remote_stores_and_the_own_root_are_locations(location: str) -> None:
    assert paths.is_artifact_location(location, "/data/artifacts/")


@pytest.mark.parametrize(
    "location",
    [
        "/etc",
        "etc",
        "/data/artifacts2",
        "/data/artifacts/../x",
        "/data/artifacts/%2e%2e/x",
        "file:///etc",
        "FILE:/etc",
        "%66ile:///etc",
        "ftp://host/x",
        "sftp://host/x",
        "runs:/1/x",
        "models:/m/1",
        "wasbs://c@a.blob.core.windows.net/../x",
        "unknown://x",
    ],
)
def test_other_locations_are_refused(location: str) -> None:
    assert not paths.is_artifact_location(location, "/data/artifacts")
