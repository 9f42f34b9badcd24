"""Chooses where the image is built if the user does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlflow_azure.image.builder import BuilderAhead
from mlflow_azure.image.docker_engine import engine_available

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlflow_azure.events import Report
    from mlflow_azure.image.builder import Builder
    from mlflow_azure.image.context import BuildContext
    from mlflow_azure.image.registry_api import RegistryClient


@dataclass
class AutomaticBuilder:
    """Builds on this machine if a container engine responds, otherwise in the registry. Checks only when needed."""

    local: Callable[[], BuilderAhead]
    remote: Builder
    _chosen: Builder | None = None

    def prepare(self, context: BuildContext, report: Report) -> bool:
        """Build here ahead of time; False if it will be built in the registry."""
        builder = self._choose(report)
        return isinstance(builder, BuilderAhead) and builder.prepare(context, report)

    def __call__(self, client: RegistryClient, context: BuildContext, images: Sequence[str], report: Report) -> None:
        """Build and push, see Builder."""
        self._choose(report)(client, context, images, report)

    def _choose(self, report: Report) -> Builder:
        if self._chosen is None:
            available, which = engine_available()
            here, there = f"on this machine, with {which}", f"in the registry, since there is no engine here ({which})"
            report(f"building {here if available else there}", None)
            self._chosen = self.local() if available else self.remote
        return self._chosen
