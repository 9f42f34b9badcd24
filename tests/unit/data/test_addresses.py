from __future__ import annotations

import pytest

from mlflow_azure.data.addresses import Addresses
from mlflow_azure.data.manifest import Entry

ROOT = "wasbs://mlflow@one.blob.core.windows.net/mlartefacts"
ADDRESSES = Addresses(ROOT, "file:///home/me/out/artifacts")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"artifact_uri: {ROOT}/0/r/artifacts", "artifact_uri: file:///home/me/out/artifacts/0/r/artifacts"),
        (f"artifact_location: '{ROOT}/0'", "artifact_location: 'file:///home/me/out/artifacts/0'"),
        (f"artifact_location: {ROOT}\r", "artifact_location: file:///home/me/out/artifacts\r"),
        (f"artifact_uri: {ROOT}2/0", f"artifact_uri: {ROOT}2/0"),
        ("artifact_uri: s3://elsewhere/0", "artifact_uri: s3://elsewhere/0"),
        (f"name: {ROOT}/0", f"name: {ROOT}/0"),
        ("{{ broken", "{{ broken"),
    ],
)
def test_only_an_address_below_the_root_changes(before: str, after: str) -> None:
    lines = b"a: 1\n%s\nz: \xff\n"
    assert ADDRESSES.rewritten(lines % before.encode()) == lines % after.encode()


def test_only_meta_files_are_concerned_and_none_where_the_root_stays() -> None:
    assert ADDRESSES.concern(Entry("share", "mlruns/0/meta.yaml"))
    assert not ADDRESSES.concern(Entry("share", "mlruns/0/r/tags/meta"))
    assert not Addresses(ROOT, ROOT).concern(Entry("share", "mlruns/0/meta.yaml"))
