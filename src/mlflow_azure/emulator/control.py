"""The control interface, with which tests configure and query the emulator. Loopback only, no sign-in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mlflow_azure.emulator.arm.access import require_known_roles
from mlflow_azure.emulator.arm.autoscale_engine import require_percentages
from mlflow_azure.emulator.runtime import RuntimeFaultError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from mlflow_azure.emulator.arm.world import World

PREFIX = "/emulator"
# Sections of the settings that a PUT replaces, with their JSON types.
_SECTIONS: dict[str, type] = {
    "names": dict,
    "providers": dict,
    "subscriptions": list,
    "quota": dict,
    "permissions": dict,
    "policies": dict,
    "cpu": dict,
    "vault": dict,
}


class Control:
    """Handles the control interface of one emulator."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """The routes."""
        sections = [Route(f"{PREFIX}/{name}", self._section(name), methods=["PUT"]) for name in _SECTIONS]
        return [
            Route(f"{PREFIX}/status", self._status),
            Route(f"{PREFIX}/latency", self._latency, methods=["PUT"]),
            Route(f"{PREFIX}/tokens", self._tokens, methods=["PUT"]),
            Route(f"{PREFIX}/quirks", self._quirks, methods=["PUT"]),
            Route(f"{PREFIX}/cloud", self._cloud, methods=["PUT"]),
            Route(f"{PREFIX}/directory", self._directory, methods=["PUT"]),
            Route(f"{PREFIX}/requests", self._requests, methods=["GET"]),
            Route(f"{PREFIX}/requests", self._forget_requests, methods=["DELETE"]),
            Route(f"{PREFIX}/faults", self._order_fault, methods=["POST"]),
            Route(f"{PREFIX}/faults", self._clear_faults, methods=["DELETE"]),
            *sections,
        ]

    async def _status(self, _request: Request) -> Response:
        resources = self._world.resources
        return JSONResponse(
            {
                "runtime": self._world.runtime.kind,
                "runtime_reason": self._world.runtime.kind_reason,
                "resource_manager": self._world.url,
                "subscription_id": self._world.identity.subscription_id,
                "groups": [each["name"] for each in resources.of_type("Microsoft.Resources/resourceGroups")],
                "accounts": [
                    {"name": each["name"], "blob": each["properties"]["primaryEndpoints"]["blob"]}
                    for each in resources.of_type("Microsoft.Storage/storageAccounts")
                ],
                "registries": [
                    {"name": each["name"], "login_server": each["properties"]["loginServer"]}
                    for each in resources.of_type("Microsoft.ContainerRegistry/registries")
                ],
                "databases": [
                    {
                        "name": each["name"],
                        "address": each["properties"]["fullyQualifiedDomainName"],
                        "state": each["properties"]["state"],
                    }
                    for each in resources.of_type("Microsoft.DBforPostgreSQL/flexibleServers")
                    if "fullyQualifiedDomainName" in each["properties"]
                ],
                "sites": [self._site(each["name"]) for each in resources.of_type("Microsoft.Web/sites")],
            }
        )

    def _site(self, name: str) -> dict[str, Any]:
        url = f"http://localhost:{self._world.ports.of(f'site/{name}')}"
        return {"name": name, "url": url, "state": self._state(name)}

    def _state(self, site: str) -> str:
        try:
            return self._world.runtime.sites.state(site)
        except RuntimeFaultError as fault:  # it could not be reopened after a restart
            return str(fault)

    async def _latency(self, request: Request) -> Response:
        return await self._apply(request, dict, lambda order: self._world.latency.choose(**order))

    async def _tokens(self, request: Request) -> Response:
        def apply(order: dict[str, Any]) -> None:
            self._world.tokens.lifetime = int(order["lifetime"])

        return await self._apply(request, dict, apply)

    async def _quirks(self, request: Request) -> Response:
        return await self._apply(request, dict, self._world.quirks.order)

    async def _cloud(self, request: Request) -> Response:
        return await self._apply(request, dict, self._world.choose_cloud)

    async def _directory(self, request: Request) -> Response:
        """Add users and groups (each with `id` and `displayName`) to the directory."""

        def apply(order: dict[str, Any]) -> None:
            for kind in ("users", "groups"):
                for item in order.get(kind, []):
                    self._world.directory.put(kind, item)

        return await self._apply(request, dict, apply)

    async def _requests(self, _request: Request) -> Response:
        return JSONResponse(list(self._world.requests))

    async def _forget_requests(self, _request: Request) -> Response:
        self._world.requests.clear()
        return Response(status_code=204)

    async def _order_fault(self, request: Request) -> Response:
        return await self._apply(request, dict, self._world.faults.order)

    async def _clear_faults(self, _request: Request) -> Response:
        self._world.faults.clear()
        return Response(status_code=204)

    def _section(self, name: str) -> Callable[[Request], Awaitable[Response]]:
        def apply(order: Any) -> None:
            if name == "permissions":
                require_known_roles(order)
            elif name == "cpu":
                require_percentages(order)
            self._world.settings[name] = order

        async def replace(request: Request) -> Response:
            return await self._apply(request, _SECTIONS[name], apply)

        return replace

    async def _apply(self, request: Request, kind: type, apply: Callable[[Any], None]) -> Response:
        try:
            order = await request.json()
        except (ValueError, RecursionError) as error:
            return JSONResponse({"error": f"no JSON: {error}"}, 400)
        if not isinstance(order, kind):
            return JSONResponse({"error": f"a JSON {kind.__name__} is expected"}, 400)
        try:
            apply(order)
        except (TypeError, ValueError, KeyError) as error:
            return JSONResponse({"error": str(error)}, 400)
        self._world.state.save()
        return Response(status_code=204)
