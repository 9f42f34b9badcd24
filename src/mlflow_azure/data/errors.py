"""What can be wrong with a backup, and with where it is to go."""

from __future__ import annotations

import shlex
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlflow_azure.errors import MlflowAzureError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


@contextmanager
def on_this_machine(directory: Path) -> Iterator[None]:
    """Turn what the file system refuses within, a full disk for example, into one of our errors."""
    try:
        yield
    except OSError as error:
        raise MlflowAzureError(
            f"reading and writing {error.filename or directory}: {error.strerror or error}",
            hint="Check the disk, then run the command again; it picks up where it left off.",
            code="FileSystem",
        ) from error


def _quoted(directory: Path) -> str:
    """The directory as any shell finds it."""
    return shlex.quote(str(directory.absolute()))


def no_backup(directory: Path, why: str) -> SettingsError:
    """The directory is no backup."""
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
    """Raise SettingsError where folders below `out`, which are to be written, hold the backup or lie in it."""
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
    """A command on another machine is at work in the same place."""
    return SettingsError(
        f"{what}: a command on another machine works there at this moment",
        hint="Wait until it has ended; then run this one again. If it was killed, that is in a minute.",
        code="InUse",
    )


def damaged(name: str, problem: str) -> MlflowAzureError:
    """A file of a backup is not what was backed up."""
    return MlflowAzureError(
        f"{name}: {problem}",
        hint="Make another backup, or get the file from another copy of this one.",
        code="BackupDamaged",
    )


def data_is_there(what: str, names: list[str], counted: str, *, on_this_machine: bool) -> SettingsError:
    """A restore would overwrite data: so many names, `counted` in the plural."""
    keep = "choose another directory" if on_this_machine else "make a backup first: mlflow-azure backup DIR"
    replace = "--local DIR --replace" if on_this_machine else "--replace"
    return SettingsError(
        f"restoring to {what}: {len(names):,} {counted} already exist, such as {names[0]}",
        hint=f"To keep them, {keep}. To replace them with the contents of the backup: mlflow-azure restore {replace}",
        code="DataExists",
    )


def not_equal(what: str, name: str) -> MlflowAzureError:
    """Someone wrote to the target meanwhile."""
    return MlflowAzureError(
        f"comparing {what} with the backup: {name} has changed since it was written",
        hint="Something else is writing there. Run the restore again with --stop-server.",
        code="RestoreNotEqual",
    )
