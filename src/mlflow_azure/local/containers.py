"""The containers of a local run: created, kept or replaced as needed, and removed together.

They and their network carry a label with the run's name; anything without it is someone else's, and left alone.
Data is kept in named volumes, which are not removed.
"""

from __future__ import annotations

import hashlib
import io
import json
import socket
import tarfile
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from mlflow_azure.errors import ContainerEngineError, InterruptedByUserError
from mlflow_azure.events import Action
from mlflow_azure.image.docker_engine import talking

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from docker import DockerClient
    from docker.models.containers import Container
    from docker.models.networks import Network

RUN_LABEL = "mlflow-azure.local-run"
SPEC_LABEL = "mlflow-azure.spec"
LOOPBACK = "127.0.0.1"
STOP_SECONDS = 10
"""Seconds that `docker stop` gives a container to exit."""
_PORT_TAKEN = ("port is already allocated", "address already in use", "ports are not available")


@dataclass(frozen=True)
class ContainerSpec:
    """The desired state of a container.

    Attributes:
        name: Its name, which is also its host name in the run's network.
        image: Name or id of its image.
        volume: Name of the volume with its data; None if it has none.
        mount_point: Where the volume is mounted.
        container_port: The port it listens on.
        port: Its port on this machine's loopback; None if only the run's containers access it.
        environment: Its environment variables, which may contain secrets.
        uses_proxy: Whether it gets the proxy of Docker's configuration, for internet access.

    """

    name: str
    image: str
    volume: str | None
    mount_point: str
    container_port: int
    port: int | None
    environment: Mapping[str, str] = field(repr=False)
    uses_proxy: bool

    @property
    def fingerprint(self) -> str:
        """A stable hash of the container that does not reveal the secrets."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


class Containers:
    """The containers of the local run `name`."""

    def __init__(self, engine: DockerClient, name: str) -> None:
        self.engine = engine
        self.name = name
        self.changed = False
        """Whether any container was created or replaced."""
        self._changing = threading.Lock()
        self._closed = False
        self._wanted: set[str] = set()

    def find(self, name: str) -> Container | None:
        """Return the container of that name, if it exists and is ours.

        Raises:
            ContainerEngineError: It is someone else's.

        """
        from docker.errors import NotFound

        with talking(f"looking for container {name}"):
            try:
                found = self.engine.containers.get(name)
            except NotFound:
                return None
        if found.labels.get(RUN_LABEL) != self.name:
            raise ContainerEngineError(
                f"looking for container {name}: it exists, but was not created by local-run",
                hint="Choose another name: mlflow-azure local-run --name NAME",
                code="NameInUse",
            )
        return found

    def ensure(self, spec: ContainerSpec) -> Action:
        """Make sure that the container runs as desired.

        Raises:
            ContainerEngineError: Its name or port is in use, or the engine refuses.
            InterruptedByUserError: The run is being removed.

        """
        with self._changing:  # so that `remove` sees what was created
            if self._closed:
                raise InterruptedByUserError(
                    f"starting container {spec.name}: the run was stopped", hint="Run it again: mlflow-azure local-run"
                )
            self._wanted.add(spec.name)
            found = self.find(spec.name)
            if found and found.status == "running" and found.labels.get(SPEC_LABEL) == spec.fingerprint:
                return Action.KEEP
            if found:
                self._end(found)
            if spec.port is not None and is_used(spec.port):
                raise port_in_use(spec.port)
            self.changed = True
            self._start(spec)
            return Action.REPLACE if found else Action.CREATE

    def _start(self, spec: ContainerSpec) -> None:
        self._ensure_network()
        with talking(f"creating container {spec.name}"):
            container = self.engine.containers.create(
                spec.image,
                name=spec.name,
                hostname=spec.name,
                environment=dict(spec.environment),
                labels={RUN_LABEL: self.name, SPEC_LABEL: spec.fingerprint},
                network=self.name,
                ports={} if spec.port is None else {f"{spec.container_port}/tcp": (LOOPBACK, spec.port)},
                volumes={} if spec.volume is None else {spec.volume: {"bind": spec.mount_point, "mode": "rw"}},
                use_config_proxy=spec.uses_proxy,
            )
        try:
            if spec.volume is not None:
                with talking(f"mounting volume {spec.volume}"):
                    container.put_archive("/", _writable_directory(spec.mount_point))
            with talking(f"starting container {spec.name}"):
                container.start()
        except ContainerEngineError as error:
            with suppress(ContainerEngineError), talking(f"removing container {spec.name}"):
                container.remove(force=True)
            if spec.port is not None and any(words in error.message.lower() for words in _PORT_TAKEN):
                raise port_in_use(spec.port) from error
            raise

    def _ensure_network(self) -> None:
        if next(self._networks(), None) is None:
            with talking(f"creating network {self.name}"):
                self.engine.networks.create(self.name, driver="bridge", labels={RUN_LABEL: self.name})

    def _networks(self) -> Iterator[Network]:
        with talking(f"looking for network {self.name}"):
            found = self.engine.networks.list(filters={"label": f"{RUN_LABEL}={self.name}"})
        yield from found

    def remove_others(self) -> None:
        """Stop and remove the run's containers that this process did not ensure; their data is kept.

        Raises:
            ContainerEngineError: The engine refuses.

        """
        with self._changing:
            for container in self._all():
                if container.name not in self._wanted:
                    self._end(container)

    def _all(self) -> list[Container]:
        with talking(f"looking for the containers of {self.name}"):
            return self.engine.containers.list(
                all=True, filters={"label": f"{RUN_LABEL}={self.name}"}, ignore_removed=True
            )

    def remove(self) -> bool:
        """Stop and remove all containers and their network; return whether there were any.

        Raises:
            ContainerEngineError: The engine refuses.

        """
        with self._changing:
            self._closed = True
            containers = self._all()
            networks = list(self._networks())
            for container in sorted(containers, key=lambda found: str(found.name)):  # the server before its storage
                self._end(container)
            for network in networks:
                with talking(f"removing network {self.name}"):
                    network.remove()
            return bool(containers or networks)

    def _end(self, container: Container) -> None:
        from docker.errors import NotFound

        with talking(f"stopping container {container.name}"), suppress(NotFound):
            container.stop(timeout=STOP_SECONDS)
            container.remove(force=True)


def published_port(container: Container, container_port: int) -> int | None:
    """Return the port on this machine that is mapped to a port of the container, running or not."""
    bindings = container.attrs["HostConfig"]["PortBindings"] or {}
    published = bindings.get(f"{container_port}/tcp")
    return int(published[0]["HostPort"]) if published else None


def is_used(port: int) -> bool:
    """Whether a program listens on the port of this machine. The engine, which binds it, has the final say."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0


def port_in_use(port: int) -> ContainerEngineError:
    """Return the error for a port in use."""
    return ContainerEngineError(
        f"publishing the server on {LOOPBACK}:{port}: the port is already in use",
        hint=f"Stop the program that uses it, or choose another port: mlflow-azure local-run --port {port + 1}",
        code="PortInUse",
    )


def _writable_directory(path: str) -> bytes:
    """Return a tar with one world-writable directory, like a file share mounted by App Service."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        entry = tarfile.TarInfo(path.strip("/"))
        entry.type = tarfile.DIRTYPE
        entry.mode = 0o777
        tar.addfile(entry)
    return buffer.getvalue()
