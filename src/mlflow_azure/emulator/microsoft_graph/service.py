"""The front door of Microsoft Graph: from an HTTP request to a handler and back."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from mlflow_azure.emulator.microsoft_graph.graph_errors import GraphError, not_found
from mlflow_azure.emulator.microsoft_graph.query import filtered
from mlflow_azure.emulator.strict_json import strict_json
from mlflow_azure.emulator.tokens import TokenError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.requests import Request

    from mlflow_azure.emulator.arm.world import World
    from mlflow_azure.emulator.directory import Directory, Object
    from mlflow_azure.emulator.faults import Fault
    from mlflow_azure.emulator.quirks import Quirks
    from mlflow_azure.emulator.wire import Wire

_log = logging.getLogger(__name__)
_VERSION = "/v1.0"
# The uses of an object; a replica may know the object or not for each.
_USES = ("", "in lists", "as reference", "in the local tenant", "with its roles")


@dataclass(frozen=True)
class Ask:
    """One request: the directory, path parameters, query, body, and the caller's claims and rights."""

    directory: Directory
    quirks: Quirks
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: Object
    caller: Mapping[str, Any]
    rights: str

    def __getitem__(self, parameter: str) -> str:
        return self.params[parameter]

    def require(self, kind: str, object_id: str) -> Object:
        """Return the object of one kind with this id. Raises GraphError if it is missing or not replicated yet."""
        found = self.directory.find(kind, id=object_id)
        if found is None or self.lags(kind, object_id):
            raise not_found(object_id)
        return found

    def listed(self, kind: str) -> list[Object]:
        """Return the replicated objects of one kind, filtered by `$filter`."""
        found = filtered(self.directory.all(kind), self.query.get("$filter", ""))
        return [each for each in found if not self.lags(kind, each["id"], "in lists")]

    def create(self, kind: str, item: Object) -> Object:
        """Store a new object, which directory replicas only know later.

        https://learn.microsoft.com/entra/architecture/architecture; for the requests that are affected, and how:
        github.com/Azure/azure-cli, command_modules/role/custom.py, which tries again on three texts, and
        github.com/microsoftgraph/msgraph-bicep-types/issues/161 and 193.
        """
        begin_lag(self.quirks, kind, item["id"])
        return self.directory.put(kind, item)

    def lags(self, kind: str, object_id: str, use: str = "") -> bool:
        """Whether the replica does not know an object yet, for one use of it. Counts the call."""
        return self.quirks.strikes("directory_lag", f"{kind}/{object_id} {use}")


def begin_lag(quirks: Quirks, kind: str, object_id: str) -> None:
    """Delay the replication of a new object."""
    for use in _USES:
        quirks.begin("directory_lag", f"{kind}/{object_id} {use}")


@dataclass(frozen=True)
class Reply:
    """A response: JSON, or nothing."""

    body: Any = None
    status: int = 200


Handler = Callable[[Ask], Reply]


class Operations(list[tuple[str, str, Handler]]):
    """The operations of one module, collected by a decorator: method, path, handler."""

    def on(self, method: str, path: str) -> Callable[[Handler], Handler]:
        """Register the decorated function for `method` on `path`."""

        def collect(handler: Handler) -> Handler:
            self.append((method, path, handler))
            return handler

        return collect


class Graph:
    """Handles the requests to Microsoft Graph."""

    def __init__(self, world: World, wire: Wire) -> None:
        self._world = world
        self._wire = wire

    def routes(self, operations: Iterable[tuple[str, str, Handler]]) -> list[BaseRoute]:
        """Return the routes of these operations."""
        return [
            Route(_VERSION + path, self._endpoint(handler), methods=[method]) for method, path, handler in operations
        ]

    def _endpoint(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            return await self._wire.carry(request, partial(self._respond, handler, request))

        return answer

    async def _respond(self, handler: Handler, request: Request, _fault: Fault | None) -> Response:
        try:
            caller = self._authenticate(request.headers.get("authorization", ""))
            self._authorize(request.method)
            reply = _handled(handler, await self._ask(request, caller))
        except GraphError as refusal:
            body = {"code": refusal.code, "message": refusal.message, "innerError": {}}
            return JSONResponse({"error": body}, refusal.status)
        return Response(status_code=reply.status) if reply.body is None else JSONResponse(reply.body, reply.status)

    async def _ask(self, request: Request, caller: Mapping[str, Any]) -> Ask:
        content = await request.body()
        try:
            body = strict_json(content) if content else {}
        except ValueError as error:
            raise GraphError(400, "BadRequest", f"Unable to read JSON request payload: {error}") from error
        if not isinstance(body, dict):
            raise GraphError(400, "BadRequest", "Unable to read JSON request payload: an object is expected.")
        world, params = self._world, request.path_params
        return Ask(world.directory, world.quirks, params, request.query_params, body, caller, world.directory_rights())

    def _authenticate(self, authorization: str) -> Mapping[str, Any]:
        token = authorization.partition(" ")[2]
        audiences = self._world.audiences | self._world.graph_audiences
        try:
            return self._world.tokens.verify(token, audiences)
        except TokenError as error:
            raise GraphError(401, "InvalidAuthenticationToken", f"Access token is not valid: {error}") from error

    def _authorize(self, method: str) -> None:
        """Refuse what the control interface does not allow the caller: "graph": "none", "read" or "write" (all)."""
        allowed = self._world.directory_rights()
        if allowed == "none" or (allowed == "read" and method != "GET"):
            raise GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def _handled(handler: Handler, ask: Ask) -> Reply:
    """Return the handler's response.

    Raises:
        GraphError: The request is refused, also because of a value of an unexpected type.

    """
    try:
        return handler(ask)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        if not ask.body:
            raise
        _log.exception("a value that Graph does not take")
        raise GraphError(400, "Request_BadRequest", "Invalid value specified for a property.") from error
