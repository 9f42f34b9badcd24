"""The path of every request to an emulated service: request log and injected faults."""

from __future__ import annotations

import re
import time
import uuid
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response

from mlflow_azure.emulator.garbled import garbled

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from mlflow_azure.emulator.arm.world import World
    from mlflow_azure.emulator.faults import Fault

    Respond = Callable[[Fault | None], Awaitable[Response]]

# POST actions that only read.
_READING = re.compile(r"/(list\w*|check\w+|get\w+|publishxml|containerlogs|download)$", re.IGNORECASE)


class Wire:
    """Passes requests to services, and their responses back.

    Args:
        world: All that the emulator holds.
        cut: Closes the connection of a request.

    """

    def __init__(self, world: World, cut: Callable[[Request], None]) -> None:
        self._world = world
        self._cut = cut

    async def carry(self, request: Request, respond: Respond, *, logged: bool = True) -> Response:
        """Respond to a request with `respond`, or with its fault; changes are saved first.

        `logged` is false for requests other than to Resource Manager or Graph, which can fail like them.
        """
        began = time.time()
        fault = self._world.faults.strike(request.method, request.url.path)
        if fault and fault.kind == "cut-before":
            return self._hang_up(request, began, logged=logged)
        response = _ordered(fault) if fault and fault.kind == "status" else await respond(fault)
        response = self._saved() or response
        if fault and fault.kind == "garbled":
            response = garbled(response, fault.garbling)
        if fault and fault.kind == "cut-after":
            return self._hang_up(request, began, logged=logged)
        response.headers["x-ms-request-id"] = str(uuid.uuid4())
        if logged:
            self._log(request, response.status_code, began)
        return response

    def _saved(self) -> Response | None:
        """Save changes; return None, or a response that says that they cannot be saved."""
        try:
            self._world.state.save()
        except OSError as error:
            home = self._world.home.root
            text = f"The emulator cannot save its state in {home}: {error.strerror}. Free some space there."
            return JSONResponse({"error": {"code": "EmulatorCannotSave", "message": text}}, 507)
        return None

    def _hang_up(self, request: Request, began: float, *, logged: bool) -> Response:
        if logged:
            self._log(request, 0, began)
        self._cut(request)
        return Response(status_code=500)  # is never sent: the connection is gone

    def _log(self, request: Request, status: int, began: float) -> None:
        entry = {"method": request.method, "path": request.url.path, "query": request.url.query, "status": status}
        timed = {"began": began, "seconds": time.time() - began}
        self._world.requests.append({**entry, **timed, "write": is_write(request.method, request.url.path)})


def is_write(method: str, path: str) -> bool:
    """Whether a request is a write: a POST is, unless it lists, checks or gets."""
    return method in ("PUT", "PATCH", "DELETE") or (method == "POST" and not _READING.search(path))


def _ordered(fault: Fault) -> Response:
    body = {"error": {"code": fault.code, "message": fault.message}}
    return JSONResponse(body, fault.status, fault.headers)
