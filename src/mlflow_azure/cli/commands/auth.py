"""`mlflow-azure auth enable | disable | token`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import typer

from mlflow_azure.cli.answer import Answer, only_for_text
from mlflow_azure.cli.applied import Done, apply
from mlflow_azure.cli.command import command
from mlflow_azure.cli.invocation import Invocation

ClientId = Annotated[
    str | None,
    typer.Option(
        "--client-id",
        metavar="ID",
        help="Use an existing app registration, with its secret in the environment variable AAD_CLIENT_SECRET; "
        "needs no rights in Microsoft Entra ID.",
        show_default=False,
    ),
]
AllowEveryone = Annotated[bool, typer.Option("--allow-everyone", help="Allow everyone in the tenant again.")]


@dataclass(frozen=True)
class AuthEnableAnswer(Answer):
    """Sign-in is on.

    Attributes:
        url: URL of the server.
        client_id: Application (client) id of the app registration.
        issuer: URL of the issuer of the tokens.
        resources: What was done to each resource; empty if there was nothing to do.

    """

    url: str
    client_id: str
    issuer: str
    resources: tuple[Done, ...]
    already: bool = only_for_text()

    def text(self) -> str:
        done = "Sign-in was already required" if self.already else "Sign-in is now required"
        return (
            f"{done}: only people who sign in with Microsoft Entra ID can use {self.url}.\n"
            f"Client id: {self.client_id}\n\n"
            "Give clients in this shell a token:\n"
            '  export MLFLOW_TRACKING_TOKEN="$(mlflow-azure auth token)"'
        )


@command("auth enable", AuthEnableAnswer, shows=("ALLOW_USER", "ALLOW_GROUP", "AAD_ISSUER_URL"))
def enable(
    run: Invocation,
    *,
    client_id: ClientId = None,
    allow_everyone: AllowEveryone = False,
) -> None:
    """Require sign-in with Microsoft Entra ID. Safe to re-run; repairs drift.

    Examples:
      mlflow-azure auth enable
      mlflow-azure auth enable --allow-user ada@example.com

    """
    from mlflow_azure.deployment.features.allowed import lacking_consent
    from mlflow_azure.deployment.features.sign_in import SignInWish, own_sign_in, sign_in_on, wanted_sign_in
    from mlflow_azure.engine import Execution

    wish = SignInWish(client_id, everyone=allow_everyone)
    wish.check(run.settings)

    switch = run.wait(lambda: sign_in_on(run.azure, run.settings, wanted_sign_in(run.azure, run.settings, wish)))
    planned = run.wait(lambda: switch.plan(run.azure))
    execution = Execution(planned, run.deadline)
    done = apply(run, execution)
    registered = switch.client_id(execution.outputs)
    url = switch.url(planned)
    problem = run.wait(lambda: own_sign_in(run.azure, registered), "Trying to sign in")
    run.answer(AuthEnableAnswer(url, registered, switch.entra.issuer, done, already=planned.is_empty))
    if switch.lacks_consent(execution.outputs):
        run.warn([lacking_consent(run.azure, registered)])
    run.warn([problem] if problem else [])


@dataclass(frozen=True)
class AuthDisableAnswer(Answer):
    """Sign-in is off.

    Attributes:
        url: URL of the server.
        resources: What was done to each resource; empty if there was nothing to do.

    """

    url: str
    resources: tuple[Done, ...]

    def text(self) -> str:
        if not self.resources:
            return "Sign-in is not required; nothing to do."
        return f"Sign-in is off: anyone who can reach {self.url} can use it."


@command("auth disable", AuthDisableAnswer, asks=True)
def disable(run: Invocation) -> None:
    """Stop requiring sign-in, after asking for confirmation. Deletes the app registration that was created for it."""
    from mlflow_azure.deployment.features.sign_in import sign_in_off
    from mlflow_azure.engine import Execution

    switch = run.wait(lambda: sign_in_off(run.azure, run.settings))
    planned = run.wait(lambda: switch.plan(run.azure))
    url = switch.url(planned)
    if planned.is_empty:
        run.answer(AuthDisableAnswer(url, ()))
        return
    if switch.used:
        run.require_consent(f"Let anyone who can reach {url} read and change all runs without signing in?")
    run.answer(AuthDisableAnswer(url, apply(run, Execution(planned, run.deadline))))
    if not switch.sees_registrations and switch.used:
        run.console.warn(
            f"App registration {switch.used} was kept: you are not allowed to see in Microsoft Entra ID whether it was "
            "created by mlflow-azure.",
            f"If nothing else uses it, ask for it to be deleted: az ad app delete --id {switch.used}",
        )


@dataclass(frozen=True)
class AuthTokenAnswer(Answer):
    """A bearer token for the server; it is a secret.

    Attributes:
        token: What clients set as MLFLOW_TRACKING_TOKEN.
        expires_on: When it expires, in ISO 8601.
        client_id: Client id of the app registration it is for.

    """

    token: str
    expires_on: datetime
    client_id: str

    def text(self) -> str:
        return self.token


@command("auth token", AuthTokenAnswer)
def token(
    run: Invocation,
    *,
    client_id: Annotated[
        str | None,
        typer.Option(
            "--client-id",
            metavar="ID",
            help="Client id of the server's app registration, if you know it; skips looking it up in Azure.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Print a bearer token for the server, valid for about an hour.

    Examples:
      export MLFLOW_TRACKING_TOKEN="$(mlflow-azure auth token)"

    """
    from mlflow_azure.deployment.features.sign_in import used_client
    from mlflow_azure.resources.server_health import server_token

    server = client_id or run.wait(lambda: used_client(run.azure, run.settings))
    found = run.wait(lambda: server_token(run.credential, server), "Signing in")
    run.answer(AuthTokenAnswer(found.value.reveal(), datetime.fromtimestamp(found.expires_on, UTC), server))
