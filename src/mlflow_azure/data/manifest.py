"""What a backup says of itself. docs/backup.md describes the format for others; a change of it is a new number.

`manifest.json` is one JSON object; `files.jsonl` beside it has a line for each file, and its own SHA-256 stands in the
manifest. While a backup is made, the first is called `unfinished.json`, and to the second a line is added for each file
that is there and checked.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from mlflow_azure.data import errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

FORMAT = 2
"""2 has `database`, and parts of that kind."""
WHAT = "mlflow-azure backup"
MANIFEST, FILES, UNFINISHED = "manifest.json", "files.jsonl", "unfinished.json"


@dataclass(frozen=True)
class Entry:
    """A line of files.jsonl.

    Attributes:
        part: The folder of the part that it belongs to.
        name: Its name in Azure.
        file: Where it lies, relative to the backup; None for a directory.
        bytes: Its size.
        sha256: Of its content, in hexadecimal digits.
        version: Azure's ETag, by which a later run knows that it has not changed.

    """

    part: str
    name: str
    file: str | None = None
    bytes: int = 0
    sha256: str = ""
    version: str = ""

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory, which has no content."""
        return self.file is None

    @property
    def shown(self) -> str:
        """The file, for a message; with its name in Azure where that is another."""
        name = json.dumps(self.name, ensure_ascii=False)
        return str(self.file) if self.file == f"{self.part}/{self.name}" else f"{self.file} ({name})"


@dataclass(frozen=True)
class Part:
    """One kind of data: `folder` is where it lies in the backup; counts are 0 until the backup is finished."""

    kind: str
    name: str
    folder: str
    files: int = 0
    directories: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class Manifest:
    """What a backup is.

    Attributes:
        id: A UUID.
        mlflow_azure_version: Of the program that made it.
        mlflow_version: Of the server whose data it is.
        deployment: Names in Azure: subscription_id, resource_group, storage_account, web_app.
        artifact_root: URI below which the server kept its artifacts.
        file_store: Where the file store lies, relative to the backup; None where there is none.
        began: When the data was frozen at the earliest, in ISO 8601, UTC.
        finished: When it was complete; None while it is not.
        parts: What is in it.
        files_sha256: SHA-256 of files.jsonl.
        database: Of a backup of MLflow 3: the schema's `revision`, the versions `mlflow` and `postgres`, and `rows`.

    """

    id: str
    mlflow_azure_version: str
    mlflow_version: str
    deployment: Mapping[str, str]
    artifact_root: str
    file_store: str | None
    began: str
    parts: tuple[Part, ...]
    finished: str | None = None
    files_sha256: str = ""
    database: Mapping[str, str | int] | None = None

    @property
    def totals(self) -> dict[str, int]:
        """Files and bytes of all parts."""
        return {"files": sum(part.files for part in self.parts), "bytes": sum(part.bytes for part in self.parts)}

    def is_of_the_same(self, other: Manifest) -> bool:
        """Whether both are backups of the same parts of the same deployment."""
        return (self.deployment, self._names()) == (other.deployment, other._names())

    def _names(self) -> list[tuple[str, str]]:
        return [(part.kind, part.name) for part in self.parts]

    def write(self, path: Path) -> None:
        """Write it, whole or not at all."""
        fresh = path.with_name(path.name + ".new")
        text = json.dumps({"what": WHAT, "format": FORMAT, **asdict(self)}, indent=2, ensure_ascii=False)
        fresh.write_text(text + "\n", encoding="utf-8")
        fresh.replace(path)


def read(directory: Path) -> Manifest:
    """The manifest of a finished backup. Raises SettingsError."""
    path = directory / MANIFEST
    try:
        there, unfinished = path.is_file(), (directory / UNFINISHED).is_file()
    except OSError as error:  # such as a name that no file system takes
        raise errors.no_backup(directory, str(error.strerror)) from error
    if not there:
        raise errors.unfinished(directory) if unfinished else errors.no_backup(directory, f"there is no {MANIFEST}")
    return load(path)


def load(path: Path) -> Manifest:
    """The manifest in a file. Raises SettingsError."""
    try:
        found: dict[str, Any] = dict(json.loads(path.read_text(encoding="utf-8")))
        what, version = found.pop("what"), found.pop("format")
    except (ValueError, KeyError, TypeError) as error:
        raise errors.no_backup(path.parent, f"{path.name} is not a manifest ({error})") from error
    if what != WHAT:
        raise errors.no_backup(path.parent, f"{path.name} belongs to something else")
    if version not in range(1, FORMAT + 1) or isinstance(version, bool):
        raise errors.too_new(path.parent, version, FORMAT)
    try:
        return Manifest(**{**found, "parts": tuple(Part(**part) for part in found["parts"])})
    except (TypeError, KeyError) as error:
        raise errors.no_backup(path.parent, f"{path.name} is damaged ({error})") from error


def entries(directory: Path, manifest: Manifest) -> list[Entry]:
    """What is in a finished backup. Raises MlflowAzureError where the list is damaged."""
    path = directory / FILES
    if not path.is_file():
        raise errors.damaged(FILES, "is missing")
    if file_sha256(path) != manifest.files_sha256:
        raise errors.damaged(FILES, "has changed since it was written")
    found = list(lines(path))
    for entry in found:
        where = entry.file or entry.name
        if where.startswith("/") or ".." in where.split("/"):
            raise errors.damaged(FILES, f"names {where}, which is not in the backup")
    for part in manifest.parts:
        if counted(part, found) != part:
            raise errors.damaged(MANIFEST, f"has other counts for {part.folder} than {FILES}")
    return found


def counted(part: Part, entries: Iterable[Entry]) -> Part:
    """A part with the counts of those entries that belong to it."""
    mine = [entry for entry in entries if entry.part == part.folder]
    files = [entry for entry in mine if not entry.is_directory]
    size = sum(entry.bytes for entry in files)
    return replace(part, files=len(files), directories=len(mine) - len(files), bytes=size)


def lines(path: Path) -> Iterator[Entry]:
    """The entries of a list; a line that a crash cut off or spoilt is left out."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                with suppress(ValueError, TypeError):
                    yield Entry(**json.loads(line))


def line(entry: Entry) -> str:
    """An entry as a line, without what it does not have."""
    found = {key: value for key, value in asdict(entry).items() if value or (key == "bytes" and entry.file)}
    return json.dumps(found, ensure_ascii=True) + "\n"


def write_entries(path: Path, found: Iterable[Entry]) -> str:
    """Write the list in order, whole or not at all; its SHA-256."""
    fresh = path.with_name(path.name + ".new")
    with fresh.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(map(line, sorted(found, key=lambda entry: (entry.part, entry.name))))
    digest = file_sha256(fresh)
    fresh.replace(path)
    return digest


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
