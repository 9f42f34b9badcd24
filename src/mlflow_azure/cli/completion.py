"""What a shell offers for the values of options. Asks Azure for nothing: it has to answer while someone types."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mlflow_azure.settings.known import PLAN_SIZES, POSTGRES_SIZES, REGIONS
from mlflow_azure.settings.rules import OFF, ON

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

SETTINGS_FILES = "*.env"
_VALUES = {
    "RG_LOCATION": REGIONS,
    "ASP_SKU": PLAN_SIZES,
    "POSTGRES_SKU": POSTGRES_SIZES,
    "PRIVATE_NETWORK": (ON, OFF),
}


def settings_files(incomplete: str) -> list[str]:
    """The settings files of this folder, and other files and folders by their beginning."""
    before, slash, _ = incomplete.rpartition("/")
    folder = Path(f"{before}{slash}")
    folder = folder.expanduser() if incomplete.startswith("~/") else folder
    found = [each.name for each in folder.glob(SETTINGS_FILES) if not each.is_dir()]
    found += [f"{each.name}/" for each in folder.glob("*") if each.is_dir()]
    return _beginning(incomplete, sorted(f"{before}{slash}{name}" for name in found))


def of_setting(name: str) -> Callable[[str], list[str]] | None:
    """What completes the value of a setting; None where anything may be its value."""
    if name in _VALUES:
        return lambda incomplete: _beginning(incomplete, _VALUES[name])
    if name.endswith("_NAME"):
        return lambda incomplete: _beginning(incomplete, dict.fromkeys(_in_settings_files(name)))
    return None


def _in_settings_files(name: str) -> Iterator[str]:
    """The values that the settings files of this folder give a setting."""
    from mlflow_azure.settings.file import Entry, read

    for file in sorted(Path().glob(SETTINGS_FILES)):
        yield from (each.text for each in read(file, str(file)) if isinstance(each, Entry) and each.name == name)


def _beginning(incomplete: str, values: Iterable[str]) -> list[str]:
    return [value for value in values if value.lower().startswith(incomplete.lower())]
