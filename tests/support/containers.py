"""Containers of the MLflow image, run as App Service runs them."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.mlflow_server import MlflowServer

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

VARIABLES = {
    "MLFLOW_SERVER_HOST": "0.0.0.0",
    "MLFLOW_SERVER_PORT": "5000",
    "MLFLOW_SERVER_WORKERS": "1",
    "MLFLOW_SERVER_FILE_STORE": "/mlruns/mlruns",
    "MLFLOW_SERVER_DEFAULT_ARTIFACT_ROOT": "wasbs://mlflow@account.blob.core.windows.net/mlartefacts",
    "AZURE_STORAGE_CONNECTION_STRING": "AccountName=account;AccountKey=a2V5",
}


def names(engine: DockerClient) -> set[str]:
    """The tags and digests of the images, without a look at each, which another process may remove meanwhile."""
    kinds = ("RepoTags", "RepoDigests")
    return {name for image in engine.api.images() for kind in kinds for name in image[kind] or []}


@dataclass
class ServerContainer(MlflowServer):
    """A container that serves."""

    container: Container

    def execute(self, *command: str) -> str:
        """The output of a command in the container, which must succeed."""
        status, output = self.container.exec_run(list(command))
        assert status == 0, output
        assert isinstance(output, bytes)
        return output.decode()

    def ssh(self, command: str, password: str = "Docker!") -> subprocess.CompletedProcess[str]:
        """Run a command over the container's sshd."""
        published = self.container.ports["2222/tcp"]
        assert published
        port = published[0]["HostPort"]
        _wait_for_sshd(int(port))
        with tempfile.TemporaryDirectory() as directory:
            ask = Path(directory, "ask")
            ask.write_text('#!/bin/sh\necho "$PASSWORD"\n')
            ask.chmod(0o700)
            options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "NumberOfPasswordPrompts=1"]
            options.append("LogLevel=ERROR")
            return subprocess.run(
                ["ssh", "-F", "none", *(f"-o{option}" for option in options), "-p", port, "root@127.0.0.1", command],
                env={
                    "PATH": "/usr/bin:/bin",
                    "SSH_ASKPASS": str(ask),
                    "SSH_ASKPASS_REQUIRE": "force",
                    "PASSWORD": password,
                },
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )


def _wait_for_sshd(port: int) -> None:
    """It starts in the background; until then the engine takes connections and drops them."""
    while True:
        with suppress(ConnectionError), socket.create_connection(("127.0.0.1", port)) as connection:
            if connection.recv(8) == b"SSH-2.0-":
                return
        time.sleep(0.1)


class Containers:
    """Runs containers of `image`; `name` is the prefix of what it makes."""

    def __init__(self, engine: DockerClient, image: str, name: str) -> None:
        self._engine = engine
        self._image = image
        self._name = name
        self._containers: list[Container] = []

    @property
    def volume(self) -> str:
        """A named volume, gone after the test."""
        return f"{self._name}-volume"

    def run(
        self, *, without: tuple[str, ...] = (), environment: dict[str, str] | None = None, **options: Any
    ) -> Container:
        """A container that was started, whether or not it serves."""
        variables = {**VARIABLES, **(environment or {})}
        container = self._engine.containers.run(
            self._image,
            detach=True,
            environment={name: value for name, value in variables.items() if name not in without},
            **({"ports": {"5000/tcp": ("127.0.0.1", 0), "2222/tcp": ("127.0.0.1", 0)}} | options),
        )
        self._containers.append(container)
        return container

    def serve(self, **options: Any) -> ServerContainer:
        """A container that answers."""
        return self.serving(self.run(**options))

    def serving(self, container: Container) -> ServerContainer:
        """A container that was started, when it answers."""
        container.reload()
        variables = dict(entry.split("=", 1) for entry in container.attrs["Config"]["Env"])
        port = variables["MLFLOW_SERVER_PORT"]
        published = container.ports.get(f"{port}/tcp")
        server = ServerContainer(int(published[0]["HostPort"] if published else port), container)

        def alive() -> bool:
            container.reload()
            return container.status == "running"

        assert server.wait_until_ready(alive), container.logs().decode()
        return server

    def remove(self) -> None:
        for container in self._containers:
            container.remove(force=True, v=True)
        for volume in self._engine.volumes.list(filters={"name": self._name}):
            volume.remove()
