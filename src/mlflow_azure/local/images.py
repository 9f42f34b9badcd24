"""The images of a local run: each is named after its build context, and built unless the engine has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlflow_azure.engine.node import Given, Report, Task
from mlflow_azure.events import Action
from mlflow_azure.image.docker_build import build
from mlflow_azure.image.docker_engine import talking

if TYPE_CHECKING:
    from docker import DockerClient

    from mlflow_azure.deadline import Deadline
    from mlflow_azure.image.context import BuildContext


@dataclass(frozen=True)
class Builder:
    """Builds with the engine.

    Attributes:
        engine: The container engine.
        deadline: When to give up.
        build_ca: Certificates (PEM) that the build trusts, such as those of a proxy that inspects TLS.

    """

    engine: DockerClient
    deadline: Deadline
    build_ca: bytes | None

    def __call__(self, name: str, context: BuildContext, report: Report) -> Action:
        """Make sure that the engine has the image `name`, built from `context`.

        Raises:
            ContainerEngineError: The build failed.
            TimedOutError: The deadline passed.

        """
        if self._has(name):
            return Action.KEEP
        build(self.engine, context, name, report, deadline=self.deadline, build_ca=self.build_ca)
        return Action.CREATE

    def _has(self, name: str) -> bool:
        from docker.errors import ImageNotFound

        with talking(f"looking for image {name}"):
            try:
                self.engine.images.get(name)
            except ImageNotFound:
                return False
            return True


class Image(Task):
    """The image of the server, the same as a deploy pushes."""

    kind = "image"

    def __init__(self, repository: str, context: BuildContext, builder: Builder) -> None:
        super().__init__(f"{repository}:{context.tag}")
        self.context = context
        self.builder = builder

    def run(self, given: Given, report: Report) -> Action:
        """Build it unless it exists."""
        return self.builder(self.name, self.context, report)
