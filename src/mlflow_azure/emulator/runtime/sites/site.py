"""One web app: as many instances as its plan has machines, and which of them answers a request."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mlflow_azure.emulator.runtime.sites.health_check import HealthCheck
from mlflow_azure.emulator.runtime.sites.instance import Instance
from mlflow_azure.emulator.runtime.sites.under_way import UnderWay

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from mlflow_azure.emulator.runtime.sites.container import Container, ContainerHost
    from mlflow_azure.emulator.runtime.sites.instance import SignIn
    from mlflow_azure.emulator.runtime.sites.site_log import SiteLog
    from mlflow_azure.emulator.runtime.sites.site_quirks import SiteQuirks
    from mlflow_azure.emulator.runtime.spec import SiteSpec, SiteState

# The state of a web app is the first of these that one of its instances is in.
_PRECEDENCE: tuple[SiteState, ...] = ("Running", "Starting", "Failed")


class Site:
    """Runs what `spec` says, from `apply` to `close`.

    `sign_in` gives the user name and password with which a managed identity pulls the image of a `SiteSpec`.
    """

    def __init__(self, spec: SiteSpec, host: ContainerHost, log: SiteLog, sign_in: SignIn, quirks: SiteQuirks) -> None:
        self.spec = spec
        self.log = log
        self.instances: list[Instance] = []
        self._made_of = (host, log, sign_in, quirks)
        self.under_way = UnderWay()
        self._turn = asyncio.Lock()  # instances start one after the other: while one does, the others answer
        self._rotation = 0
        self._leaving: set[asyncio.Task[None]] = set()
        self._scale()
        self._health = HealthCheck(self, quirks)

    @property
    def state(self) -> SiteState:
        """What the site is doing: it runs where one instance does."""
        states = {instance.state for instance in self.instances}
        return next((state for state in _PRECEDENCE if state in states), "Stopped")

    def has_socket(self, address: str, port: int) -> bool:
        """Whether a connection of one of its containers goes out from this address and port."""
        containers = {each for instance in self.instances for each in (instance.container, instance.answering)}
        return any(each.has_socket(address, port) for each in containers if each)

    @property
    def container(self) -> Container | None:
        """A container of the site: what the SSH tunnel leads to."""
        return next((instance.container for instance in self.instances if instance.container), None)

    def apply(self, spec: SiteSpec) -> None:
        """Take a new wish; containers are replaced only when they would be others."""
        self.spec = spec
        for instance in self.instances:
            instance.apply(spec)
        self._scale()

    def restart(self) -> None:
        """End the containers, pull the image again, start anew."""
        for instance in self.instances:
            instance.restart()

    def lose_mounts(self) -> None:
        """Start anew because a share that the containers mount cannot be reached any more."""
        for instance in self.instances:
            instance.lose_mounts()

    async def serving(self, tried: AbstractSet[str] = frozenset()) -> Container | None:
        """The container that answers a request, each in its turn; waits while all are starting.

        None when there is none: the site is stopped, its containers do not start, or each was `tried` (their names).
        """
        for instance in self.instances:
            instance.revive()
        answering = [each for each in self._in_rotation() if each.name not in tried]
        if answering:
            self._rotation += 1
            return answering[self._rotation % len(answering)]
        started = await self._first_to_serve()
        return started if started and started.name not in tried else None

    async def close(self) -> None:
        """End the containers and everything else of the site."""
        await self._health.close()
        await asyncio.gather(*(instance.close() for instance in self.instances), *self._leaving)

    def _scale(self) -> None:
        """Have as many instances as are wanted; one that is too many ends behind this."""
        for number in range(len(self.instances), self.spec.instances):
            self.instances.append(Instance(number, self.spec, self._turn, self.under_way, *self._made_of))
        while len(self.instances) > self.spec.instances:
            task = asyncio.create_task(self.instances.pop().close())
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    def _in_rotation(self) -> list[Container]:
        """The containers that requests go to: of the unhealthy instances at most half of all leave it, and never all.

        https://learn.microsoft.com/azure/app-service/monitor-instances-health-check
        """
        healthy: list[Container] = []
        unhealthy: list[Container] = []
        for instance in self.instances:
            if instance.answering:
                (healthy if instance.healthy else unhealthy).append(instance.answering)
        return healthy + unhealthy[len(self.instances) // 2 :] if healthy else unhealthy

    async def _first_to_serve(self) -> Container | None:
        waiting = {asyncio.create_task(instance.serving()) for instance in self.instances}
        try:
            while waiting:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    if container := task.result():
                        return container
            return None
        finally:
            for task in waiting:
                task.cancel()
