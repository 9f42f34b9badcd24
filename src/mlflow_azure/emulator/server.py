"""The daemon: one HTTPS server for Resource Manager, sign-in and the control interface."""

from __future__ import annotations

import json
import os
import resource
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mlflow_azure import __version__
from mlflow_azure.emulator.arm import connect, provider_endpoints, register_effects, reopen
from mlflow_azure.emulator.arm.gateway import Gateway
from mlflow_azure.emulator.arm.subscriptions import metadata
from mlflow_azure.emulator.arm.world import World, identity_of
from mlflow_azure.emulator.authorize import AuthorizePage
from mlflow_azure.emulator.connections import Connections
from mlflow_azure.emulator.control import PREFIX, Control
from mlflow_azure.emulator.microsoft_graph import graph_routes
from mlflow_azure.emulator.name_proxy import NameProxy
from mlflow_azure.emulator.ports import Ports, is_free
from mlflow_azure.emulator.runtime import Runtime
from mlflow_azure.emulator.runtime.cache import cache_directory
from mlflow_azure.emulator.state import State, write_private
from mlflow_azure.emulator.tls import tls_material
from mlflow_azure.emulator.token_endpoints import SignIn
from mlflow_azure.emulator.tokens import TokenIssuer
from mlflow_azure.emulator.user_tokens import UserTokens
from mlflow_azure.emulator.wire import Wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from mlflow_azure.emulator.home import Home

# Clients keep connections open. If the server closes one while a request is in transit, that fails needlessly.
_KEEP_ALIVE_SECONDS = 600
_OPEN_FILES = 16384


def build_world(home: Home) -> World:
    """Return the state of the emulator of `home`, as of its last run."""
    home.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    state = State(home.state_file)
    ports = Ports(state, home.root, cache_directory() / "ports")
    if not is_free(ports.of("resource-manager")):
        ports.release("resource-manager")  # something else took it in the meantime; clients find the new one
    url = f"https://localhost:{ports.of('resource-manager')}"
    identity = identity_of(state, home)
    tokens = TokenIssuer(home.root / "signing.key", identity.tenant_id, url)
    state.save()
    tls = tls_material(home.root)
    return World(home, url, state, ports, tokens, identity, Runtime(home.root, tls), tls)


def serve(home: Home) -> None:
    """Run the emulator of `home` until SIGTERM or SIGINT."""
    home.endpoint_file.unlink(missing_ok=True)  # from a killed daemon
    _allow_many_connections()
    tls = tls_material(home.root)
    world = build_world(home)
    register_effects(world)
    connect(world)
    connections = Connections()
    config = uvicorn.Config(
        _application(world, connections),
        http=connections.protocol(),
        ws="none",
        loop="asyncio",
        ssl_certfile=tls.cert_file,
        ssl_keyfile=tls.key_file,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=5,
        access_log=False,
        log_level="warning",
    )
    with socket.create_server(("127.0.0.1", world.ports.of("resource-manager")), backlog=128) as listener:
        # Accepted sockets inherit this. asyncio sets it only for sockets with an explicit protocol, and without it the
        # body of a response waits 40 ms for the acknowledgement of its headers.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        uvicorn.Server(config).run(sockets=[listener])


def _allow_many_connections() -> None:
    """Raise the limit of open files as far as allowed: a database session takes two."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _application(world: World, connections: Connections) -> Starlette:
    wire = Wire(world, connections.cut)
    gateway = Gateway(world, wire)
    users = UserTokens(world)

    async def describe(_request: Request) -> Response:
        return JSONResponse(metadata(world))

    return Starlette(
        routes=[
            Route("/metadata/endpoints", describe),
            *Control(world).routes(),
            *SignIn(world, users).routes(),
            *AuthorizePage(world, users).routes(),
            *world.task_blobs.routes(wire),
            *graph_routes(world, wire),
            *gateway.routes(provider_endpoints()),
            Route("/{path:path}", gateway.unknown, methods=["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"]),
        ],
        lifespan=lambda _app: _lifespan(world),
    )


@asynccontextmanager
async def _lifespan(world: World) -> AsyncIterator[None]:
    await world.runtime.start()
    names = NameProxy(world)
    try:
        await names.start()
        await reopen(world)
        write_private(world.home.endpoint_file, json.dumps(endpoint(world), indent=1))
        yield
    finally:
        world.home.endpoint_file.unlink(missing_ok=True)
        await names.stop()
        await world.background.stop()
        await world.runtime.stop()
        world.state.save()


def endpoint(world: World) -> dict[str, Any]:
    """Return the content of endpoint.json."""
    identity = world.identity
    return {
        "resource_manager": world.url,
        "authority": world.url,
        "graph": world.url,
        "ca_file": str(tls_material(world.home.root).ca_file),
        "tenant_id": identity.tenant_id,
        "subscription_id": identity.subscription_id,
        "client_id": identity.client_id,
        "client_secret": identity.client_secret,
        "control": f"{world.url}{PREFIX}",
        "proxy": f"http://127.0.0.1:{world.ports.of('proxy')}",
        "runtime": world.runtime.kind,
        "runtime_reason": world.runtime.kind_reason,
        "pid": os.getpid(),
        "version": __version__,
    }
