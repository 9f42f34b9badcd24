"""App Service's health check: unhealthy instances leave the rotation until they recover.

https://learn.microsoft.com/azure/app-service/monitor-instances-health-check
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import httpx

from mlflow_azure.emulator.runtime.plain_http import plain_client

if TYPE_CHECKING:
    from mlflow_azure.emulator.runtime.sites.instance import Instance
    from mlflow_azure.emulator.runtime.sites.site import Site
    from mlflow_azure.emulator.runtime.sites.site_quirks import SiteQuirks

# Number of consecutive failed pings: default, minimum and maximum.
_FAILURES, _FEWEST, _MOST = 10, 2, 10
_SETTING = "WEBSITE_HEALTHCHECK_MAXPINGFAILURES"
# A ping without a response within this time has failed.
_PATIENCE = 60.0
# How long a change of the interval or path may go unnoticed.
_STEP = 0.5


class HealthCheck:
    """Pings the instances of a site, if its configuration names a path."""

    def __init__(self, site: Site, quirks: SiteQuirks) -> None:
        self._site = site
        self._quirks = quirks
        self._failed: dict[str, int] = {}  # pings in a row, by the container's name
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop pinging."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        checked = time.monotonic()
        while True:
            await asyncio.sleep(_STEP)
            if time.monotonic() - checked >= self._quirks.health_check_interval():
                checked = time.monotonic()
                await asyncio.gather(*(self._check(instance) for instance in self._site.instances))

    async def _check(self, instance: Instance) -> None:
        container, path = instance.answering, self._site.spec.health_check_path
        if container is None or not path:
            instance.healthy = True
            return
        answer = await self._ping(container.port, path)
        self._failed[container.name] = 0 if answer is None else self._failed.get(container.name, 0) + 1
        healthy = self._failed[container.name] < self._limit()
        if instance.healthy and not healthy:
            self._site.log.platform(f"Container {container.name} is unhealthy: {path} {answer}", "WARN ")
        instance.healthy = healthy

    async def _ping(self, port: int, path: str) -> str | None:
        """Return what is wrong with the response; None if nothing is."""
        url = f"http://127.0.0.1:{port}/{path.lstrip('/')}"
        try:
            async with plain_client(timeout=_PATIENCE, follow_redirects=False) as client:
                response = await client.get(url, headers={"User-Agent": "HealthCheck/1.0"})
        except httpx.HTTPError as error:
            return f"does not respond: {error!r}"
        return None if response.is_success else f"responds with {response.status_code}"

    def _limit(self) -> int:
        setting = self._site.spec.app_settings.get(_SETTING, "")
        return min(max(int(setting), _FEWEST), _MOST) if setting.isdecimal() else _FAILURES
