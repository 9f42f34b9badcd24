"""`mlflow-azure env`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import typer

from mlflow_azure.cli.answer import Answer
from mlflow_azure.cli.command import command
from mlflow_azure.cli.invocation import Invocation
from mlflow_azure.console.exports import Shell, default_shell, exports
from mlflow_azure.secret import Secret


@dataclass(frozen=True)
class EnvAnswer(Answer):
    """The environment variables of a client, by name; secrets are "(secret)" unless --show-secrets is given."""

    variables: Mapping[str, str | Secret]
    shell: Shell

    def data(self) -> Mapping[str, str | Secret]:
        return self.variables

    def text(self) -> str:
        return exports(self.variables, self.shell)


@command("env", EnvAnswer)
def env(
    run: Invocation,
    *,
    shell: Annotated[
        Shell | None,
        typer.Option(
            "--shell",
            help="The shell that will evaluate it. [default: bash; on Windows powershell]",
            show_default=False,
        ),
    ] = None,
    show_secrets: Annotated[
        bool,
        typer.Option(
            "--show-secrets",
            help="Print secrets too: a token if sign-in is on, and the storage connection string that MLflow 1.5.0 "
            "needs for artifacts.",
        ),
    ] = False,
) -> None:
    """Print what an MLflow client needs, for the shell to evaluate.

    Examples:
      eval "$(mlflow-azure env --show-secrets)"
      mlflow-azure env --shell fish --show-secrets | source
      mlflow-azure env --show-secrets | Out-String | Invoke-Expression  # PowerShell
      mlflow-azure env --output json

    """
    from mlflow_azure.deployment.connection import client_environment
    from mlflow_azure.deployment.deployed_site import not_deployed

    variables = run.wait(lambda: client_environment(run.azure, run.settings))
    if variables is None:
        raise not_deployed(run.settings, "reading what clients need")
    if show_secrets:
        variables = {name: value.reveal() if isinstance(value, Secret) else value for name, value in variables.items()}
    run.answer(EnvAnswer(variables, shell or default_shell(sys.platform)))
