"""Builds the image with the container engine on this machine and pushes it to the registry."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mlflow_azure.image.docker_build import build
from mlflow_azure.image.docker_engine import connect, talking
from mlflow_azure.image.docker_push import push

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlflow_azure.deadline import Deadline
    from mlflow_azure.events import Report
    from mlflow_azure.image.context import BuildContext
    from mlflow_azure.image.registry_api import RegistryClient


@dataclass
class LocalBuilder:
    """Builds with the engine on this machine.

    Attributes:
        deadline: When to give up.
        build_ca: Certificates (PEM) that the build trusts, those of a proxy that inspects TLS.

    """

    deadline: Deadline
    build_ca: bytes | None = None
    _is_built: bool = field(default=False, init=False)

    def prepare(self, context: BuildContext, report: Report) -> bool:
        """Build `context`, possibly before the registry exists, and return whether it was built.

        Raises:
            ContainerEngineError: There is no engine, or the build failed.
            TimedOutError: The deadline passed.

        """
        with closing(connect()) as engine:
            build(engine, context, _name(context), report, deadline=self.deadline, build_ca=self.build_ca)
        self._is_built = True
        return True

    def __call__(self, client: RegistryClient, context: BuildContext, images: Sequence[str], report: Report) -> None:
        """Store the image of `context` under each of `images`, building it first if necessary.

        Args:
            client: The registry.
            context: The build context.
            images: The names, each as "repository:tag".

        Raises:
            ContainerEngineError: There is no engine, or the build or the push failed.
            AzureRefusedError: The registry does not accept the credentials.
            TimedOutError: The deadline passed.

        """
        first, *others = images
        if not self._is_built:
            self.prepare(context, report)
        with closing(connect()) as engine:
            for image in images:
                with talking(f"tagging {image}"):
                    engine.images.get(_name(context)).tag(f"{client.server}/{image}")
            with talking("removing the image's first name"):
                engine.images.remove(_name(context), noprune=True)
            self._is_built = False
            for image in (*others, first):
                push(engine, client, image, report, deadline=self.deadline)


def _name(context: BuildContext) -> str:
    """Return the name of the image until its registry exists."""
    return f"mlflow-azure:{context.tag}"
