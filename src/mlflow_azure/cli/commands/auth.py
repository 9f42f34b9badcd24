"""`mlflow-azure auth enable | disable | token`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlflow_azure.cli.applied import apply, rows
from mlflow_azure.cli.invocation import Invocation, command
from mlflow_azure.errors import MlflowAzureError, SettingsError, SignInError

if TYPE_CHECKING:
    from mlflow_azure.deployment.features.sign_in import SignIn, SignInSwitch
    from mlflow_azure.deployment.features.switch import Switch
    from mlflow_azure.engine import Plan

ClientId = Annotated[
    str | None,
    typer.Option(
        "--client-id",
        metavar="ID",
        help="Use an app registration that exists, with its secret in the environment variable AAD_CLIENT_SECRET; "
        "needs no rights in Microsoft Entra ID.",
        show_default=False,
    ),
]
AllowUser = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-user",
        metavar="USER",
        help="Let in only this user (name or object id) or program (object id of its service principal), "
        "and others that are given; may be repeated.",
        show_default=False,
    ),
]
AllowGroup = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-group",
        metavar="GROUP",
        help="Let in only members of this group (name or object id), and others that are given; may be repeated.",
        show_default=False,
    ),
]
AllowEveryone = Annotated[bool, typer.Option("--allow-everyone", help="Let in everyone in the tenant again.")]


@command("auth enable")
def enable(
    run: Invocation,
    *,
    client_id: ClientId = None,
    allow_user: AllowUser = None,
    allow_group: AllowGroup = None,
    allow_everyone: AllowEveryone = False,
) -> None:
    """Let nobody in without signing in with Microsoft Entra ID. Run again, it repairs what is amiss."""
    from mlflow_azure.deployment.features.sign_in import sign_in_on

    named = bool(allow_user or allow_group)
    _check(client_id, named=named, everyone=allow_everyone)

    def prepare() -> tuple[SignInSwitch, Plan]:
        sign_in = _wanted(run, client_id, allow_user or (), allow_group or (), everyone=allow_everyone)
        switch = sign_in_on(run.azure, run.settings, sign_in)
        return switch, switch.plan(run.azure)

    switch, planned = run.wait(prepare)
    execution = apply(run, planned)
    site = planned.readings[switch.site].outputs or {}
    registered = switch.client_id(execution.outputs)
    data = {
        "url": site["url"],
        "client_id": registered,
        "issuer": switch.entra.issuer,
        "resources": rows(execution),
    }
    done = "Sign-in is required already" if planned.is_empty else "Sign-in is now required"
    run.answer(
        data,
        f"{done}: {site['url']} lets in only who signs in with Microsoft Entra ID.\n"
        f"Client id: {registered}\n\n"
        f"Next:\n  mlflow-azure auth token{run.same}   a token for this shell's clients: MLFLOW_TRACKING_TOKEN",
    )
    _try_token(run, registered)


def _check(client_id: str | None, *, named: bool, everyone: bool) -> None:
    from mlflow_azure.azure.principals import is_id

    if client_id is not None and not is_id(client_id):
        raise SettingsError(
            f"--client-id {client_id}: must be the application (client) id of an app registration, a GUID",
            hint="See: mlflow-azure auth enable --help",
        )
    if client_id is not None and (named or everyone):
        raise SettingsError(
            "--client-id cannot go with --allow-user, --allow-group or --allow-everyone: who may sign in is said by "
            "the registration's owner",
            hint="Let them require assignment, and assign who may sign in, in Microsoft Entra ID.",
        )
    if named and everyone:
        raise SettingsError("--allow-everyone cannot go with --allow-user or --allow-group", hint="Leave one out.")


def _wanted(
    run: Invocation,
    client_id: str | None,
    users: list[str] | tuple[()],
    groups: list[str] | tuple[()],
    *,
    everyone: bool,
) -> SignIn:
    """Sign-in as the options say, going on with what is live."""
    from mlflow_azure.azure.principals import object_ids
    from mlflow_azure.deployment.features.enabled import enabled_features
    from mlflow_azure.deployment.features.sign_in import SignIn
    from mlflow_azure.resources.entra.service_principal import Allowed

    live = enabled_features(run.azure, run.settings).sign_in
    secret = run.settings.aad_client_secret
    if live and not live.managed and client_id in (None, live.client_id):
        return replace(live, secret=secret)
    if client_id is not None:
        if secret is None:
            raise SettingsError(
                "--client-id: the secret of the app registration is missing",
                hint="Set the environment variable AAD_CLIENT_SECRET to it.",
            )
        return SignIn(managed=False, client_id=client_id, secret=secret)
    allowed = Allowed(object_ids(run.azure, users, groups)) if users or groups or everyone else None
    return SignIn(managed=True, client_id=live.client_id if live else None, allowed=allowed)


def _try_token(run: Invocation, client_id: str) -> None:
    """Say at once if the user who switched sign-in on cannot sign in."""
    from mlflow_azure.resources.server_health import server_token

    try:
        run.wait(lambda: server_token(run.credential, client_id), "Trying to sign in")
    except SignInError as problem:
        run.console.warn(f"You cannot sign in yourself: {problem.message}", problem.hint)


@command("auth disable")
def disable(run: Invocation) -> None:
    """Let everyone in without signing in, after asking; delete the app registration that was made."""
    from mlflow_azure.deployment.features.sign_in import sign_in_off
    from mlflow_azure.resources.entra import registrations

    def prepare() -> tuple[list[dict[str, Any]] | None, Switch, Plan, str | None]:
        seen = registrations.of_deployment(run.azure, run.settings.rg_name)
        switch = sign_in_off(run.azure, run.settings, registration=bool(seen))
        used = registrations.used_by(run.azure, run.settings.rg_name, run.settings.web_app_name)
        return seen, switch, switch.plan(run.azure), used

    seen, switch, planned, used = run.wait(prepare)
    if planned.is_empty:
        run.answer({"resources": []}, "Sign-in is not required; nothing to do.")
        return
    url = (planned.readings[switch.site].outputs or {})["url"]
    if used:
        run.require_consent(f"Let everyone use {url} without signing in, reading and changing all runs?", "disabled")
    execution = apply(run, planned)
    run.answer({"url": url, "resources": rows(execution)}, f"Sign-in is off: {url} lets everyone in.")
    if seen is None and used:
        run.console.warn(
            f"Microsoft Entra ID does not tell you whether app registration {used} was made by mlflow-azure. "
            "It was left.",
            f"If nothing else uses it, have it deleted: az ad app delete --id {used}",
        )


@command("auth token")
def token(
    run: Invocation,
    *,
    client_id: Annotated[
        str | None,
        typer.Option(
            "--client-id",
            metavar="ID",
            help="The server's app registration, where you know it: Azure is not asked for it then.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Print a bearer token for the server, for an hour or so: MLFLOW_TRACKING_TOKEN="$(mlflow-azure auth token)"."""
    from mlflow_azure.resources.entra import registrations
    from mlflow_azure.resources.server_health import server_token

    if client_id is None:
        client_id = run.wait(lambda: registrations.used_by(run.azure, run.settings.rg_name, run.settings.web_app_name))
    if client_id is None:
        raise MlflowAzureError(
            f"getting a token for web app {run.settings.web_app_name}: it asks for no sign-in",
            hint=f"mlflow-azure auth enable{run.same}",
            code="SignInNotEnabled",
        )
    server = client_id
    found = run.wait(lambda: server_token(run.credential, server), "Signing in")
    ends = datetime.fromtimestamp(found.expires_on, UTC).isoformat()
    run.answer({"token": found.value.reveal(), "expires_on": ends, "client_id": client_id}, found.value.reveal())
