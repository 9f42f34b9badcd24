"""The sign-in page of the emulated tenant: choose a user, and go back to the application with a token."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from mlflow_azure.emulator.arm.world import World
    from mlflow_azure.emulator.directory import Object

_PAGE = (
    '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Sign in</title></head>'
    "<body><h1>Sign in to {application}</h1><p>This is the emulator: choose who you are.</p>{body}</body></html>"
)


class AuthorizePage:
    """The authorization endpoint, for `response_mode=form_post`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """The route, with the tenant's id in front."""
        return [Route("/{tenant}/oauth2/v2.0/authorize", self._authorize, methods=["GET", "POST"])]

    async def _authorize(self, request: Request) -> Response:
        asked = request.query_params
        application = self._world.directory.find("applications", appId=asked.get("client_id", ""))
        refusal = _refuse(application, asked)
        if application is None or refusal:
            return HTMLResponse(_PAGE.format(application="nothing", body=f"<p>{escape(refusal)}</p>"), 400)
        if request.method == "GET":
            return HTMLResponse(self._choice(application))
        chosen = dict(parse_qsl((await request.body()).decode())).get("user", "")
        return self._send_back(application, chosen, asked)

    def _choice(self, application: Object) -> str:
        buttons = [
            f'<form method="post"><button name="user" value="{escape(user["id"])}">{escape(user["displayName"])}'
            "</button></form>"
            for user in self._world.directory.all("users")
        ]
        return _PAGE.format(application=escape(application["displayName"]), body="".join(buttons))

    def _send_back(self, application: Object, user_id: str, asked: Mapping[str, str]) -> Response:
        """A page that sends itself on to the application, with the token or with the reason why there is none."""
        answer = self._token(application, user_id) | {"state": asked.get("state", "")}
        fields = [f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in answer.items()]
        form = (
            f'<form method="post" action="{escape(asked["redirect_uri"])}">{"".join(fields)}<button>Go on</button>'
            "</form><script>document.forms[0].submit()</script>"
        )
        return HTMLResponse(_PAGE.format(application=escape(application["displayName"]), body=form))

    def _token(self, application: Object, user_id: str) -> dict[str, str]:
        directory = self._world.directory
        user = directory.find("users", id=user_id)
        principal = directory.find("servicePrincipals", appId=application["appId"])
        if user is None or principal is None:
            return {"error": "access_denied", "error_description": "AADSTS50034: The user does not exist."}
        if principal["appRoleAssignmentRequired"] and directory.roles_of(user_id, principal) is None:
            description = (
                "AADSTS50105: The signed in user is not assigned to a role for the application "
                f"'{application['displayName']}'."
            )
            return {"error": "interaction_required", "error_description": description}
        names = {"name": user["displayName"], "preferred_username": user.get("userPrincipalName", "")}
        return {"id_token": self._world.tokens.sign(application["appId"], user_id, 2, **names)}


def _refuse(application: Object | None, asked: Mapping[str, str]) -> str:
    """Why the application cannot be signed in to; empty where it can."""
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
