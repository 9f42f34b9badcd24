"""The errors of backups and their targets."""

from __future__ import annotations

import shlex
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlflow_azure.errors import MlflowAzureError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


@contextmanager
def on_this_machine(directory: Path) -> Iterator[None]:
    """Turn errors of the file system, such as a full disk, into ours."""
    try:
        yield
    except OSError as error:
        raise MlflowAzureError(
            f"reading and writing {error.filename or directory}: {error.strerror or error}",
            hint="Check the disk, then run the command again; it picks up where it left off.",
            code="FileSystem",
        ) from error
    except sqlite3.OperationalError as error:  # of a Scratch, whose temporary file the disk does not take
        raise MlflowAzureError(
            f"writing a temporary file: {error}",
            hint="Set TMPDIR to a directory on a disk with more space, then run the command again; it picks up where "
            "it left off.",
            code="FileSystem",
        ) from error


def _quoted(directory: Path) -> str:
    """Return the absolute path of the directory, quoted for a shell."""
    return shlex.quote(str(directory.absolute()))


def no_backup(directory: Path, why: str) -> SettingsError:
    """The directory is not a backup."""
    return SettingsError(
        f"reading the backup in {directory}: {why}",
        hint=f"Give the directory of a backup, or make one: mlflow-azure backup {_quoted(directory)}",
        code="NotABackup",
    )


def unfinished(directory: Path) -> SettingsError:
    """The backup was not finished."""
    return SettingsError(
        f"reading the backup in {directory}: it is not finished",
        hint=f"Continue it: mlflow-azure backup {_quoted(directory)}",
        code="BackupUnfinished",
    )


def unreadable(name: str, why: str) -> MlflowAzureError:
    """A file could not be copied."""
    return MlflowAzureError(
        f"{name} is missing: {why}",
        hint="Remove the reason, or the file, and run the backup again: it tries only what is missing.",
        code="FileUnreadable",
    )


def incomplete(directory: Path, number: int, first: MlflowAzureError) -> MlflowAzureError:
    """Files could not be copied."""
    return MlflowAzureError(
        f"the backup in {directory} lacks {number:,} file{'' if number == 1 else 's'}: {first.message}",
        hint=f"{first.hint} To restore it without: mlflow-azure restore {_quoted(directory)} --incomplete",
        code="BackupIncomplete",
    )


def keeps_changing(what: str) -> MlflowAzureError:
    """A file changes faster than it can be copied."""
    return MlflowAzureError(
        f"reading {what}: it keeps changing",
        hint="Run the backup again with --stop-server.",
        code="KeepsChanging",
    )


def too_new(directory: Path, version: object, known: int) -> SettingsError:
    """A later version of mlflow-azure wrote it."""
    return SettingsError(
        f"reading the backup in {directory}: it has format {version}, and this version of mlflow-azure knows formats "
        f"up to {known}",
        hint="Update mlflow-azure: pipx upgrade mlflow-azure",
        code="BackupFormatUnknown",
    )


def occupied(directory: Path, what: str) -> SettingsError:
    """The directory holds something else."""
    return SettingsError(
        f"writing a backup to {directory}: it holds {what}",
        hint="Choose a directory that is new or empty.",
        code="DirectoryNotEmpty",
    )


def refuse_overlap(backup: Path, out: Path, folders: Iterable[Path]) -> None:
    """Raise SettingsError if folders to be written below `out` contain the backup or are inside it."""
    its = backup.resolve()
    for folder in (each.resolve() for each in folders):
        if folder == its or folder in its.parents or its in folder.parents:
            raise SettingsError(
                f"restoring to {out}: the backup itself is there",
                hint="Choose a directory outside of it.",
                code="DirectoryNotEmpty",
            )


def in_use(what: str) -> SettingsError:
    """Another command is at work in the same place."""
    return SettingsError(
        f"{what}: another command is at work there right now",
        hint="Wait until it has finished, or stop it; then run this one again.",
        code="InUse",
    )


def leased_elsewhere(what: str) -> SettingsError:
    """A command on another machine is using the same deployment."""
    return SettingsError(
        f"{what}: a command on another machine is using it",
        hint="Run this again when it has ended, or, if it was killed, in a minute.",
        code="InUse",
    )


def damaged(name: str, problem: str) -> MlflowAzureError:
    """A file of a backup is damaged."""
    return MlflowAzureError(
        f"{name}: {problem}",
        hint="Make another backup, or get the file from another copy of this one.",
        code="BackupDamaged",
    )


def data_is_there(what: str, number: int, first: str, counted: str, *, on_this_machine: bool) -> SettingsError:
    """A restore would overwrite data: how much, the first name, and the plural of what they are."""
    keep = "choose another directory" if on_this_machine else "make a backup first: mlflow-azure backup DIR"
    replace = "--local DIR --replace" if on_this_machine else "--replace"
    return SettingsError(
        f"restoring to {what}: {number:,} {counted} already exist, such as {first}",
        hint=f"To keep them, {keep}. To replace them with the contents of the backup: mlflow-azure restore {replace}",
        code="DataExists",
    )


def not_equal(what: str, name: str) -> MlflowAzureError:
    """Someone wrote to the target in the meantime."""
    return MlflowAzureError(
        f"comparing {what} with the backup: {name} has changed since it was written",
        hint="Something else is writing there. Run the restore again with --stop-server.",
        code="RestoreNotEqual",
    )
