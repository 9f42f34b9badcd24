"""What a deployment is to have beyond the minimum: what it has, and what the options say."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mlflow_azure.cli.invocation import Invocation
    from mlflow_azure.deployment.features.enabled import Features

Auth = Annotated[bool, typer.Option("--auth", help="Let nobody in without signing in with Microsoft Entra ID.")]
Identity = Annotated[
    bool | None,
    typer.Option(
        "--identity/--no-identity",
        help="Let the web app pull the image with its managed identity, without a registry password "
        "[default: as it is; a new one uses the registry's admin user].",
        show_default=False,
    ),
]


def wanted_features(run: Invocation, *, auth: bool, identity: bool | None) -> Features:
    """What was enabled stays enabled; the options add to it."""
    from mlflow_azure.deployment.features.enabled import enabled_features
    from mlflow_azure.deployment.features.sign_in import SignIn

    live = enabled_features(run.azure, run.settings)
    sign_in = live.sign_in or (SignIn(managed=True) if auth else None)
    return replace(live, sign_in=sign_in, identity=_identity(run, live.identity, identity))


def _identity(run: Invocation, live: bool | None, asked: bool | None) -> bool | None:  # noqa: FBT001 - three states
    from mlflow_azure.azure.permissions import ASSIGN_ROLES, may
    from mlflow_azure.resources.registry.pull_role import ASK_FOR_ROLE

    if asked is None or asked is bool(live):
        return live
    if not asked or may(run.azure, run.settings.rg_name, ASSIGN_ROLES):
        return asked
    run.console.warn(
        f"You may not assign roles in resource group {run.settings.rg_name}, so the web app cannot get the right to "
        "pull the image. It pulls as the registry's admin user, with a password in its app settings.",
        ASK_FOR_ROLE,
    )
    return live
