"""The lifecycle of one instance's container: start, readiness, restart, end. The latest specification wins."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx

from mlflow_azure.emulator.runtime.plain_http import plain_client
from mlflow_azure.emulator.runtime.sites.container import Container, ContainerHost, StartError
from mlflow_azure.emulator.runtime.sites.retired import Retired
from mlflow_azure.emulator.runtime.sites.static_site import STATIC_SITE, StaticSite

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlflow_azure.emulator.runtime.sites.site_log import SiteLog
    from mlflow_azure.emulator.runtime.sites.site_quirks import SiteQuirks
    from mlflow_azure.emulator.runtime.sites.under_way import UnderWay
    from mlflow_azure.emulator.runtime.spec import SiteSpec, SiteState

    SignIn = Callable[[SiteSpec], tuple[str, str]]

_LOG = logging.getLogger(__name__)

# The portal and the CLI make several changes in a row: one restart covers them all.
_DEBOUNCE = 0.2
# A request retries a container that failed to start, but not sooner than this.
_RETRY_AFTER = 10.0
# The pause before a restart doubles this many times. There is no source for Azure's seconds;
# logs of containers that keep exiting show that they grow: github.com/runwhen-contrib/rw-cli-codecollection/pull/513.
_DOUBLINGS = 5
# The path that App Service probes on a container; any response will do.
_WARMUP_PATH = "/robots933456.txt"


class Instance:
    """One of the instances of a web app: runs `spec`, from `apply` to `close`.

    `turn` is held from the start of a container until it responds; `under_way` are the open requests of
    containers. `sign_in` returns the user name and password with which a managed identity pulls the image of a
    `SiteSpec`.
    """

    def __init__(
        self,
        number: int,
        spec: SiteSpec,
        turn: asyncio.Lock,
        under_way: UnderWay,
        host: ContainerHost,
        log: SiteLog,
        sign_in: SignIn,
        quirks: SiteQuirks,
    ) -> None:
        self.number = number
        self.spec = spec
        self.log = log
        self.healthy = True
        self._turn = turn
        self._under_way = under_way
        self.state: SiteState
        self.container: Container | None = None
        self._host = host
        self._sign_in = sign_in
        self._quirks = quirks
        self._retired: Retired | None = None
        self._ends_first = False
        self._ended_in_a_row = 0
        self._failed_at = 0.0
        self._changed = asyncio.Event()
        self._settled = asyncio.Event()
        self._worker = asyncio.create_task(self._work())
        self.restart()

    def apply(self, spec: SiteSpec) -> None:
        """Apply a new specification; the container is replaced only if it would differ."""
        replaced = not spec.same_container(self.spec)
        self.spec = spec
        self._ends_first |= not spec.enabled  # even if it is restarted very soon
        if replaced:
            self.restart()

    def restart(self) -> None:
        """Stop the container, pull the image again, and restart."""
        self._ended_in_a_row = 0
        self._begin_anew()

    def lose_mounts(self) -> None:
        """Restart because the container's shares are gone, without which it cannot respond in the meantime."""
        self._ends_first = True
        self.restart()

    def _begin_anew(self) -> None:
        self.state = "Starting"
        self._settled.clear()
        self._changed.set()

    async def serving(self) -> Container | None:
        """Return the container for requests, waiting while one is starting, like App Service's front end.

        None if there is none: the site is stopped, or its container does not start.
        """
        if answering := self.answering:
            return answering
        self.revive()
        with suppress(TimeoutError):
            async with asyncio.timeout(self.spec.start_limit):
                await self._settled.wait()
        return self.container if self.state == "Running" else None

    @property
    def answering(self) -> Container | None:
        """The container that currently handles requests."""
        if self._retired and self._retired.runs:
            return self._retired.container
        return self.container if self.state == "Running" else None

    def revive(self) -> None:
        """Retry a failed start, if that was some time ago."""
        if self.state == "Failed" and time.monotonic() - self._failed_at > _RETRY_AFTER:
            self._begin_anew()

    async def close(self) -> None:
        """Stop the container and everything else of the site."""
        self._worker.cancel()
        await asyncio.gather(self._worker, return_exceptions=True)
        await self._end_retired()

    async def _work(self) -> None:
        while True:
            await self._changed.wait()
            await asyncio.sleep(_DEBOUNCE)
            self._changed.clear()
            life = asyncio.create_task(self._live(self.spec))
            change = asyncio.create_task(self._changed.wait())
            try:
                await asyncio.wait({life, change}, return_when=asyncio.FIRST_COMPLETED)
                await change
            finally:
                life.cancel()
                change.cancel()
                await asyncio.gather(life, change, return_exceptions=True)

    async def _live(self, spec: SiteSpec) -> None:
        if not spec.enabled or not spec.image:
            await self._end_retired()
            self._settle("Stopped")
            return
        if self._ends_first:
            await self._end_retired()
        self._ends_first = answers = False
        try:
            async with self._turn:
                self.container = container = await self._start(spec)
                self._quirks.started(spec.name)
                await self._until_ready(spec, container)
                answers = self.healthy = True
                await self._take_over()
            status = await container.wait()
            answers = False
            self.log.platform(f"Container {container.name} exited with status {status}, restarting it", "ERROR")
            await self._try_again()
        except StartError as error:
            self._fail(spec, str(error))
            await self._end()
            if self._quirks.overlapped_recycling():
                await self._try_again()
        except Exception as error:  # noqa: BLE001 - whatever it is: the site must not stay "Starting" for ever
            _LOG.exception("running web app %s", spec.name)
            self._fail(spec, f"{type(error).__name__}: {error}")
        finally:
            await self._end(retire=answers and self._overlaps)

    @property
    def _overlaps(self) -> bool:
        """Whether the container keeps responding until the next one does; not needed with several instances."""
        return not self._ends_first and (self._quirks.overlapped_recycling() or self.spec.instances > 1)

    async def _try_again(self) -> None:
        """Restart an exited container, immediately or after a growing pause."""
        if self._quirks.overlapped_recycling():
            await self._end()
            self._failed_at = time.monotonic()
            self._settle("Failed")
            doublings = min(self._ended_in_a_row, _DOUBLINGS)
            self._ended_in_a_row += 1
            await asyncio.sleep(self._quirks.restart_pause() * 2**doublings)
        self._begin_anew()

    async def _start(self, spec: SiteSpec) -> Container:
        if spec.broken_mounts:
            # There is no source for what App Service starts then. Here it is nothing, as with a forbidden mount:
            # github.com/projectkudu/kudu/issues/2916.
            raise StartError(f"Mounting {', '.join(spec.broken_mounts)} failed, failing site start")
        if spec.image != STATIC_SITE:
            return await self._host.start(self._signed_in(spec), self.log)
        page = StaticSite(f"{spec.name}_static_{self.number}")
        await page.start()
        return page

    def _signed_in(self, spec: SiteSpec) -> SiteSpec:
        """Return this instance's specification, with current credentials: an identity's expire."""
        spec = replace(spec, instance=self.number)
        if spec.pull_identity is None:
            return spec
        user, password = self._sign_in(spec)
        return replace(spec, registry_username=user, registry_password=password)

    async def _until_ready(self, spec: SiteSpec, container: Container) -> None:
        self.log.platform(f"Initiating warmup request to container {container.name} for site {spec.name}")
        began = time.monotonic()
        ended = asyncio.create_task(container.wait())
        answers = asyncio.create_task(_answers(container.port))
        try:
            await asyncio.wait({ended, answers}, timeout=spec.start_limit, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                raise StartError(f"Container {container.name} for site {spec.name} has exited, failing site start")
            if not answers.done():
                port = spec.app_settings.get("WEBSITES_PORT", "80")
                raise StartError(
                    f"Container {container.name} didn't respond to HTTP pings on port: {port}, failing site start. "
                    "See container logs for debugging."
                )
        finally:
            ended.cancel()
            answers.cancel()
        self.log.platform(
            f"Container {container.name} for site {spec.name} initialized successfully and is ready to serve "
            f"requests, {time.monotonic() - began:.1f} s after its start."
        )

    def _fail(self, spec: SiteSpec, message: str) -> None:
        self.log.platform(message, "ERROR")
        self.log.platform(f"Stopping site {spec.name} because it failed during startup.")
        self._failed_at = time.monotonic()
        self._settle("Failed")

    def _settle(self, state: SiteState) -> None:
        if not self._changed.is_set():  # otherwise this lifecycle is over, and requests wait for the next one
            self.state = state
            self._settled.set()

    async def _end(self, *, retire: bool = False) -> None:
        """Stop the container, or let it respond until the next one does (a stopped or closed site has no next one).

        Azure does that: github.com/MicrosoftDocs/azure-docs/issues/34840.
        """
        container, self.container = self.container, None
        if container and retire:
            self._retired = Retired(container, self._under_way)
        elif container:
            await self._under_way.end(container)

    async def _take_over(self) -> None:
        """Switch requests to the container that responds, then stop the previous one."""
        retired, self._retired = self._retired, None
        self._settle("Running")
        if retired:
            await retired.end()

    async def _end_retired(self) -> None:
        retired, self._retired = self._retired, None
        if retired:
            await retired.end()


async def _answers(port: int) -> None:
    async with plain_client(timeout=10) as client:
        while True:
            with suppress(httpx.HTTPError):
                await client.get(f"http://127.0.0.1:{port}{_WARMUP_PATH}")
                return
            await asyncio.sleep(0.1)
