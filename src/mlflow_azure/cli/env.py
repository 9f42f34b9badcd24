"""`mlflow-azure env`."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from mlflow_azure.cli.invocation import Invocation, command
from mlflow_azure.errors import MlflowAzureError
from mlflow_azure.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    command(app, "env")(env)


def env(
    run: Invocation,
    *,
    show_secrets: Annotated[
        bool, typer.Option("--show-secrets", help="Print the storage connection string, which artifacts need.")
    ] = False,
) -> None:
    """Print what an MLflow client needs: eval "$(mlflow-azure env --show-secrets)"."""
    from mlflow_azure.connection import client_environment

    variables = client_environment(run.azure, run.settings)
    if variables is None:
        raise MlflowAzureError(
            f"reading the connection of web app {run.settings.web_app_name}: it is not deployed",
            hint=f"mlflow-azure deploy{run.same}",
            code="NotDeployed",
        )
    if show_secrets:
        variables = {name: value.reveal() if isinstance(value, Secret) else value for name, value in variables.items()}
    run.answer(dict(variables), _exports(variables))


def _exports(variables: Mapping[str, str | Secret]) -> str:
    return "\n".join(
        f"# {name} is a secret: add --show-secrets"
        if isinstance(value, Secret)
        else f"export {name}={shlex.quote(value)}"
        for name, value in variables.items()
    )
