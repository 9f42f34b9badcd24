"""The manifest of a backup. docs/backup.md documents the format; a change needs a new format number.

`manifest.json` is one JSON object; `files.jsonl` next to it has one line per file, and its own SHA-256 is in the
manifest. While a backup is in progress, the first is called `unfinished.json`, and the second gets a line for each file
that is copied and verified.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from mlflow_azure.data import errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from mlflow_azure.errors import MlflowAzureError

FORMAT, _OF_WHOLE_ONES = 3, 2
"""2 added `database`, and parts of that kind; 3 `unreadable`, and only incomplete backups have it."""
WHAT = "mlflow-azure backup"
MANIFEST, FILES, UNFINISHED = "manifest.json", "files.jsonl", "unfinished.json"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of files.jsonl.

    Attributes:
        part: The folder of its part.
        name: Its name in Azure.
        file: Its path, relative to the backup; None for a directory.
        bytes: Its size.
        sha256: Hash of its content, in hex.
        version: Azure's ETag, by which a later run detects changes.

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
    """One kind of data: `folder` is its path in the backup; counts are 0 until the backup is finished."""

    kind: str
    name: str
    folder: str
    files: int = 0
    directories: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class Unreadable:
    """A file that could not be copied: its part, its name in Azure, and the reason."""

    part: str
    name: str
    why: str

    @property
    def problem(self) -> MlflowAzureError:
        """The error that it is."""
        return errors.unreadable(f"{self.part}/{self.name}", self.why)


@dataclass(frozen=True)
class Manifest:
    """The description of a backup.

    Attributes:
        id: A UUID.
        mlflow_azure_version: Version of the program that made it.
        mlflow_version: MLflow version of the server.
        deployment: Names in Azure: subscription_id, resource_group, storage_account, web_app.
        artifact_root: URI below which the server stored its artifacts.
        file_store: Path of the file store, relative to the backup; None if there is none.
        began: The earliest time at which the data was frozen, in ISO 8601, UTC.
        finished: When it was completed; None while it is not.
        parts: Its parts.
        files_sha256: SHA-256 of files.jsonl.
        database: For MLflow 3: the schema's `revision`, the versions `mlflow` and `postgres`, and `rows`.

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
    unreadable: tuple[Unreadable, ...] = ()

    @property
    def totals(self) -> dict[str, int]:
        """The number of files and bytes of all parts."""
        return {"files": sum(part.files for part in self.parts), "bytes": sum(part.bytes for part in self.parts)}

    def require_whole(self, directory: Path) -> None:
        """Raise MlflowAzureError if files are missing from the backup in this directory."""
        if self.unreadable:
            raise errors.incomplete(directory, len(self.unreadable), self.unreadable[0].problem)

    def is_of_the_same(self, other: Manifest) -> bool:
        """Whether both are backups of the same parts of the same deployment."""
        return (self.deployment, self._names()) == (other.deployment, other._names())

    def _names(self) -> list[tuple[str, str]]:
        return [(part.kind, part.name) for part in self.parts]

    def write(self, path: Path) -> None:
        """Write it atomically."""
        fresh = path.with_name(path.name + ".new")
        found = {"what": WHAT, "format": FORMAT, **asdict(self)}
        if not self.unreadable:
            del found["unreadable"]
            found["format"] = _OF_WHOLE_ONES
        # A name in `unreadable` may hold surrogates, which only ASCII can express.
        text = json.dumps(found, indent=2, ensure_ascii=bool(self.unreadable))
        fresh.write_text(text + "\n", encoding="utf-8")
        fresh.replace(path)


def read(directory: Path, *, incomplete: bool = False) -> Manifest:
    """Return the manifest of a finished backup, or of an incomplete one if told. Raises MlflowAzureError."""
    path = directory / MANIFEST
    try:
        there, unfinished = path.is_file(), (directory / UNFINISHED).is_file()
    except OSError as error:  # such as a name that the file system does not allow
        raise errors.no_backup(directory, str(error.strerror)) from error
    if not there and not unfinished:
        raise errors.no_backup(directory, f"there is no {MANIFEST}")
    with errors.on_this_machine(directory):
        made = load(path if there else directory / UNFINISHED)
    if not there and not made.unreadable:
        raise errors.unfinished(directory)
    if not incomplete:
        made.require_whole(directory)
    return made


def load(path: Path) -> Manifest:
    """Return the manifest in a file. Raises SettingsError."""
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
        unreadable = tuple(Unreadable(**each) for each in found.pop("unreadable", ()))
        parts = tuple(Part(**part) for part in found.pop("parts"))
        return Manifest(**found, parts=parts, unreadable=unreadable)
    except (TypeError, KeyError) as error:
        raise errors.no_backup(path.parent, f"{path.name} is damaged ({error})") from error


@dataclass(frozen=True)
class Entries:
    """The entries of a finished backup, read anew each time that they are gone through."""

    directory: Path
    manifest: Manifest

    def __iter__(self) -> Iterator[Entry]:
        """Yield all of them."""
        with errors.on_this_machine(self.directory):
            yield from lines(self.directory / FILES)

    def of(self, folder: str | None) -> Iterator[Entry]:
        """Yield those of a part."""
        return (entry for entry in self if entry.part == folder)


def entries(directory: Path, manifest: Manifest) -> Entries:
    """Return the entries of a finished backup. Raises MlflowAzureError if the list is damaged."""
    path = directory / FILES
    if not path.is_file():
        raise errors.damaged(FILES, "is missing")
    with errors.on_this_machine(directory):
        if file_sha256(path) != manifest.files_sha256:
            raise errors.damaged(FILES, "has changed since it was written")
    found = Entries(directory, manifest)
    counts = {part.folder: [0, 0, 0] for part in manifest.parts}
    for entry in found:
        where = entry.file or entry.name
        if where.startswith("/") or ".." in where.split("/"):
            raise errors.damaged(FILES, f"names {where}, which is not in the backup")
        if its := counts.get(entry.part):
            its[entry.is_directory] += 1
            its[2] += entry.bytes
    for part in manifest.parts:
        if counts[part.folder] != [part.files, part.directories, part.bytes]:
            raise errors.damaged(MANIFEST, f"has other counts for {part.folder} than {FILES}")
    return found


def lines(path: Path) -> Iterator[Entry]:
    """Yield the entries of a list, skipping a line damaged by a crash."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                with suppress(ValueError, TypeError):
                    yield Entry(**json.loads(line))


def line(entry: Entry) -> str:
    """Return an entry as a line, without empty fields."""
    found = {key: value for key, value in asdict(entry).items() if value or (key == "bytes" and entry.file)}
    return json.dumps(found, ensure_ascii=True) + "\n"


def write_lines(path: Path, found: Iterable[str]) -> str:
    """Write the list, atomically; return its SHA-256."""
    fresh = path.with_name(path.name + ".new")
    with fresh.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(found)
    digest = file_sha256(fresh)
    fresh.replace(path)
    return digest


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's content, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
