"""Environment variables in the words of a shell."""

from __future__ import annotations

import shlex
from enum import StrEnum
from typing import TYPE_CHECKING

from mlflow_azure.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping


class Shell(StrEnum):
    """The shells whose words we know. sh stands for dash and all others that POSIX describes."""

    BASH = "bash"
    ZSH = "zsh"
    SH = "sh"
    FISH = "fish"
    POWERSHELL = "powershell"


def default_shell(platform: str) -> Shell:
    """The shell that people have on a platform (`sys.platform`)."""
    return Shell.POWERSHELL if platform == "win32" else Shell.BASH


def exports(
    variables: Mapping[str, str | Secret], shell: Shell, instead: str = "is a secret: add --show-secrets"
) -> str:
    """Lines that set the variables when the shell evaluates them; a secret is only named, with what `instead` says."""
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
