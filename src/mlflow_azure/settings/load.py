"""From four sources to checked settings: option > environment > settings file > default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from mlflow_azure.errors import SettingsError, SeveralErrors
from mlflow_azure.settings import fitting, rules
from mlflow_azure.settings.file import DEFAULT_FILE, Entry, read
from mlflow_azure.settings.table import FILE_SHARE, POSTGRES, SETTINGS, ByVersion, Settings, Unique

if TYPE_CHECKING:
    from pathlib import Path

Options = Mapping[str, str | Sequence[str] | None]


class Source(StrEnum):
    """Where a value comes from."""

    OPTION = "option"
    ENVIRONMENT = "environment"
    FILE = "file"
    DEFAULT = "default"


@dataclass(frozen=True)
class Value:
    """A setting's text, its source, and where to change it: "--rg-name", "mlflow-azure.env, line 3"."""

    text: str
    source: Source
    place: str


_OFF = Value(rules.OFF, Source.DEFAULT, "default")


@dataclass(frozen=True)
class Loaded:
    """The settings known before asking Azure for the subscription, by name: RG_NAME.

    Attributes:
        values: The given values, and the defaults that do not depend on the subscription.
        file: The settings file that was read, if any.

    """

    values: Mapping[str, Value]
    file: Path | None

    def given(self, name: str) -> str | None:
        """Return the text of a setting; None if it has its default."""
        value = self.values.get(name)
        return value.text if value and value.source is not Source.DEFAULT else None

    def instead_of(self, answers: Mapping[str, str]) -> dict[str, str]:
        """Return the values in the environment that differ from the answers."""
        values = {name: self.values[name] for name in answers if name in self.values}
        return {
            name: value.text
            for name, value in values.items()
            if value.source is Source.ENVIRONMENT and value.text != answers[name]
        }

    def complete(self, subscription_id: str) -> Mapping[str, Value]:
        """Return all values, with the defaults that depend on the subscription."""
        values = dict(self.values)
        values.setdefault("SUBSCRIPTION_ID", Value(subscription_id, Source.DEFAULT, "default"))
        rg_name = values["RG_NAME"].text
        for name, setting in SETTINGS.items():
            if isinstance(setting.default, Unique) and name not in values:
                values[name] = Value(setting.default.text(subscription_id, rg_name), Source.DEFAULT, "default")
        return values

    def resolve(self, subscription_id: str) -> Settings:
        """Return the settings of a deployment to this subscription.

        Raises:
            SeveralErrors: Of `SettingsError`, one per invalid setting.

        """
        values = self.complete(subscription_id)
        _refuse(list(_faults(values)))
        converted: dict[str, Any] = {
            setting.field: setting.convert(values[name].text) if name in values else None
            for name, setting in SETTINGS.items()
        }
        return Settings(**converted)


def load(options: Options, environ: Mapping[str, str], file: Path | None, directory: Path) -> Loaded:
    """Read and check the settings. An empty value counts as not set.

    Args:
        options: The command-line options, by setting name; None if an option is absent.
        environ: The environment.
        file: The settings file to read; by default `mlflow-azure.env` in `directory`, if it exists.
        directory: The user's working directory.

    Raises:
        SeveralErrors: Of `SettingsError`, one per error in all sources.

    """
    path = file or _default_file(directory)
    entries = list(read(path, shown_as=str(file or DEFAULT_FILE))) if path else []
    given = {
        **{e.name: Value(e.text, Source.FILE, e.place) for e in entries if isinstance(e, Entry) and e.text},
        **_from_environment(environ),
        **_from_options(options),
    }
    values = with_defaults(given)
    _refuse([*(e for e in entries if isinstance(e, SettingsError)), *_faults(values)])
    return Loaded(values, path)


def _default_file(directory: Path) -> Path | None:
    path = directory / DEFAULT_FILE
    return path if path.exists() else None


def with_defaults(given: Mapping[str, Value]) -> dict[str, Value]:
    """Return the values, with the defaults that depend only on the MLflow version and its sizes."""
    defaults = {name: setting.default for name, setting in SETTINGS.items()}
    version = given["MLFLOW_VERSION"].text if "MLFLOW_VERSION" in given else str(defaults["MLFLOW_VERSION"])
    texts = {name: each.text(version) if isinstance(each, ByVersion) else each for name, each in defaults.items()}
    known = {name: Value(text, Source.DEFAULT, "default") for name, text in texts.items() if isinstance(text, str)}
    values = known | dict(given)
    if version == POSTGRES and "MLFLOW_WORKERS" not in given:
        workers = fitting.default_workers({name: value.text for name, value in values.items()})
        values["MLFLOW_WORKERS"] = Value(str(workers), Source.DEFAULT, "default")
    return values


def _from_environment(environ: Mapping[str, str]) -> dict[str, Value]:
    return {name: Value(environ[name], Source.ENVIRONMENT, "environment") for name in SETTINGS if environ.get(name)}


def _from_options(options: Options) -> dict[str, Value]:
    texts = {name: value if isinstance(value, str) else ",".join(value or ()) for name, value in options.items()}
    return {name: Value(text, Source.OPTION, SETTINGS[name].option) for name, text in texts.items() if text}


def broken_rules(values: Mapping[str, Value]) -> dict[str, str]:
    """Return the broken rule of each value; rules between two settings apply if both are valid alone."""
    broken = {
        name: words
        for name, setting in SETTINGS.items()
        if name in values and (words := setting.rule(values[name].text))
    }
    store, mount = values.get("MLFLOW_FILESTORE"), values.get("STORAGE_MOUNT_POINT")
    sound = not broken.keys() & {"MLFLOW_FILESTORE", "STORAGE_MOUNT_POINT"}
    if store and mount and sound and not rules.inside(store.text, mount.text):
        broken["MLFLOW_FILESTORE"] = (
            f"must be inside STORAGE_MOUNT_POINT (from {mount.place}), such as {mount.text.rstrip('/')}/mlruns: "
            "elsewhere the runs are lost when the web app restarts"
        )
    instances = values.get("ASP_INSTANCES")
    scales = values.get("AUTOSCALE", _OFF).text != rules.OFF
    if scales and instances and instances.source is not Source.DEFAULT:
        words = f"cannot be combined with ASP_INSTANCES (from {instances.place}): leave one of them out"
        broken.setdefault("AUTOSCALE", words)
    if version := values.get("MLFLOW_VERSION"):
        between = {FILE_SHARE: fitting.broken_on_file_share, POSTGRES: fitting.broken_on_postgres}.get(version.text)
        if between:
            broken = {**between({name: value.text for name, value in values.items()}), **broken}
    return broken


def _faults(values: Mapping[str, Value]) -> Iterator[SettingsError]:
    for name, words in broken_rules(values).items():
        value = values[name]
        yield SettingsError(
            f"{name} (from {value.place}): {SETTINGS[name].quoted(value.text)} {words}",
            hint=_another_value(name),
        )


def _another_value(name: str) -> str:
    setting = SETTINGS[name]
    if setting.secret:
        return f"Set {name} in the environment or the settings file."
    return f"Use {setting.option} VALUE, or set {name} in the environment or the settings file."


def _refuse(faults: Sequence[SettingsError]) -> None:
    if faults:
        raise SeveralErrors(faults)
