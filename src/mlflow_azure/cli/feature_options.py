"""The options for optional features of a deployment."""

from __future__ import annotations

from typing import Annotated

import typer

Adopt = Annotated[bool, typer.Option("--adopt", help="Adopt existing resources that mlflow-azure did not create.")]
Auth = Annotated[bool, typer.Option("--auth", help="Require sign-in with Microsoft Entra ID.")]
Public = Annotated[
    bool, typer.Option("--public", help="Allow everyone on the internet; MLflow 3 needs this, --auth or --allow-ip.")
]
Identity = Annotated[
    bool | None,
    typer.Option(
        "--identity/--no-identity",
        help="Let the web app pull the image with its managed identity, without a registry password. "
        "[default: unchanged; a new web app uses the registry's admin user, one of MLflow 3 its identity]",
        show_default=False,
    ),
]
