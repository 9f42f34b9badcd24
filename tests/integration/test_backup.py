"""backup and restore: the file share and the blob container of a deployment, to a directory and back."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from mlflow_azure.data import manifest
from mlflow_azure.data.manifest import Manifest, Part
from mlflow_azure.resources.storage.container_lease import of_this_machine
from tests.support import odd_runs
from tests.support.stored import NAME, Stored
from tests.support.waiting import frozen

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.support.command import Command, Result
    from tests.support.running_emulator import Emulator

EMULATOR = ("--cloud", "emulator")
JSON = (*EMULATOR, "--output", "json")
META = b"artifact_location: wasbs://mlflow@%s.blob.core.windows.net/mlartefacts/0\nexperiment_id: '0'\nname: Default\n"
LARGE = os.urandom(21 * 1024 * 1024 + 3)
ODD_BLOBS = {
    "mlartefacts/0/r1/artifacts/model/weights.bin": LARGE,
    "mlartefacts/0/r1/artifacts/empty": b"",
    "mlartefacts/0/r1/artifacts/größe 統計.txt": b"unicode",
    "mlartefacts/0/r1/artifacts/a": b"a file",
    "mlartefacts/0/r1/artifacts/a/b": b"beside a file of the name of its folder",
    "mlartefacts/0/r1/artifacts/A": b"another case",
    "mlartefacts/0/r1/artifacts/twice//slashed": b"no path",
    "mlartefacts/0/r1/artifacts/CON": b"a device on Windows",
    "mlartefacts/0/r1/artifacts/" + "long" * 70: b"longer than a file's name may be",
    "elsewhere/by hand": b"not of MLflow",
}
STORE = {
    "mlruns/0/r1/meta.yaml": b"artifact_uri: wasbs://mlflow@%s.blob.core.windows.net/mlartefacts/0/r1/artifacts\n",
    "mlruns/0/r1/metrics/loss": b"1 0.5 0\n2 nan 1\n",
    "mlruns/0/r1/metrics/nested/\xe4".encode("latin-1").decode("latin-1"): b"1 0.1 0\n",
    "mlruns/0/r1/tags/mlflow.note.content": "Größe\n統計".encode(),
    "mlruns/0/broken/meta.yaml": b"{{ not yaml \xff",
    "mlruns/.trash/7/meta.yaml": b"",
}


@pytest.fixture
def cli(shared_cli: Command, request: pytest.FixtureRequest) -> Command:
    """The command line for a deployment of the test's own, in the emulator of the module."""
    return shared_cli.of(f"rg-{abs(hash(request.node.name))}")


def deploy(cli: Command) -> None:
    """A deployment that came as far as the image: its storage is there, and no server runs."""
    cli("deploy", *JSON, "--build", "none")


@pytest.fixture
def stored(cli: Command, shared_emulator: Emulator) -> Stored:
    """The storage of a deployment, with what a server and its clients wrote, broken and odd things among it."""
    deploy(cli)
    stored = Stored(shared_emulator, cli)
    account = stored.account.name.encode()
    filled = {name: content % account if b"wasbs" in content else content for name, content in STORE.items()}
    stored.write_all({"mlruns/0/meta.yaml": META % account, **filled})
    (stored.share / "mlruns/0/r1/artifacts").mkdir()
    stored.upload(ODD_BLOBS)
    return stored


def refusal(refused: Result) -> tuple[int, str]:
    """With which exit code and code a command was refused."""
    return refused.exit_code, refused.errors[0]["code"]


def wait_for_copies(directory: Path, number: int, backup: subprocess.Popen[str]) -> None:
    """Wait until that many files of a backup are there and checked."""
    journal = directory / "files.jsonl"
    while not journal.exists() or len(journal.read_bytes().splitlines()) < number:
        assert backup.poll() is None, backup.communicate()
        time.sleep(0.005)


def wait_for_the_share(directory: Path, restore: subprocess.Popen[str]) -> None:
    """Wait until a restore has written files of the share, which come last."""
    while not any(path.read_bytes().count(b'["share", ') > 1 for path in directory.glob("restore-*")):
        assert restore.poll() is None, restore.communicate()
        time.sleep(0.005)


def test_what_was_destroyed_comes_back_from_its_backup_equal(cli: Command, stored: Stored, tmp_path: Path) -> None:
    root = f"wasbs://mlflow@{stored.account.name}.blob.core.windows.net/mlartefacts"
    odd = {**odd_runs.movable("0", root), **odd_runs.not_movable("0", root)}
    assert len({name.partition("/")[0] for name in odd}) > 100
    stored.write_all({f"mlruns/0/{name}": content for name, content in odd.items()})
    files, blobs = stored.files(), stored.blobs()
    made = cli("backup", str(tmp_path / "b"), *JSON).data
    assert (made["files"], made["bytes"]) == (
        len(blobs) + sum(kind != "directory" for kind in files.values()),
        sum(map(len, ODD_BLOBS.values())) + sum(p.stat().st_size for p in stored.share.rglob("*") if p.is_file()),
    )
    assert stored.snapshots() == []
    key = stored.connection.partition("AccountKey=")[2].partition(";")[0].encode()
    assert not any(key in path.read_bytes() for path in (tmp_path / "b").rglob("*") if path.is_file())
    verified = cli("backup", "--verify", str(tmp_path / "b"), "--output", "json")
    assert verified.data["damaged"] == 0
    assert "checked" in verified.stderr

    assert cli("restore", str(tmp_path / "b"), "--local", str(tmp_path / "out")).exit_code == 0
    artifacts = tmp_path / "out/artifacts/0/r1/artifacts"
    assert (artifacts / "a").read_bytes() == ODD_BLOBS["mlartefacts/0/r1/artifacts/a"]
    again = cli("restore", str(tmp_path / "b"), "--local", str(tmp_path / "out"), "--output", "json")
    assert refusal(again) == (2, "DataExists")
    assert "--local DIR --replace" in again.errors[0]["hint"]

    assert cli("destroy", *JSON, "--yes").exit_code == 0
    deploy(cli)
    assert (stored.files(), stored.blobs()) == ({}, {})
    restored = cli("restore", str(tmp_path / "b"), *JSON).data
    assert (restored["files"], restored["rewritten"]) == (made["files"], 0)
    assert (stored.files(), stored.blobs()) == (files, blobs)


def test_a_killed_backup_is_gone_on_with_and_its_snapshot_removed(cli: Command, stored: Stored, tmp_path: Path) -> None:
    stored.write_all({f"mlruns/0/r2/params/p{number}": b"%d" % number for number in range(300)})
    directory = tmp_path / "b"
    for copies in (3, 100):
        backup = cli.start("backup", str(directory), *JSON)
        wait_for_copies(directory, copies, backup)
        with frozen(backup):
            assert refusal(cli("backup", str(directory), *JSON)) == (2, "InUse")
        backup.kill()
        backup.communicate()
    assert len(stored.snapshots()) == 1
    assert cli("backup", "--verify", str(directory), "--output", "json").errors[0]["code"] == "BackupUnfinished"

    stored.write_all({"mlruns/0/r2/params/p1": b"changed meanwhile"})
    (stored.share / "mlruns/0/r2/params/p2").unlink()
    made = cli("backup", str(directory), *JSON).data
    assert made["skipped"] > 0
    assert stored.snapshots() == []
    assert cli("backup", "--verify", str(directory), "--output", "json").data["files"] == made["files"]
    assert (directory / "share/mlruns/0/r2/params/p1").read_bytes() == b"changed meanwhile"
    assert not (directory / "share/mlruns/0/r2/params/p2").exists()


def test_ctrl_c_ends_a_backup_with_130_and_leaves_no_snapshot(cli: Command, stored: Stored, tmp_path: Path) -> None:
    stored.write_all({f"mlruns/0/r2/params/p{number}": b"%d" % number for number in range(300)})
    backup = cli.start("backup", str(tmp_path / "b"), *JSON)
    wait_for_copies(tmp_path / "b", 3, backup)
    backup.send_signal(signal.SIGINT)
    answer, told = backup.communicate()
    assert (backup.returncode, json.loads(answer)["errors"][0]["code"]) == (130, "Interrupted")
    assert "Traceback" not in told
    assert stored.snapshots() == []


def test_a_backup_is_not_finished_while_its_snapshot_is_left(cli: Command, stored: Stored, tmp_path: Path) -> None:
    stored.emulator.fail(method="DELETE", path="^/mlflow$", status=403)
    left = cli("backup", str(tmp_path / "b"), *JSON)
    assert left.exit_code == 4
    assert "deleting the snapshot of file share mlflow" in left.errors[0]["message"]
    assert cli("backup", "--verify", str(tmp_path / "b"), "--output", "json").errors[0]["code"] == "BackupUnfinished"
    assert len(stored.snapshots()) == 1
    made = cli("backup", str(tmp_path / "b"), *JSON).data
    assert (made["skipped"], stored.snapshots()) == (made["files"], [])


def test_a_backup_that_cannot_be_written_leaves_no_snapshot(cli: Command, stored: Stored, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b/of someone else").touch()
    refused = cli("backup", str(tmp_path / "b"), *JSON)
    assert (refused.exit_code, refused.errors[0]["code"]) == (2, "DirectoryNotEmpty")
    timed_out = cli("backup", str(tmp_path / "c"), *JSON, "--timeout", "1")
    assert timed_out.exit_code in {0, 9}
    assert stored.snapshots() == []


def test_verify_finds_a_flipped_byte_a_missing_file_and_a_changed_list(
    cli: Command, stored: Stored, tmp_path: Path
) -> None:
    directory = tmp_path / "b"
    assert cli("backup", str(directory), *JSON).exit_code == 0
    flipped = directory / "container/mlartefacts/0/r1/artifacts/model/weights.bin"
    content = bytearray(flipped.read_bytes())
    content[12345] ^= 1
    flipped.write_bytes(content)
    (directory / "share/mlruns/0/r1/metrics/loss").unlink()
    listed = map(json.loads, (directory / "files.jsonl").read_text().splitlines())
    odd = next(each for each in listed if each["name"].endswith("//slashed"))
    (directory / odd["file"]).write_bytes(b"longer than before")
    answer = cli("backup", "--verify", str(directory), "--output", "json")
    assert answer.exit_code == 1
    assert [error["message"].partition(": ")[0] for error in answer.errors] == [
        "container/mlartefacts/0/r1/artifacts/model/weights.bin",
        f'{odd["file"]} ("mlartefacts/0/r1/artifacts/twice//slashed")',
        "share/mlruns/0/r1/metrics/loss",
    ]
    stored.upload({"mlartefacts/later": b"new"})
    there = stored.files(), stored.blobs()
    assert cli("restore", str(directory), *JSON, "--replace", "--yes").exit_code == 1
    assert (stored.files(), stored.blobs()) == there  # nothing was given up for it

    with (directory / "files.jsonl").open("a") as file:
        file.write("{}\n")
    assert cli("backup", "--verify", str(directory)).exit_code == 1


def test_a_restore_takes_nothing_that_is_there_unless_it_is_told_to(
    cli: Command, stored: Stored, tmp_path: Path
) -> None:
    files, blobs = stored.files(), stored.blobs()
    assert cli("backup", str(tmp_path / "b"), *JSON).exit_code == 0
    stored.write_all({"mlruns/0/later/meta.yaml": b"new", "mlruns/0/r1/metrics/loss": b"1 0.5 0\n2 nan 1\n3 0.1 2\n"})
    stored.upload({"mlartefacts/0/later/artifacts/x": b"new"})
    shutil.rmtree(stored.share / "mlruns/0/broken")
    (stored.share / "mlruns/.trash/7/meta.yaml").unlink()
    stored.write_all({"mlruns/0/broken": b"in the place of a folder", "mlruns/.trash/7/meta.yaml/x": b"of a file"})
    there = stored.files()
    refused = cli("restore", str(tmp_path / "b"), *JSON)
    assert (refused.exit_code, refused.errors[0]["code"]) == (2, "DataExists")
    assert cli("restore", str(tmp_path / "b"), *JSON, "--replace").errors[0]["code"] == "ConfirmationNeeded"
    assert stored.files() == there

    assert cli("restore", str(tmp_path / "b"), *JSON, "--replace", "--yes").data["removed"] == 4
    assert (stored.files(), stored.blobs()) == (files, blobs)


def test_a_killed_restore_is_gone_on_with_to_another_account_whose_address_the_runs_get(
    cli: Command, stored: Stored, tmp_path: Path, shared_emulator: Emulator
) -> None:
    stored.write_all({f"mlruns/0/r2/params/p{number}": b"%d" % number for number in range(200)})
    directory = tmp_path / "b"
    assert cli("backup", str(directory), *JSON).exit_code == 0
    other = cli.of(cli.environ["RG_NAME"] + "-other")
    deploy(other)
    for written in (50, 150):
        restore = other.start("restore", str(directory), *JSON)
        while not any(len(path.read_bytes().splitlines()) > written for path in directory.glob("restore-*")):
            assert restore.poll() is None, restore.communicate()
            time.sleep(0.005)
        with frozen(restore):
            assert refusal(other("restore", str(directory), *JSON)) == (2, "InUse")
        restore.kill()
        restore.communicate()

    restored = other("restore", str(directory), *JSON).data
    assert restored["skipped"] >= 150
    assert list(directory.glob("restore-*")) == []
    there = Stored(shared_emulator, other)
    assert there.blobs() == stored.blobs()
    before, after = stored.account.name.encode(), there.account.name.encode()
    assert before != after
    files, changed = stored.files(), there.files()
    assert {name for name in files if files[name] != changed.get(name)} == {
        "mlruns/0/meta.yaml", "mlruns/0/r1/meta.yaml",
    }  # fmt: skip
    assert files.keys() == changed.keys()
    assert (there.share / "mlruns/0/meta.yaml").read_bytes() == META % after


def test_blobs_that_change_and_go_while_they_are_copied_do_not_end_a_backup(
    cli: Command, stored: Stored, tmp_path: Path
) -> None:
    over = threading.Event()

    def change() -> None:
        while not over.is_set():
            stored.upload({f"mlartefacts/0/r1/artifacts/changing{number}": os.urandom(1000) for number in range(20)})
            for number in range(10):
                stored.container.delete_blob(f"mlartefacts/0/r1/artifacts/changing{number}")

    client = threading.Thread(target=change)
    client.start()
    try:
        made = cli("backup", str(tmp_path / "b"), *JSON)
    finally:
        over.set()
        client.join()
    assert made.exit_code == 0, made.stderr
    assert cli("backup", "--verify", str(tmp_path / "b"), "--output", "json").data["damaged"] == 0
    assert (tmp_path / "b/container/mlartefacts/0/r1/artifacts/model/weights.bin").read_bytes() == LARGE


def test_what_the_file_system_refuses_is_told_with_what_to_do(cli: Command, stored: Stored, tmp_path: Path) -> None:
    assert cli("backup", str(tmp_path / "b"), *JSON).exit_code == 0
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mlruns").touch()
    failed = cli("restore", str(tmp_path / "b"), "--local", str(tmp_path / "out"), "--output", "json")
    assert (failed.exit_code, failed.errors[0]["code"]) == (1, "FileSystem")
    assert str(tmp_path / "out/mlruns") in failed.errors[0]["message"]


def test_a_restore_that_is_gone_on_with_takes_nothing_that_someone_wrote_meanwhile(
    cli: Command, stored: Stored, tmp_path: Path
) -> None:
    stored.write_all({f"mlruns/0/r2/params/p{number}": b"%d" % number for number in range(100)})
    directory = tmp_path / "b"
    assert cli("backup", str(directory), *JSON).exit_code == 0
    assert cli("destroy", *JSON, "--yes").exit_code == 0
    deploy(cli)
    restore = cli.start("restore", str(directory), *JSON)
    wait_for_the_share(directory, restore)
    restore.kill()
    restore.communicate()
    (journal,) = directory.glob("restore-*")
    noted = [json.loads(line) for line in journal.read_text().splitlines()[:-1]]
    written = stored.share / next(name for part, name, _ in noted if part == "share")
    with written.open("ab") as file:
        file.write(b"3 0.1 2")
    refused = cli("restore", str(directory), *JSON)
    assert refused.errors[0]["code"] == "DataExists"
    assert written.name in refused.errors[0]["message"]
    assert written.read_bytes().endswith(b"3 0.1 2")


def test_while_another_machine_copies_there_a_restore_is_refused(
    cli: Command, stored: Stored, tmp_path: Path, shared_emulator: Emulator
) -> None:
    assert cli("backup", str(tmp_path / "b"), *JSON).exit_code == 0
    where = (cli.environ["RG_NAME"], stored.account.name, NAME)
    containers = shared_emulator.azure.storage.blob_containers
    its = containers.lease(*where, {"action": "Acquire", "leaseDuration": 60}).lease_id
    restore = ("restore", str(tmp_path / "b"), *JSON, "--replace", "--yes")
    refused = cli(*restore)
    assert refusal(refused) == (2, "InUse")
    assert "on another machine" in refused.errors[0]["message"]
    assert refusal(cli("backup", str(tmp_path / "c"), *JSON)) == (2, "InUse")
    assert containers.get(*where).lease_state == "Leased"
    containers.lease(*where, {"action": "Release", "leaseId": its})

    of_a_killed_one = {"action": "Acquire", "leaseDuration": 60, "proposedLeaseId": of_this_machine()}
    containers.lease(*where, of_a_killed_one)
    assert cli(*restore).exit_code == 0  # its end is not waited for
    assert containers.get(*where).lease_state == "Available"

    containers.lease(*where, {"action": "Acquire", "leaseDuration": -1})  # so that nobody deletes it
    assert cli(*restore).exit_code == 0


def test_a_file_that_cannot_be_read_is_listed_and_the_backup_incomplete_until_it_can(
    cli: Command, stored: Stored, tmp_path: Path, shared_emulator: Emulator
) -> None:
    directory = tmp_path / "b"
    wanted = {
        "share/mlruns/0/r1/metrics/loss": (409, "SharingViolation"),
        "share/mlruns/.trash/7/meta.yaml": (403, "ReadOnly"),
        "container/mlartefacts/0/r1/artifacts/model/weights.bin": (409, "BlobArchived"),
    }
    stored.write_all({"mlruns/.trash/7/meta.yaml": b"x"})
    for name, (status, code) in wanted.items():
        path = name.partition("/")[2]
        shared_emulator.fail(
            method="GET", path=f"/{path}$", times=None, status=status, code=code, message=f"It is {code}."
        )
    try:
        made = cli("backup", str(directory), *JSON)
    finally:
        shared_emulator.heal()
    assert (made.exit_code, {each["code"] for each in made.errors}) == (1, {"FileUnreadable"})
    reasons = {name: why for name, _, why in (each["message"].partition(" is missing: ") for each in made.errors)}
    assert reasons.keys() == wanted.keys()
    assert all(f"It is {code}." in reasons[name] for name, (_, code) in wanted.items())
    assert made.answer["data"]["unreadable"] == 3
    assert stored.snapshots() == []
    checked = cli("backup", "--verify", str(directory), "--output", "json")
    assert (checked.exit_code, len(checked.errors), checked.answer["data"]["damaged"]) == (1, 3, 3)
    out = ("restore", str(directory), "--local", str(tmp_path / "out"), "--output", "json")
    assert refusal(cli(*out)) == (1, "BackupIncomplete")
    assert refusal(cli(*out, "--incomplete", "--replace")) == (2, "Usage")
    assert cli(*out, "--incomplete").data["files"] == made.answer["data"]["files"]

    again = cli("backup", str(directory), *JSON).data
    assert again["files"] - again["skipped"] == again["unreadable"] + 3 == 3
    assert cli("backup", "--verify", str(directory), "--output", "json").data["files"] == again["files"]


def test_artifacts_can_be_left_out_of_a_backup(cli: Command, stored: Stored, tmp_path: Path) -> None:
    made = cli("backup", str(tmp_path / "b"), *JSON, "--without-artifacts", "--verbose")
    assert [part["kind"] for part in made.data["parts"]] == ["file share"]
    assert made.stderr.count("GET localhost/mlflow/mlruns/0/meta.yaml → 2") == 1  # one request for a file
    assert not (tmp_path / "b/container").exists()


def test_a_backup_of_mlflow_3_is_not_restored_to_1_5_0(cli: Command, tmp_path: Path) -> None:
    deploy(cli)
    made = Manifest(
        id="1",
        mlflow_azure_version="1",
        mlflow_version="3.18.0",
        deployment={},
        artifact_root="",
        file_store=None,
        began="",
        parts=(Part("database", "mlflow", "database"),),
        files_sha256=manifest.write_lines(tmp_path / manifest.FILES, []),
    )
    made.write(tmp_path / manifest.MANIFEST)
    refused = cli("restore", str(tmp_path), *JSON)
    assert refusal(refused) == (2, "BackupOfAnotherKind")
    assert "--to 3" in refused.errors[0]["hint"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("backup", "b", "--verify", "--stop-server"),
        ("backup", "b", "--verify", "--without-artifacts"),
        ("restore", "b", "--local", "c", "--stop-server"),
    ],
)
def test_options_that_would_say_nothing_are_refused(cli: Command, arguments: tuple[str, ...]) -> None:
    assert refusal(cli(*arguments, "--output", "json")) == (2, "Usage")


def test_a_restore_of_what_is_no_backup_says_so(cli: Command, tmp_path: Path) -> None:
    refused = cli("restore", str(tmp_path), *JSON)
    assert (refused.exit_code, refused.errors[0]["code"]) == (2, "NotABackup")
