"""The data planes of all container registries of one home, each on its own TLS port."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.requests import Request

from mlflow_azure.emulator.runtime.listener import Listener
from mlflow_azure.emulator.runtime.registry import attributes
from mlflow_azure.emulator.runtime.registry.blob_storage import InContainer, Storage, no_containers, open_storage
from mlflow_azure.emulator.runtime.registry.push_record import PushRecord
from mlflow_azure.emulator.runtime.registry.token_service import Credentials, RegistryAuth
from mlflow_azure.emulator.runtime.spec import RuntimeFaultError, TlsMaterial

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.types import Message, Receive, Scope, Send

    from mlflow_azure.emulator.runtime.children import Children


@dataclass(frozen=True)
class Push:
    """A manifest pushed to `repository` of `registry`; `tag` is None for a push by digest."""

    registry: str
    repository: str
    tag: str | None
    digest: str


@dataclass
class _Registry:
    front: _Front
    storage: Storage
    listener: Listener

    async def stop(self) -> None:
        await self.listener.stop()
        await self.storage.stop()


class Registries:
    """Registries by name; data in `<home>/registries/<name>`.

    `on_push` is called after each pushed manifest, `on_removed` with the login server of a deleted registry.
    `unresolved` decides for each client request whether it fails as if the registry's name did not resolve yet.
    `in_container` starts a real registry if the machine has no program for it.
    """

    def __init__(self, home: Path, tls: TlsMaterial, children: Children) -> None:
        self._children = children
        self._root = home / "registries"
        self._tls = tls
        self._registries: dict[str, _Registry] = {}
        self._changing = asyncio.Lock()
        self.in_container: InContainer = no_containers
        self.on_push: Callable[[Push], None] = lambda _push: None
        self.unresolved: Callable[[str], bool] = lambda _name: False
        self.on_removed: Callable[[str], None] = lambda _login_server: None

    async def ensure(self, name: str, port: int, credentials: Credentials, token_ok: Callable[[str], bool]) -> str:
        """Serve the registry; return its login server.

        Args:
            name: The registry's name.
            port: Its TLS port.
            credentials: Returns the admin user's name and valid passwords, None if the user is disabled; called
                on every request.
            token_ok: Whether a Microsoft Entra access token may use this registry.

        """
        login_server = f"localhost:{port}"
        async with self._changing:
            if name not in self._registries:
                auth = RegistryAuth(login_server, credentials, token_ok)
                self._registries[name] = await self._open(name, port, auth)
        return login_server

    async def _open(self, name: str, port: int, auth: RegistryAuth) -> _Registry:
        storage = await open_storage(name, self._root / name, self._children, self.in_container)
        record = PushRecord(self._root / name / "pushed.json")
        front = _Front(name, auth, storage, record, self._pushed, self._unresolved)
        front.listener = listener = Listener(front, port, self._tls)
        registry = _Registry(front, storage, listener)
        try:
            await registry.listener.start()
        except RuntimeFaultError:
            await storage.stop()
            raise
        return registry

    def _pushed(self, push: Push) -> None:
        self.on_push(push)

    def _unresolved(self, name: str) -> bool:
        return self.unresolved(name)

    def auth(self, name: str) -> RegistryAuth:
        """Return the credentials and tokens of a served registry."""
        try:
            return self._registries[name].front.auth
        except KeyError:
            raise RuntimeFaultError(f"using container registry {name}: it does not exist") from None

    async def remove(self, name: str) -> None:
        """Stop the registry and delete its images."""
        async with self._changing:
            if registry := self._registries.pop(name, None):
                await registry.stop()
                await asyncio.to_thread(self.on_removed, registry.front.auth.service)
            shutil.rmtree(self._root / name, ignore_errors=True)

    async def stop(self) -> None:
        """End all; the data is kept."""
        async with self._changing:
            await asyncio.gather(*(registry.stop() for registry in self._registries.values()))
            self._registries.clear()


class _Front:
    """Authentication in front of the storage, and notification of pushes."""

    def __init__(
        self,
        name: str,
        auth: RegistryAuth,
        storage: Storage,
        record: PushRecord,
        pushed: Callable[[Push], None],
        unresolved: Callable[[str], bool],
    ) -> None:
        self.auth = auth
        self.listener: Listener | None = None
        self._name = name
        self._storage = storage
        self._record = record
        self._attributes = attributes.Attributes(auth.service, storage, record).app
        self._pushed = pushed
        self._unresolved = unresolved

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if not self.auth.is_internal(request) and self._unresolved(self._name):
            await self._hang_up(request, receive)
            return
        match request.url.path:
            case "/oauth2/token":
                await (await self.auth.token(request))(scope, receive, send)
            case "/oauth2/exchange":
                await (await self.auth.exchange(request))(scope, receive, send)
            case _:
                of_azure = request.url.path.startswith(attributes.ROOT)
                app = self.auth.refusal(request) or (self._attributes if of_azure else self._storage)
                await app(scope, receive, self._watched(request, send))

    async def _hang_up(self, request: Request, receive: Receive) -> None:
        if self.listener and request.client:
            self.listener.cut((request.client.host, request.client.port))
        while (await receive())["type"] != "http.disconnect":
            pass  # the part of the body already received

    def _watched(self, request: Request, send: Send) -> Send:
        repository, manifest, reference = request.url.path.removeprefix("/v2/").partition("/manifests/")
        if request.method != "PUT" or not manifest:
            return send

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == HTTPStatus.CREATED:
                digest = dict(message["headers"])[b"docker-content-digest"].decode()
                tag = None if reference == digest else reference
                self._record.note(repository, digest, *([tag] if tag else []))
                self._pushed(Push(self._name, repository, tag, digest))
            await send(message)

        return watch
