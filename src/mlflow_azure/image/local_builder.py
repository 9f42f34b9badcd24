"""Builds the image with the container engine on this machine and pushes it to the registry."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
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


@dataclass(frozen=True)
class LocalBuilder:
    """Builds here.

    Attributes:
        deadline: When to give up.
        build_ca: Certificates (PEM) that the build trusts, those of a proxy that inspects TLS.

    """

    deadline: Deadline
    build_ca: bytes | None = None

    def __call__(self, client: RegistryClient, context: BuildContext, images: Sequence[str], report: Report) -> None:
        """Build `context` and store it under each of `images` ("repository:tag").

        Raises:
            ContainerEngineError: There is no engine, or the build or the push failed.
            AzureRefusedError: The registry does not accept the credentials.
            TimedOutError: The deadline passed.

        """
        first, *others = images
        with closing(connect()) as engine:
            name = f"{client.server}/{first}"
            build(engine, context, name, report, deadline=self.deadline, build_ca=self.build_ca)
            for image in others:
                with talking(f"tagging {image}"):
                    engine.images.get(name).tag(f"{client.server}/{image}")
            for image in (*others, first):
                push(engine, client, image, report, deadline=self.deadline)
