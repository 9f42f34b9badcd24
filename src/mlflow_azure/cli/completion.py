"""Shell completion of option values. Never asks Azure, since it has to be instant."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from mlflow_azure.settings.known import PLAN_SIZES, POSTGRES_SIZES, REGIONS
from mlflow_azure.settings.rules import OFF, ON

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

SETTINGS_FILES = "*.env"
_TAKEN_APART = re.compile(r"[^\w%+,./:=@~^-]")
_VALUES = {
    "RG_LOCATION": REGIONS,
    "ASP_SKU": PLAN_SIZES,
    "POSTGRES_SKU": POSTGRES_SIZES,
    "PRIVATE_NETWORK": (ON, OFF),
}


def settings_files(incomplete: str) -> list[str]:
    """Complete settings files in this folder, and other files and folders by prefix.

    A single matching folder is returned with its contents: bash adds a space after the only candidate.
    """
    found = _settings_files(incomplete)
    if len(found) == 1 and found[0].endswith("/"):
        found += _settings_files(found[0])
    return _for_shell(found)


def _settings_files(incomplete: str) -> list[str]:
    before, slash, _ = incomplete.rpartition("/")
    folder = Path(f"{before}{slash}")
    folder = folder.expanduser() if incomplete.startswith("~/") else folder
    found = [each.name for each in folder.glob(SETTINGS_FILES) if not each.is_dir()]
    found += [f"{each.name}/" for each in folder.glob("*") if each.is_dir()]
    return _beginning(incomplete, sorted(f"{before}{slash}{name}" for name in found))


def of_setting(name: str) -> Callable[[str], list[str]] | None:
    """Return the completer for a setting's value; None if any value is possible."""
    if name in _VALUES:
        return lambda incomplete: _beginning(incomplete, _VALUES[name])
    if name.endswith("_NAME"):
        return lambda incomplete: _for_shell(_beginning(incomplete, dict.fromkeys(_in_settings_files(name))))
    return None


def _in_settings_files(name: str) -> Iterator[str]:
    """The values that a setting has in the settings files of this folder."""
    from mlflow_azure.settings.file import Entry, read

    for file in sorted(Path().glob(SETTINGS_FILES)):
        yield from (each.text for each in read(file, str(file)) if isinstance(each, Entry) and each.name == name)


def _beginning(incomplete: str, values: Iterable[str]) -> list[str]:
    return [value for value in values if value.lower().startswith(incomplete.lower())]


class _Escaped(str):
    """An escaped value. Typer drops values that do not start with what was typed, which is unescaped."""

    __slots__ = ()

    def startswith(self, *_: object) -> bool:
        """Always true: the value was already selected by prefix."""
        return True


def _for_shell(values: list[str]) -> list[str]:
    """The values as the shell needs them: bash inserts them verbatim, the others quote them.

    In bash, `COMP_WORDS` are the words, one per line, and `COMP_CWORD` is the index of the one being completed.
    """
    words = os.environ.get("COMP_WORDS", "").split("\n")
    at = int(os.environ.get("COMP_CWORD", "0"))
    is_bash = os.environ.get("_MLFLOW_AZURE_COMPLETE") == "complete_bash"
    if not is_bash or (at < len(words) and words[at].startswith(("'", '"'))):
        return values
    return [_Escaped(_TAKEN_APART.sub(r"\\\g<0>", value)) for value in values]
