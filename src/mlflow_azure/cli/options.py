"""The command-line options of the settings, generated from their table."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlflow_azure.cli import completion
from mlflow_azure.errors import SettingsError
from mlflow_azure.settings import SETTINGS, Options, Setting

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

PANEL = "Settings"


_METAVARS = {
    "ID": "ID",
    "NAME": "NAME",
    "LOCATION": "REGION",
    "TAG": "TAG",
    "IMAGE": "IMAGE",
    "SKU": "SIZE",
    "SIZE": "GIB",
    "IP": "NETWORK",
    "USER": "USER",
    "GROUP": "GROUP",
    "HOST": "ADDRESS",
    "PORT": "PORT",
    "WORKERS": "COUNT",
    "INSTANCES": "COUNT",
    "AUTOSCALE": "MIN-MAX",
    "NETWORK": "on|off",
    "VERSION": "VERSION",
    "FILESTORE": "DIRECTORY",
    "POINT": "DIRECTORY",
    "URL": "URL",
    "URI": "URI",
    "SECRET": "URL",
}
"""The placeholder for an option's value in the help, by the last word of the setting's name."""
_POINTING = ("_ID", "_NAME", "_TAG", "MLFLOW_VERSION")


def settings_parameters(*, all_matter: bool, shows: Collection[str] = ()) -> list[inspect.Parameter]:
    """Return a keyword parameter for each setting that can be an option, annotated for Typer.

    Args:
        all_matter: Whether the help lists all of them, or only those that identify the resources.
        shows: Additional ones to list.

    """
    return [
        _parameter(setting, hidden=not (all_matter or setting.name in shows or setting.name.endswith(_POINTING)))
        for setting in SETTINGS.values()
        if not setting.secret
    ]


def chosen(arguments: dict[str, Any]) -> Options:
    """Remove the settings from `arguments`, and return them by the settings' names."""
    return {name: arguments.pop(setting.field) for name, setting in SETTINGS.items() if setting.field in arguments}


def refuse_beside(some: Mapping[str, object], others: Mapping[str, object]) -> None:
    """Raise SettingsError where one of `some` options was given, and `others` that would then be passed over."""
    first, idle = _given(some), _given(others)
    if first and idle:
        raise SettingsError(
            f"{first[0]} cannot be combined with {', '.join(idle)}", hint="Leave one of them out.", code="Usage"
        )


def _given(options: Mapping[str, object]) -> list[str]:
    return [name for name, value in options.items() if value is not None and value is not False]


def _parameter(setting: Setting, *, hidden: bool) -> inspect.Parameter:
    option = typer.Option(
        setting.option,
        *setting.spellings,
        help=f"{setting.meaning} ({setting.name}; default: {setting.default_words}).",
        metavar=_METAVARS.get(setting.name.rpartition("_")[2], "VALUE"),
        rich_help_panel=PANEL,
        hidden=hidden,
        autocompletion=completion.of_setting(setting.name),
        show_default=False,
    )
    kind: Any = list[str] if setting.multiple else str
    return inspect.Parameter(
        setting.field, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, option]
    )
