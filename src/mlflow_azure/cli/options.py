"""The command-line options of the settings, made from their table."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from mlflow_azure.settings import SETTINGS, Options, Setting

if TYPE_CHECKING:
    from collections.abc import Callable

R = TypeVar("R")

PANEL = "Settings"


def settings_parameters() -> list[inspect.Parameter]:
    """One keyword parameter for each setting that may be an option, annotated as Typer wants it."""
    return [_parameter(setting) for setting in SETTINGS.values() if not setting.secret]


def chosen(arguments: dict[str, Any]) -> Options:
    """Takes the settings' arguments out of `arguments`, and answers them by the settings' names."""
    return {name: arguments.pop(setting.field) for name, setting in SETTINGS.items() if setting.field in arguments}


def with_settings(command: Callable[..., R]) -> Callable[..., R]:
    """Gives a command the options of all settings.

    The command takes them as one keyword argument `options`, which is what `settings.load` wants.
    """
    own = inspect.signature(command, eval_str=True)
    parameters = [p for p in own.parameters.values() if p.name != "options"] + settings_parameters()

    @functools.wraps(command)
    def wrapper(**arguments: Any) -> R:
        return command(options=chosen(arguments), **arguments)

    # Typer reads both: the signature for the parameters, the annotations for their types.
    wrapper.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined] # PEP 362 defines it
    wrapper.__annotations__ = {p.name: p.annotation for p in parameters}
    return wrapper


def _parameter(setting: Setting) -> inspect.Parameter:
    option = typer.Option(
        setting.option,
        help=f"{setting.meaning} ({setting.name}; default: {setting.default_words}).",
        rich_help_panel=PANEL,
        show_default=False,
    )
    kind: Any = list[str] if setting.multiple else str
    return inspect.Parameter(
        setting.field, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, option]
    )
