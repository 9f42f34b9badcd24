"""The sign-in page of the emulated tenant: choose a user, consent, and return to the application.

An application with `response_mode=form_post` (App Service) gets an identity token; a public client, such as
the Azure CLI, gets a code.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from mlflow_azure.emulator.consent import (
    FIRST_PARTY,
    SIGN_IN_SCOPES,
    SignInError,
    consent,
    consented,
    may_consent,
    only_an_administrator,
    require_assignment,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from mlflow_azure.emulator.arm.world import World
    from mlflow_azure.emulator.directory import Object
    from mlflow_azure.emulator.user_tokens import UserTokens

_PAGE = (
    '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Sign in</title></head>'
    "<body><h1>Sign in to {application}</h1><p>This is the emulator: choose who you are.</p>{body}</body></html>"
)
_LOOPBACK = re.compile(r"http://(localhost|127\.0\.0\.1)(:\d+)?(/.*)?")


class AuthorizePage:
    """The authorization endpoint."""

    def __init__(self, world: World, users: UserTokens) -> None:
        self._world = world
        self._users = users

    def routes(self) -> list[Route]:
        """Return the route, with the tenant's id in front."""
        return [Route("/{tenant}/oauth2/v2.0/authorize", self._authorize, methods=["GET", "POST"])]

    async def _authorize(self, request: Request) -> Response:
        asked = request.query_params
        client = asked.get("client_id", "")
        application = self._world.directory.find("applications", appId=client)
        name = FIRST_PARTY.get(client) or (application or {}).get("displayName", "nothing")
        refusal = "" if _is_public(asked) else _refuse(application, asked)
        if refusal:
            return _page(name, f"<p>{escape(refusal)}</p>", 400)
        if request.method == "GET":
            return _page(name, self._choice())
        form = dict(parse_qsl((await request.body()).decode(errors="replace")))
        if _is_public(asked):
            return _with_code(name, asked, self._users.code(form.get("user", ""), asked))
        return self._answer(application or {}, form, asked)

    def _choice(self) -> str:
        buttons = [
            f'<form method="post"><button name="user" value="{escape(user["id"])}">{escape(user["displayName"])}'
            "</button></form>"
            for user in self._world.directory.all("users")
        ]
        return "".join(buttons)

    def _answer(self, application: Object, form: Mapping[str, str], asked: Mapping[str, str]) -> Response:
        """Redirect to the application, with a token or the reason why there is none; or ask for consent."""
        directory, name = self._world.directory, application["displayName"]
        user = directory.find("users", id=form.get("user"))
        principal = directory.find("servicePrincipals", appId=application["appId"])
        if user is None or principal is None:
            return _send_back(name, asked, error="access_denied", error_description="AADSTS50034: no such user.")
        try:
            require_assignment(directory, user, principal)
        except SignInError as refusal:
            return _send_back(name, asked, error=refusal.error, error_description=refusal.description)
        scopes = SIGN_IN_SCOPES & set(asked.get("scope", "").split())
        if not consented(directory, principal, user["id"], scopes):
            if not may_consent(principal):
                return _page(name, f"<p>{escape(only_an_administrator(name).description)}</p>")
            if form.get("consent") != "accept":
                return _page(name, _question(user, scopes))
            consent(directory, principal, user["id"], scopes)
            self._world.state.save()
        names = {"name": user["displayName"], "preferred_username": user.get("userPrincipalName", "")}
        return _send_back(name, asked, id_token=self._world.tokens.sign(application["appId"], user["id"], 2, **names))


def _page(application: str, body: str, status: int = 200) -> Response:
    return HTMLResponse(_PAGE.format(application=escape(application), body=body), status)


def _question(user: Object, scopes: frozenset[str]) -> str:
    return (
        f'<p>Permissions requested: {escape(", ".join(sorted(scopes)))}</p><form method="post">'
        f'<input type="hidden" name="user" value="{escape(user["id"])}">'
        '<button name="consent" value="accept">Accept</button></form>'
    )


def _send_back(application: str, asked: Mapping[str, str], **answer: str) -> Response:
    """Return a page that submits itself to the application."""
    answer["state"] = asked.get("state", "")
    fields = [f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in answer.items()]
    form = (
        f'<form method="post" action="{escape(asked["redirect_uri"])}">{"".join(fields)}<button>Go on</button>'
        "</form><script>document.forms[0].submit()</script>"
    )
    return _page(application, form)


def _with_code(client: str, asked: Mapping[str, str], code: str) -> Response:
    if asked.get("response_mode") == "form_post":
        return _send_back(client, asked, code=code)
    query = urlencode({"code": code, "state": asked.get("state", "")})
    return RedirectResponse(f"{asked['redirect_uri']}?{query}", 302)


def _is_public(asked: Mapping[str, str]) -> bool:
    """Whether the client is one of Microsoft's own, listening on this machine."""
    on_loopback = _LOOPBACK.fullmatch(asked.get("redirect_uri", "")) is not None
    return asked.get("client_id") in FIRST_PARTY and asked.get("response_type") == "code" and on_loopback


def _refuse(application: Object | None, asked: Mapping[str, str]) -> str:
    """Return why sign-in to the application is impossible; empty if it is possible."""
    if application is None:
        return f"AADSTS700016: Application with identifier '{asked.get('client_id')}' was not found in the directory."
    web = application["web"]
    if asked.get("redirect_uri") not in web["redirectUris"]:
        return (
            f"AADSTS50011: The redirect URI '{asked.get('redirect_uri')}' specified in the request does not match the "
            f"redirect URIs configured for the application '{application['appId']}'."
        )
    if not web["implicitGrantSettings"]["enableIdTokenIssuance"]:
        return "AADSTS700054: response_type 'id_token' is not enabled for the application."
    return ""
