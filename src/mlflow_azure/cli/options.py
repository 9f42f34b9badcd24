"""The command-line options of the settings, made from their table."""

from __future__ import annotations

import inspect
from typing import Annotated, Any

import typer

from mlflow_azure.settings import SETTINGS, Options, Setting

PANEL = "Settings"


def settings_parameters() -> list[inspect.Parameter]:
    """One keyword parameter for each setting that may be an option, annotated as Typer wants it."""
    return [_parameter(setting) for setting in SETTINGS.values() if not setting.secret]


def chosen(arguments: dict[str, Any]) -> Options:
    """Takes the settings' arguments out of `arguments`, and answers them by the settings' names."""
    return {name: arguments.pop(setting.field) for name, setting in SETTINGS.items() if setting.field in arguments}


def _parameter(setting: Setting) -> inspect.Parameter:
    option = typer.Option(
        setting.option,
        *setting.spellings,
        help=f"{setting.meaning} ({setting.name}; default: {setting.default_words}).",
        rich_help_panel=PANEL,
        show_default=False,
    )
    kind: Any = list[str] if setting.multiple else str
    return inspect.Parameter(
        setting.field, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, option]
    )
