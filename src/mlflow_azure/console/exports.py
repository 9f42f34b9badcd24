"""Environment variables in the syntax of a shell."""

from __future__ import annotations

import shlex
from enum import StrEnum
from typing import TYPE_CHECKING

from mlflow_azure.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping


class Shell(StrEnum):
    """The supported shells. sh stands for dash and all other POSIX shells."""

    BASH = "bash"
    ZSH = "zsh"
    SH = "sh"
    FISH = "fish"
    POWERSHELL = "powershell"


def default_shell(platform: str) -> Shell:
    """Return the usual shell of a platform (`sys.platform`)."""
    return Shell.POWERSHELL if platform == "win32" else Shell.BASH


def exports(
    variables: Mapping[str, str | Secret], shell: Shell, instead: str = "is a secret: add --show-secrets"
) -> str:
    """Return lines for the shell to evaluate; a secret is only mentioned, with the text in `instead`."""
    return "\n".join(
        f"# {name} {instead}" if isinstance(value, Secret) else _export(name, value, shell)
        for name, value in variables.items()
    )


def _export(name: str, value: str, shell: Shell) -> str:
    match shell:
        case Shell.BASH | Shell.ZSH | Shell.SH:
            return f"export {name}={shlex.quote(value)}"
        case Shell.FISH:
            # https://fishshell.com/docs/current/language.html#quotes
            escaped = value.replace("\\", "\\\\").replace("'", "\\'")
            return f"set -gx {name} '{escaped}'"
        case Shell.POWERSHELL:
            # https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_quoting_rules
            doubled = value.replace("'", "''")
            return f"$env:{name} = '{doubled}'"
