"""Runs `mlflow-azure local-run` with a name and a port of a test's own."""

from __future__ import annotations

import subprocess
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.runtime.listener import free_port
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docker import DockerClient
    from docker.models.containers import Container

    from tests.support.command import Command, Result

LARGE_ARTIFACT = Path(__file__).with_name("large_artifact_1_5_0.py")


@dataclass
class LocalRuns:
    """Local runs of one name. They use the image that the other tests have built."""

    cli: Command
    engine: DockerClient
    repository: str
    base_image: str
    name: str = field(default_factory=lambda: f"mlflow-test-{uuid.uuid4().hex[:8]}")
    port: int = field(default_factory=free_port)

    @property
    def arguments(self) -> list[str]:
        return [
            "local-run",
            *("--name", self.name),
            *("--port", str(self.port)),
            *("--docker-image-name", self.repository),
            *("--docker-base-image", self.base_image),
            *("--output", "json"),
        ]

    def __call__(self, *arguments: str, **environ: str) -> Result:
        return self.cli(*self.arguments, *arguments, **environ)

    def follow(self, *arguments: str) -> subprocess.Popen[str]:
        """A run in the foreground, when its server answers and its log is followed."""
        running = self.cli.start(*self.arguments, *arguments)
        assert running.stderr is not None
        while line := running.stderr.readline():
            if "Listening at" in line:
                return running
        raise AssertionError(running.communicate())

    def container(self, part: str = "") -> Container:
        return self.engine.containers.get(self.name + part)

    @property
    def left(self) -> list[str]:
        """The containers and networks that there are of this name."""
        containers = self.engine.containers.list(all=True, ignore_removed=True)
        networks = self.engine.networks.list()
        names = [*(str(each.name) for each in containers), *(str(each.name) for each in networks)]
        return [name for name in names if name.startswith(self.name)]

    @property
    def volumes(self) -> set[str]:
        return {volume.name.removeprefix(self.name) for volume in self.engine.volumes.list(filters={"name": self.name})}

    def environment(self, part: str = "") -> dict[str, str]:
        """The environment that a container was given."""
        return dict(entry.split("=", 1) for entry in self.container(part).attrs["Config"]["Env"])

    def clean(self) -> None:
        self.cli("local-run", "--stop", "--name", self.name)
        for volume in self.engine.volumes.list(filters={"name": self.name}):
            volume.remove()


def large_artifact(image_bin: Path, environment: Mapping[str, Any], *arguments: str) -> str:
    """Log a run with a large artifact, or check the run of that id; what was printed."""
    done = subprocess.run(
        [image_bin / "python", LARGE_ARTIFACT, *arguments],
        env={"PATH": str(image_bin), **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def wait_until_answering(url: str) -> None:
    import requests

    def answers() -> bool:
        try:
            return requests.get(url, timeout=60).ok
        except requests.RequestException:
            return False

    wait_until(answers)
