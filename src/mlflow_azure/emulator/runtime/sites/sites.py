"""The web apps of one home."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mlflow_azure.emulator.runtime.listener import Listener
from mlflow_azure.emulator.runtime.sites.front import Front
from mlflow_azure.emulator.runtime.sites.identity_endpoint import IdentityEndpoint
from mlflow_azure.emulator.runtime.sites.scm import Scm
from mlflow_azure.emulator.runtime.sites.site import Site
from mlflow_azure.emulator.runtime.sites.site_log import SiteLog
from mlflow_azure.emulator.runtime.sites.site_quirks import SiteQuirks
from mlflow_azure.emulator.runtime.spec import InstanceState, RuntimeFaultError, SiteSpec, SiteState, TlsMaterial

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response

    from mlflow_azure.emulator.runtime.sites.container import ContainerHost
    from mlflow_azure.emulator.runtime.sites.front import Gate
    from mlflow_azure.emulator.runtime.sites.instance import SignIn


@dataclass
class _Served:
    site: Site
    front: Front
    listeners: tuple[Listener, Listener]

    async def close(self) -> None:
        await asyncio.gather(*(listener.stop() for listener in self.listeners))
        await self.site.close()
        await self.front.close()


class Sites:
    """Sites by name; their files are in `<home>/sites/<name>`.

    `token_ok` decides whether a Microsoft Entra access token may operate Kudu sites. `gate` responds to requests that
    may not reach the container (App Service Authentication). `sign_in` returns a managed identity's credentials for a
    registry. `host` runs the containers of sites opened from then on. `quirks` is occasional behaviour of App Service.
    `identities` gives the sites tokens of their managed identities.
    """

    def __init__(self, home: Path, host: ContainerHost, tls: TlsMaterial) -> None:
        self._tls = tls
        self.token_ok: Callable[[str], bool] = lambda _token: False
        self.gate: Gate = _open_gate
        self.sign_in: SignIn = _no_credentials
        self.quirks = SiteQuirks()
        self.identities = IdentityEndpoint()
        self._root = home / "sites"
        self.host = host
        self._sites: dict[str, _Served] = {}
        self._changing = asyncio.Lock()

    async def apply(self, spec: SiteSpec) -> None:
        """Apply `spec` to the site. Returns at once; the container starts, restarts or stops in the background."""
        async with self._changing:
            if served := self._sites.get(spec.name):
                served.site.apply(spec)
            else:
                await self._open(spec)

    async def _open(self, spec: SiteSpec) -> None:
        log = SiteLog(self._root / spec.name / "LogFiles")
        site = Site(spec, self.host, log, self._sign_in, self.quirks)
        front = Front(site, self._admit)
        scm = Scm(site, self._token_ok, self.quirks)
        served = _Served(site, front, (Listener(front, spec.port), Listener(scm, spec.scm_port, self._tls)))
        try:
            for listener in served.listeners:
                await listener.start()
        except RuntimeFaultError:
            await served.close()
            raise
        self._sites[spec.name] = served

    def _token_ok(self, token: str) -> bool:
        return self.token_ok(token)

    def _sign_in(self, spec: SiteSpec) -> tuple[str, str]:
        return self.sign_in(spec)

    async def _admit(self, site: str, request: Request) -> Response | None:
        return await self.gate(site, request)

    async def restart(self, name: str) -> None:
        """Pull the image again and restart."""
        self._site(name).restart()

    def lose_mounts(self, name: str) -> None:
        """Restart because a mounted share cannot be reached any more."""
        self._site(name).lose_mounts()

    async def remove(self, name: str) -> None:
        """Stop the site and delete its log; shares stay."""
        async with self._changing:
            if served := self._sites.pop(name, None):
                await served.close()
            shutil.rmtree(self._root / name, ignore_errors=True)

    def state(self, name: str) -> SiteState:
        """Return the state of the site's container."""
        return self._site(name).state

    def instances(self, name: str) -> list[InstanceState]:
        """The instances of the site."""
        site = self._site(name)
        return [
            InstanceState(replace(site.spec, instance=each.number).instance_id, each.state, each.healthy)
            for each in site.instances
        ]

    async def owner(self, address: str, port: int) -> str | None:
        """Return the site that a connection comes from."""
        sites = {name: served.site for name, served in self._sites.items()}

        def look() -> str | None:
            return next((name for name, site in sites.items() if site.has_socket(address, port)), None)

        return await asyncio.to_thread(look)

    def log(self, name: str) -> SiteLog:
        """The site's log."""
        return self._site(name).log

    def _site(self, name: str) -> Site:
        try:
            return self._sites[name].site
        except KeyError:
            raise RuntimeFaultError(f"using web app {name}: it does not exist") from None

    async def stop(self) -> None:
        """Stop all sites; their data is kept."""
        async with self._changing:
            await asyncio.gather(*(served.close() for served in self._sites.values()))
            self._sites.clear()
            await self.identities.stop()


async def _open_gate(_site: str, _request: Request) -> None:
    """Return None: let every request through."""


def _no_credentials(_spec: SiteSpec) -> tuple[str, str]:
    """Return no credentials."""
    return "", ""
