"""The front door of Resource Manager: from an HTTP request to a handler and back."""

from __future__ import annotations

import json
import logging
import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from mlflow_azure.emulator.arm import arm_errors, unmodelled
from mlflow_azure.emulator.arm.arm_errors import ArmError
from mlflow_azure.emulator.arm.call import Answer, Call, Endpoint
from mlflow_azure.emulator.arm.checks import authenticate, check
from mlflow_azure.emulator.arm.overlap import exclusive_write
from mlflow_azure.emulator.arm.versions import of_version
from mlflow_azure.emulator.strict_json import strict_json
from mlflow_azure.emulator.wire import Wire, is_write

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.requests import Request

    from mlflow_azure.emulator.arm.world import World
    from mlflow_azure.emulator.faults import Fault

_log = logging.getLogger(__name__)
# Fields of any resource that hold an object.
_OBJECTS = frozenset({"identity", "properties", "sku", "tags"})


class Gateway:
    """Handles the requests to Resource Manager."""

    def __init__(self, world: World, wire: Wire) -> None:
        self._world = world
        self._wire = wire

    def routes(self, endpoints: Iterable[Endpoint]) -> list[BaseRoute]:
        """Return the routes of these endpoints. Paths are case-insensitive, as in Azure."""
        return [self._route(endpoint) for endpoint in endpoints]

    def _route(self, endpoint: Endpoint) -> Route:
        async def answer(request: Request) -> Response:
            return await self._wire.carry(request, partial(self._respond, endpoint, request))

        route = Route(endpoint.template, answer, methods=[endpoint.method])
        # A trailing slash is ignored: az requests deployments with one.
        route.path_regex = re.compile(route.path_regex.pattern.removesuffix("$") + "/?$", re.IGNORECASE)
        if endpoint.method == "GET":
            route.methods = {"GET"}  # Starlette adds HEAD, to which Azure responds differently
        return route

    async def unknown(self, request: Request) -> Response:
        """Return the response to a request that matches no endpoint."""
        request.scope["path_params"], template = unmodelled.scope_of(request.url.path)
        endpoint = Endpoint(request.method, template, unmodelled.answer)
        return await self._wire.carry(request, partial(self._respond, endpoint, request))

    async def _respond(self, endpoint: Endpoint, request: Request, fault: Fault | None) -> Response:
        try:
            call = await self._call(endpoint, request, fault)
            answer = await self._answer(call, request.headers.get("authorization", ""))
            return _render(replace(answer, body=of_version(answer.body, call.query.get("api-version", ""))))
        except ArmError as refusal:
            return _render(Answer(refusal.body(), refusal.status, refusal.headers))
        except Exception as error:  # noqa: BLE001 - a server answers whatever happens, and goes on
            _log.exception("%s %s", request.method, request.url.path)
            return _render(Answer(ArmError(500, "InternalServerError", f"{error!r}").body(), 500))

    async def _call(self, endpoint: Endpoint, request: Request, fault: Fault | None) -> Call:
        return Call(
            world=self._world,
            method=endpoint.method,
            template=endpoint.template.replace(":path}", "}"),
            params=self._spelled(request.path_params),
            query={name.lower(): value for name, value in request.query_params.items()},
            body=_json_object(await request.body(), request.headers.get("content-type", "")),
            base_url=str(request.base_url).rstrip("/"),
            handler=endpoint.handler,
            fault=fault,
        )

    def _spelled(self, params: dict[str, str]) -> dict[str, str]:
        """Return the parameters, with the subscription of a scope, and the group's name in its original spelling."""
        if "scope" in params:
            params = {**params, "subscription": f"{params['scope']}//".split("/")[1]}
        group = self._world.group(params.get("subscription", ""), params.get("group", ""))
        return {**params, "group": group["name"]} if group else params

    async def _answer(self, call: Call, authorization: str) -> Answer:
        authenticate(call, authorization)
        if call.fault and call.fault.kind == "stale-read":
            return _stale(call)
        check(call)
        await self._world.operations.settle(call.id)
        with exclusive_write(call):
            await self._world.latency.pause(_pace(call), call.type)
            if is_write(call.method, call.path):
                self._world.resources.remember(call.id)
            answer = await self._handled(call)
        if call.failure and not call.began:
            raise ArmError(call.failure.status, call.failure.code, call.failure.message)
        return answer

    async def _handled(self, call: Call) -> Answer:
        """Return the handler's response; if it cannot parse the body, an error, with the state restored.

        Raises:
            ArmError: The request is refused. Azure does so for a value of an unexpected type:
                github.com/microsoft/azure-tools-for-java/issues/1014.

        """
        undo = self._world.resources.snapshot(call.id) if call.body else None
        try:
            return await call.handler(call)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            if undo is None:
                raise
            _log.exception("%s %s", call.method, call.path)
            undo()
            raise arm_errors.invalid_content(f"{type(error).__name__}: {error}") from error


def _pace(call: Call) -> str:
    """Return the method for the latency: a PUT of an existing resource is an update, a listing POST a read."""
    if not is_write(call.method, call.path):
        return "GET"
    return "PATCH" if call.method == "PUT" and call.world.resources.find(call.id) else call.method


def _stale(call: Call) -> Answer:
    """Return the resource as it was before its last change."""
    previous = call.world.resources.previous(call.id)
    if previous is None:
        raise call.not_found()
    return Answer(previous)


def _render(answer: Answer) -> Response:
    if answer.body is None:
        return Response(status_code=answer.status, headers=answer.headers)
    content = answer.body if isinstance(answer.body, str | bytes) else json.dumps(answer.body)
    return Response(content, answer.status, answer.headers, media_type=answer.media_type)


def _json_object(content: bytes, content_type: str) -> dict[str, Any]:
    if not content or "json" not in content_type:
        return {}
    try:
        body = strict_json(content)
    except ValueError as error:
        raise arm_errors.invalid_content(str(error)) from error
    if not isinstance(body, dict):
        raise arm_errors.invalid_content("a JSON object is expected")
    given = {name: value for name, value in body.items() if value is not None}  # null is the same as omitted
    for name in _OBJECTS & given.keys():
        if not isinstance(given[name], dict):
            raise arm_errors.invalid_content(f"'{name}' has to be an object.")
    return given
