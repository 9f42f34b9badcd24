"""One web app: one instance per machine of its plan, and the choice of the instance for a request."""

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

# The state of a web app is the first of these in which one of its instances is.
_PRECEDENCE: tuple[SiteState, ...] = ("Running", "Starting", "Failed")


class Site:
    """Runs `spec`, from `apply` to `close`.

    `sign_in` returns the user name and password with which a managed identity pulls the image of a `SiteSpec`.
    """

    def __init__(self, spec: SiteSpec, host: ContainerHost, log: SiteLog, sign_in: SignIn, quirks: SiteQuirks) -> None:
        self.spec = spec
        self.log = log
        self.instances: list[Instance] = []
        self._made_of = (host, log, sign_in, quirks)
        self.under_way = UnderWay()
        self._turn = asyncio.Lock()  # instances start one after the other: while one does, the others respond
        self._rotation = 0
        self._leaving: set[asyncio.Task[None]] = set()
        self._scale()
        self._health = HealthCheck(self, quirks)

    @property
    def state(self) -> SiteState:
        """The state of the site, which runs if any instance does."""
        states = {instance.state for instance in self.instances}
        return next((state for state in _PRECEDENCE if state in states), "Stopped")

    def has_socket(self, address: str, port: int) -> bool:
        """Whether one of its containers has a connection from this address and port."""
        containers = {each for instance in self.instances for each in (instance.container, instance.answering)}
        return any(each.has_socket(address, port) for each in containers if each)

    @property
    def container(self) -> Container | None:
        """A container of the site, for the SSH tunnel."""
        return next((instance.container for instance in self.instances if instance.container), None)

    def apply(self, spec: SiteSpec) -> None:
        """Apply a new specification; containers are replaced only if they would differ."""
        self.spec = spec
        for instance in self.instances:
            instance.apply(spec)
        self._scale()

    def restart(self) -> None:
        """Stop the containers, pull the image again, and restart."""
        for instance in self.instances:
            instance.restart()

    def lose_mounts(self) -> None:
        """Restart because a mounted share cannot be reached any more."""
        for instance in self.instances:
            instance.lose_mounts()

    async def serving(self, tried: AbstractSet[str] = frozenset()) -> Container | None:
        """Return the container for a request, round-robin, waiting while all are starting.

        None if there is none: the site is stopped, its containers do not start, or each was `tried` (their names).
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
        """Stop the containers and everything else of the site."""
        await self._health.close()
        await asyncio.gather(*(instance.close() for instance in self.instances), *self._leaving)

    def _scale(self) -> None:
        """Adjust the number of instances; surplus ones stop in the background."""
        for number in range(len(self.instances), self.spec.instances):
            self.instances.append(Instance(number, self.spec, self._turn, self.under_way, *self._made_of))
        while len(self.instances) > self.spec.instances:
            task = asyncio.create_task(self.instances.pop().close())
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    def _in_rotation(self) -> list[Container]:
        """Return the containers in rotation: unhealthy instances leave it, but at most half of all instances.

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
