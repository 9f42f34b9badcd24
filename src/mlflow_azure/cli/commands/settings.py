"""`mlflow-azure settings init | show | import`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from mlflow_azure.cli.answer import Answer, only_for_text
from mlflow_azure.cli.command import command
from mlflow_azure.cli.invocation import Invocation
from mlflow_azure.console import text
from mlflow_azure.errors import MlflowAzureError, SettingsError
from mlflow_azure.settings import DEFAULT_FILE, SETTINGS, Setting, Source, Value, render, whole_text
from mlflow_azure.settings.script import Imported, LeftOut, read_script

Script = Annotated[
    Path, typer.Argument(metavar="FILE", help="The deploy.sh to read. It is not run.", show_default=False)
]
Write = Annotated[bool, typer.Option("--write", help="Write the settings file, instead of showing it.")]


@dataclass(frozen=True)
class SettingsInitAnswer(Answer):
    """The settings file that was written: its path is `file`."""

    file: str

    def text(self) -> str:
        return f"Wrote {self.file}. To set a value, uncomment its line."


@command("settings init", SettingsInitAnswer, settings=False, asks=True)
def init(run: Invocation) -> None:
    """Write a settings file with every setting, its meaning and its default, commented out."""
    path = _write(run, render.template())
    run.answer(SettingsInitAnswer(str(path)))


@dataclass(frozen=True)
class ShownSetting:
    """A setting.

    Attributes:
        name: "RG_NAME".
        value: Its value as text; null if only Azure can tell the default.
        source: option, environment, file or default.
        place: Where it is set: "--rg-name", "mlflow-azure.env, line 3".

    """

    name: str
    value: str | None
    source: Source
    place: str


@dataclass(frozen=True)
class SettingsShowAnswer(Answer):
    """All settings.

    Attributes:
        file: The settings file that was read; null if there is none.
        settings: All settings.

    """

    file: str | None
    settings: tuple[ShownSetting, ...]

    def text(self) -> str:
        rows = [(each.name, each.value or SETTINGS[each.name].default_words, each.place) for each in self.settings]
        return text.table(("SETTING", "VALUE", "FROM"), rows)


@command("settings show", SettingsShowAnswer, makes=True)
def show(run: Invocation) -> None:
    """Show each setting's value, and where it comes from. Does not contact Azure."""
    loaded = run.loaded
    subscription_id = loaded.given("SUBSCRIPTION_ID")
    values = loaded.complete(subscription_id) if subscription_id else loaded.values
    shown = tuple(_shown(setting, values.get(name)) for name, setting in SETTINGS.items())
    run.answer(SettingsShowAnswer(str(loaded.file) if loaded.file else None, shown))


@dataclass(frozen=True)
class NoSetting:
    """A variable of the script that is not a setting: its `name` and `place`."""

    name: str
    place: str


@dataclass(frozen=True)
class SettingsImportAnswer(Answer):
    """The settings found in a script.

    Attributes:
        file: The settings file that was written; null if the settings were only shown.
        settings: The value of each setting that was found, by name.
        left_out: What was not imported, and why.
        unknown: Variables that are not settings.

    """

    file: str | None
    settings: Mapping[str, str]
    left_out: tuple[LeftOut, ...]
    unknown: tuple[NoSetting, ...]
    content: str = only_for_text()

    def text(self) -> str:
        return f"Wrote {self.file}: {len(self.settings)} settings." if self.file else self.content.rstrip()


@command("settings import", SettingsImportAnswer, settings=False, asks=True)
def import_(run: Invocation, script: Script, *, write: Write = False) -> None:
    """Import the settings of an existing deploy.sh. The script is read, never run.

    Examples:
      mlflow-azure settings import deploy.sh
      mlflow-azure settings import deploy.sh --write

    """
    result = read_script(_read(script), script.name)
    files = [item.name for item in result.left_out if item.name not in SETTINGS]
    if not result.values and len(files) == len(result.left_out):
        reads = f"; it reads {', '.join(files)}" if files else ""
        raise SettingsError(
            f"reading {script}: it sets none of the settings{reads}",
            hint="Give the bash script that sets them: mlflow-azure settings import FILE. To list the settings: "
            "mlflow-azure settings show",
            code="NoSettings",
        )
    for item in result.left_out:
        run.console.warn(f"{item.name} was left out ({item.place}): {item.reason}.")
    if result.unknown:
        run.note(f"Not settings, so left out: {', '.join(result.unknown)}.")
    file = render.imported(result, script.name)
    path = _write(run, file) if write else None
    run.answer(_imported(result, path, file))


def _shown(setting: Setting, value: Value | None) -> ShownSetting:
    """Return a value; None if only Azure can tell the default."""
    shown = "(secret)" if value and setting.secret else value.text if value else None
    source, place = (value.source, value.place) if value else (Source.DEFAULT, "default")
    return ShownSetting(setting.name, shown or None, source, place)


def _imported(result: Imported, path: Path | None, content: str) -> SettingsImportAnswer:
    return SettingsImportAnswer(
        file=str(path) if path else None,
        settings={name: value.text for name, value in result.values.items()},
        left_out=result.left_out,
        unknown=tuple(NoSetting(name, place) for name, place in result.unknown.items()),
        content=content,
    )


def _read(script: Path) -> str:
    try:
        return whole_text(script)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SettingsError(
            f"reading {script}: {reason}",
            hint="Name the script: mlflow-azure settings import FILE",
            code="SettingsFile",
        ) from error


def _write(run: Invocation, content: str) -> Path:
    """Write the settings file given by the user, or the default one; overwrite only with consent."""
    path = run.common.settings or Path(DEFAULT_FILE)
    try:
        if path.exists() and not run.confirm(f"Overwrite {path}?"):
            hint = "Add --yes to overwrite it."
            raise SettingsError(f"writing {path}: it exists already", hint=hint, code="FileExists")
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise MlflowAzureError(
            f"writing {path}: {error.strerror}", hint="Name another: --settings FILE", code="CannotWrite"
        ) from error
    return path
