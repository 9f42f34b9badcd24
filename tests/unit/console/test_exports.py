from __future__ import annotations

import pytest

from mlflow_azure.console.exports import Shell, default_shell, exports
from mlflow_azure.secret import Secret

TRICKY = 'it\'s a \\ $HOME `x` "quote"'


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        (Shell.BASH, "export NAME='it'\"'\"'s a \\ $HOME `x` \"quote\"'"),
        (Shell.FISH, "set -gx NAME 'it\\'s a \\\\ $HOME `x` \"quote\"'"),
        (Shell.POWERSHELL, "$env:NAME = 'it''s a \\ $HOME `x` \"quote\"'"),
    ],
)
def test_each_shell_gets_its_own_quotes(shell: Shell, line: str) -> None:
    assert exports({"NAME": TRICKY}, shell) == line


@pytest.mark.parametrize("shell", list(Shell))
def test_a_secret_becomes_a_comment(shell: Shell) -> None:
    assert exports({"KEY": Secret("s3cr3t")}, shell) == "# KEY is a secret: add --show-secrets"


def test_people_on_windows_have_powershell() -> None:
    assert (default_shell("win32"), default_shell("linux")) == (Shell.POWERSHELL, Shell.BASH)
