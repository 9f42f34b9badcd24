"""`mlflow-azure settings init | show | import`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlflow_azure.cli.invocation import Invocation, command
from mlflow_azure.console import text
from mlflow_azure.errors import MlflowAzureError, SettingsError
from mlflow_azure.settings import DEFAULT_FILE, SETTINGS, Source, render
from mlflow_azure.settings.script import Imported, read_script

if TYPE_CHECKING:
    from mlflow_azure.settings import Setting, Value

Script = Annotated[
    Path, typer.Argument(metavar="FILE", help="The deploy.sh to read. It is not run.", show_default=False)
]
Write = Annotated[bool, typer.Option("--write", help="Write the settings file, instead of showing it.")]


@command("settings init", settings=False)
def init(run: Invocation) -> None:
    """Write a settings file with every setting, its meaning and its default, commented out."""
    path = _write(run, render.template())
    run.answer({"file": str(path)}, f"Wrote {path}. To set a setting, remove the # in front of it.")


@command("settings show")
def show(run: Invocation) -> None:
    """Show each setting's value, and where it comes from. Asks Azure for nothing."""
    loaded = run.loaded
    subscription_id = loaded.given("SUBSCRIPTION_ID")
    values = loaded.complete(subscription_id) if subscription_id else loaded.values
    rows = [_row(setting, values.get(name)) for name, setting in SETTINGS.items()]
    table = text.table(
        ("SETTING", "VALUE", "FROM"),
        [(row["name"], row["value"] or SETTINGS[row["name"]].default_words, row["place"]) for row in rows],
    )
    run.answer({"file": str(loaded.file) if loaded.file else None, "settings": rows}, table)


@command("settings import", settings=False)
def import_(run: Invocation, script: Script, *, write: Write = False) -> None:
    """Take the settings out of an existing deploy.sh. The script is read, never run."""
    result = read_script(_read(script), script.name)
    for item in result.left_out:
        run.console.warn(f"{item.name} was left out ({item.place}): {item.reason}.")
    if result.unknown:
        run.console.note(f"Not settings, so left out: {', '.join(result.unknown)}.")
    file = render.imported(result, script.name)
    path = _write(run, file) if write else None
    run.answer(_imported(result, path), f"Wrote {path}: {len(result.values)} settings." if path else file.rstrip())


def _row(setting: Setting, value: Value | None) -> dict[str, Any]:
    """A value, or none where only Azure can tell the default."""
    shown = "(secret)" if value and setting.secret else value.text if value else None
    return {
        "name": setting.name,
        "value": shown or None,
        "source": value.source if value else Source.DEFAULT,
        "place": value.place if value else "default",
    }


def _imported(result: Imported, path: Path | None) -> dict[str, Any]:
    return {
        "file": str(path) if path else None,
        "settings": {name: value.text for name, value in result.values.items()},
        "left_out": [{"name": i.name, "place": i.place, "reason": i.reason} for i in result.left_out],
        "unknown": [{"name": name, "place": place} for name, place in result.unknown.items()],
    }


def _read(script: Path) -> str:
    try:
        return script.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise SettingsError(
            f"reading {script}: {error.strerror}", hint="Name the script: mlflow-azure settings import FILE"
        ) from error


def _write(run: Invocation, content: str) -> Path:
    """Write the settings file that the user named, else the default one; over another only by consent."""
    path = run.common.settings or Path(DEFAULT_FILE)
    if path.exists() and not run.confirm(f"Overwrite {path}?"):
        raise SettingsError(f"writing {path}: it exists already", hint="Add --yes to overwrite it.", code="FileExists")
    try:
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise MlflowAzureError(f"writing {path}: {error.strerror}", hint="Name another: --settings FILE") from error
    return path
