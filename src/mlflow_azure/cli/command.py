"""Turns a function into a Typer command: adds the common options, and turns its errors into an answer."""

from __future__ import annotations

import inspect
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, get_args

from mlflow_azure import console
from mlflow_azure.cli.invocation import Common, Invocation
from mlflow_azure.cli.options import chosen, settings_parameters
from mlflow_azure.cli.signals import hidden_by, ignore_signals, interrupted
from mlflow_azure.errors import as_ours

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlflow_azure.cli.answer import Answer
    from mlflow_azure.errors import MlflowAzureError

COMMANDS: dict[str, Command] = {}
"""All commands by full name, such as "settings show"."""


@dataclass(frozen=True)
class Command:
    """A command as Typer expects it.

    Attributes:
        call: The function, whose signature declares the parameters; returns the exit code.
        answers: Its possible answers.
        options_first: Whether options after its first argument belong to that argument.

    """

    call: Callable[..., int]
    answers: tuple[type[Answer], ...]
    options_first: bool


def command(
    name: str,
    *answers: type[Answer],
    settings: bool = True,
    makes: bool = False,
    shows: tuple[str, ...] = (),
    asks: bool = False,
    options_first: bool = False,
) -> Callable[[Callable[..., int | None]], Callable[..., int | None]]:
    """Turn a function into a command. It is called with an Invocation and its own options.

    If it returns something, that is the exit code.

    Args:
        name: Its full name, such as "deploy" or "settings show".
        answers: Its possible answers, the usual one first.
        settings: Whether it has the options of the settings.
        makes: Whether it is about what a deploy creates, so that its help lists every setting.
        shows: Settings that its help lists in addition to those that identify the resources.
        asks: Whether it may ask for confirmation.
        options_first: See Command.

    """

    def register(function: Callable[..., int | None]) -> Callable[..., int | None]:
        own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
        common = list(inspect.signature(Common, eval_str=True).parameters.values())
        hidden = _without_meaning(name, settings=settings, asks=asks)
        named = [_shown_unless(p.name in hidden, p) for p in common]
        parameters = [*own, *(settings_parameters(all_matter=makes, shows=shows) if settings else ()), *named]

        def call(**arguments: Any) -> int:
            common_options = Common(**{p.name: arguments.pop(p.name) for p in named})
            return _run(function, Invocation(name, common_options, chosen(arguments)), arguments)

        call.__doc__ = function.__doc__
        call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # PEP 362 defines it
        call.__annotations__ = {p.name: p.annotation for p in parameters}
        COMMANDS[name] = Command(call, answers, options_first)
        return function

    return register


def _without_meaning(name: str, *, settings: bool, asks: bool) -> set[str]:
    """The common options that do not affect a command. They are accepted, for scripts, but not listed."""
    hidden = set() if asks else {"yes"}
    if name.startswith("emulator "):
        hidden |= {"settings", "cloud"}
    elif not settings:
        hidden |= {"cloud", "timeout"}
    return hidden


def _shown_unless(hidden: bool, parameter: inspect.Parameter) -> inspect.Parameter:  # noqa: FBT001 -- reads as a sentence
    kind, option, *_ = get_args(parameter.annotation)
    if hidden:
        option = copy(option)
        option.hidden = True
    return parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[kind, option])


def _run(function: Callable[..., int | None], run: Invocation, arguments: dict[str, Any]) -> int:
    try:
        with run.at_the_end:
            return function(run, **arguments) or 0
    except KeyboardInterrupt as cause:
        return _failed(run, interrupted(cause))
    except console.OutputClosedError:
        return 0
    except Exception as error:  # noqa: BLE001 - the last resort, so that JSON stays JSON
        ignore_signals()  # as after any answer
        hidden = hidden_by(error)
        return _failed(run, interrupted(hidden) if hidden else as_ours(error))


def _failed(run: Invocation, error: MlflowAzureError) -> int:
    run.console.failure(run.command, error, run.achieved)
    return error.exit_code
