"""The front door of Resource Manager: from an HTTP request to a handler and back."""

from __future__ import annotations

import json
import logging
import re
import uuid
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from mlflow_azure.emulator.arm import errors
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoint
from mlflow_azure.emulator.arm.checks import authenticate, check
from mlflow_azure.emulator.arm.errors import ArmError
from mlflow_azure.emulator.arm.overlap import exclusive_write
from mlflow_azure.emulator.runtime import RuntimeFaultError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from starlette.requests import Request

    from mlflow_azure.emulator.arm.world import World

_log = logging.getLogger(__name__)
# POST actions that only read.
_READING = re.compile(r"/(list\w*|check\w+|get\w+|publishxml|containerlogs)$", re.IGNORECASE)


class Gateway:
    """Answers the requests to Resource Manager.

    Args:
        world: All that the emulator holds.
        cut: Closes the connection that a request came on.

    """

    def __init__(self, world: World, cut: Callable[[Request], None]) -> None:
        self._world = world
        self._cut = cut

    def routes(self, endpoints: Iterable[Endpoint]) -> list[BaseRoute]:
        """The routes for these endpoints. Paths are matched without regard to case, as Azure does."""
        return [self._route(endpoint) for endpoint in endpoints]

    def _route(self, endpoint: Endpoint) -> Route:
        async def answer(request: Request) -> Response:
            return await self._respond(endpoint, request)

        route = Route(endpoint.template, answer, methods=[endpoint.method])
        route.path_regex = re.compile(route.path_regex.pattern, re.IGNORECASE)
        if endpoint.method == "GET":
            route.methods = {"GET"}  # Starlette adds HEAD, which Azure answers in another way
        return route

    async def unknown(self, request: Request) -> Response:
        """The answer to a request that no endpoint matches."""
        refusal = ArmError(501, "NotImplemented", f"The emulator does not know {request.method} {request.url.path}.")
        return self._render(request, Answer(refusal.body(), refusal.status))

    async def _respond(self, endpoint: Endpoint, request: Request) -> Response:
        try:
            call = self._call(endpoint, request, await request.body())
        except ArmError as refusal:
            return self._render(request, Answer(refusal.body(), refusal.status))
        if call.fault and call.fault.kind == "cut-before":
            return self._hang_up(request)
        answer = await self._answer(call, request.headers.get("authorization", ""))
        self._world.state.save()
        if call.fault and call.fault.kind == "cut-after":
            return self._hang_up(request)
        return self._render(request, answer)

    def _call(self, endpoint: Endpoint, request: Request, content: bytes) -> Call:
        path = request.url.path
        call = Call(
            world=self._world,
            method=endpoint.method,
            template=endpoint.template.replace(":path}", "}"),
            params=self._spelled(request.path_params),
            query={name.lower(): value for name, value in request.query_params.items()},
            body=_json_object(content, request.headers.get("content-type", "")),
            base_url=str(request.base_url).rstrip("/"),
            handler=endpoint.handler,
        )
        call.fault = self._world.faults.strike(request.method, path)
        return call

    def _spelled(self, params: dict[str, str]) -> dict[str, str]:
        """The parameters, with the subscription of a scope, and the group's name as it was first spelled."""
        if "scope" in params:
            params = {**params, "subscription": f"{params['scope']}//".split("/")[1]}
        group = self._world.group(params.get("subscription", ""), params.get("group", ""))
        return {**params, "group": group["name"]} if group else params

    async def _answer(self, call: Call, authorization: str) -> Answer:
        try:
            authenticate(call, authorization)
            faulty = _faulty(call)
            if faulty:
                return faulty
            check(call)
            return await self._handle(call)
        except ArmError as refusal:
            return Answer(refusal.body(), refusal.status, refusal.headers)
        except RuntimeFaultError as fault:
            _log.exception("%s %s", call.method, call.path)
            return Answer(ArmError(500, "InternalServerError", str(fault)).body(), 500)

    async def _handle(self, call: Call) -> Answer:
        await self._world.operations.settle(call.id)
        with exclusive_write(call):
            await self._world.latency.pause(_pace(call), call.type)
            if is_write(call.method, call.path):
                self._world.resources.remember(call.id)
            answer = await call.handler(call)
        if call.failure and not call.began:
            raise ArmError(call.failure.status, call.failure.code, call.failure.message)
        return answer

    def _hang_up(self, request: Request) -> Response:
        self._log(request, 0)
        self._cut(request)
        return Response(status_code=500)  # is never sent: the connection is gone

    def _render(self, request: Request, answer: Answer) -> Response:
        self._log(request, answer.status)
        headers = {"x-ms-request-id": str(uuid.uuid4()), **answer.headers}
        if answer.body is None:
            return Response(status_code=answer.status, headers=headers)
        content = answer.body if isinstance(answer.body, str | bytes) else json.dumps(answer.body)
        return Response(content, answer.status, headers, media_type=answer.media_type)

    def _log(self, request: Request, status: int) -> None:
        path = request.url.path
        self._world.requests.append(
            {
                "method": request.method,
                "path": path,
                "query": request.url.query,
                "status": status,
                "write": is_write(request.method, path),
            }
        )


def is_write(method: str, path: str) -> bool:
    """Whether a request changes something: a POST does unless it lists, checks or gets."""
    return method in ("PUT", "PATCH", "DELETE") or (method == "POST" and not _READING.search(path))


def _pace(call: Call) -> str:
    """The method whose time the request takes: a PUT of what is there is an update, a POST that lists is a read."""
    if not is_write(call.method, call.path):
        return "GET"
    return "PATCH" if call.method == "PUT" and call.world.resources.find(call.id) else call.method


def _faulty(call: Call) -> Answer | None:
    """The answer of a fault that replaces the true one."""
    fault = call.fault
    if fault and fault.kind == "status":
        return Answer({"error": {"code": fault.code, "message": fault.message}}, fault.status, fault.headers)
    if fault and fault.kind == "stale-read":
        previous = call.world.resources.previous(call.id)
        if previous is None:
            raise call.not_found()
        return Answer(previous)
    return None


def _json_object(content: bytes, content_type: str) -> dict[str, Any]:
    if not content or "json" not in content_type:
        return {}
    try:
        body = json.loads(content)
    except ValueError as error:
        raise errors.invalid_content(str(error)) from error
    if not isinstance(body, dict):
        raise errors.invalid_content("a JSON object is expected")
    return body
