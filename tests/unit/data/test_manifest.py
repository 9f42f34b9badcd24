from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mlflow_azure.data import manifest
from mlflow_azure.data.manifest import FILES, MANIFEST, UNFINISHED, Entry, Manifest, Part
from mlflow_azure.errors import MlflowAzureError

ENTRIES = [
    Entry("share", "mlruns/.trash"),
    Entry("container", "größe/\ud800", "container/odd-names/ab", 0, "e3b0", "0x1"),
]
MADE = Manifest(
    id="1",
    mlflow_azure_version="0.1.0",
    mlflow_version="1.5.0",
    deployment={"storage_account": "one"},
    artifact_root="wasbs://c@one.blob.core.windows.net/mlartefacts",
    file_store="share/mlruns",
    began="2026-11-24T21:00:00Z",
    parts=(Part("file share", "mlflow", "share", directories=1),),
)


def code(error: pytest.ExceptionInfo[MlflowAzureError]) -> str:
    return error.value.code


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    made = replace(MADE, files_sha256=manifest.write_lines(tmp_path / FILES, map(manifest.line, ENTRIES)))
    made.write(tmp_path / MANIFEST)
    assert manifest.read(tmp_path) == made
    assert sorted(manifest.entries(tmp_path, made), key=ENTRIES.index) == ENTRIES


def test_a_line_that_a_crash_cut_off_is_left_out(tmp_path: Path) -> None:
    (tmp_path / FILES).write_text(manifest.line(ENTRIES[1]) + manifest.line(ENTRIES[0])[:-5])
    assert list(manifest.lines(tmp_path / FILES)) == [ENTRIES[1]]


def test_a_line_that_a_crash_spoilt_is_left_out(tmp_path: Path) -> None:
    spoilt = b'\0\0\xff\n\n{"part": 1}\n'
    (tmp_path / FILES).write_bytes(manifest.line(ENTRIES[1]).encode() + spoilt + manifest.line(ENTRIES[0]).encode())
    assert list(manifest.lines(tmp_path / FILES)) == ENTRIES[::-1]


@pytest.mark.parametrize("count", [2, "1", None])
def test_a_manifest_that_counts_what_the_list_has_not_is_not_believed(tmp_path: Path, count: object) -> None:
    replace(MADE, files_sha256=manifest.write_lines(tmp_path / FILES, map(manifest.line, ENTRIES))).write(
        tmp_path / MANIFEST
    )
    written = json.loads((tmp_path / MANIFEST).read_text())
    written["parts"][0]["directories"] = count
    (tmp_path / MANIFEST).write_text(json.dumps(written))
    with pytest.raises(MlflowAzureError, match=r"manifest\.json: has other counts for share than files\.jsonl"):
        manifest.entries(tmp_path, manifest.read(tmp_path))


@pytest.mark.parametrize("file", ["../elsewhere", "/etc/passwd", "share/../../elsewhere"])
def test_a_list_that_names_files_elsewhere_is_not_believed(tmp_path: Path, file: str) -> None:
    digest = manifest.write_lines(tmp_path / FILES, [manifest.line(Entry("share", "a", file))])
    with pytest.raises(MlflowAzureError) as refused:
        manifest.entries(tmp_path, replace(MADE, files_sha256=digest))
    assert code(refused) == "BackupDamaged"


def test_a_changed_list_is_not_believed(tmp_path: Path) -> None:
    made = replace(MADE, files_sha256=manifest.write_lines(tmp_path / FILES, map(manifest.line, ENTRIES)))
    (tmp_path / FILES).write_text("")
    with pytest.raises(MlflowAzureError) as refused:
        manifest.entries(tmp_path, made)
    assert code(refused) == "BackupDamaged"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "NotABackup"),
        ("[]", "NotABackup"),
        ('{"what": "mlflow-azure backup"}', "NotABackup"),
        ('{"what": "something", "format": 1}', "NotABackup"),
        ('{"what": "mlflow-azure backup", "format": 1}', "NotABackup"),
        ('{"what": "mlflow-azure backup", "format": 4, "new": true}', "BackupFormatUnknown"),
        ('{"what": "mlflow-azure backup", "format": true}', "BackupFormatUnknown"),
        ('{"what": "mlflow-azure backup", "format": -1}', "BackupFormatUnknown"),
    ],
)
def test_what_is_no_manifest_is_told_from_one_of_a_later_format(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(MlflowAzureError) as refused:
        manifest.read(tmp_path)
    assert code(refused) == expected


def test_a_name_that_no_file_system_takes_is_no_backup(tmp_path: Path) -> None:
    with pytest.raises(MlflowAzureError) as refused:
        manifest.read(tmp_path / ("A" * 5000))
    assert code(refused) == "NotABackup"
    assert "too long" in str(refused.value)


def test_an_unfinished_backup_is_told_from_none(tmp_path: Path) -> None:
    with pytest.raises(MlflowAzureError) as none:
        manifest.read(tmp_path)
    MADE.write(tmp_path / UNFINISHED)
    with pytest.raises(MlflowAzureError) as unfinished:
        manifest.read(tmp_path)
    assert (code(none), code(unfinished)) == ("NotABackup", "BackupUnfinished")


def test_the_manifest_says_its_format(tmp_path: Path) -> None:
    MADE.write(tmp_path / MANIFEST)
    found = json.loads((tmp_path / MANIFEST).read_text())
    assert (found["what"], found["format"]) == ("mlflow-azure backup", 2)


@pytest.mark.skipif(sys.platform != "linux", reason="a file whose reading fails is one of Linux's own")
def test_what_the_disk_does_not_give_is_told(tmp_path: Path) -> None:
    unreadable = Path("/proc/self/mem")
    (tmp_path / MANIFEST).symlink_to(unreadable)
    with pytest.raises(MlflowAzureError) as told:
        manifest.read(tmp_path)
    assert told.value.code == "FileSystem"
    (tmp_path / FILES).symlink_to(unreadable)
    with pytest.raises(MlflowAzureError) as told:
        manifest.entries(tmp_path, MADE)
    assert told.value.code == "FileSystem"
