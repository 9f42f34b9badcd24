"""Where the image is built when the user leaves it open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlflow_azure.image.docker_engine import engine_available

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlflow_azure.events import Report
    from mlflow_azure.image.context import BuildContext
    from mlflow_azure.image.registry_api import RegistryClient

    Builder = Callable[[RegistryClient, BuildContext, Sequence[str], Report], None]
    """Builds a context and stores it in a registry, under each of some images ("repository:tag")."""


@dataclass(frozen=True)
class AutomaticBuilder:
    """Builds on this machine if a container engine answers, else in the registry. Asks only when there is a need."""

    local: Callable[[], Builder]
    remote: Builder

    def __call__(self, client: RegistryClient, context: BuildContext, images: Sequence[str], report: Report) -> None:
        """Build and push, as a `Builder` does."""
        available, which = engine_available()
        where = f"on this machine, with {which}" if available else f"in the registry, since here is no engine ({which})"
        report(f"building {where}", None)
        builder = self.local() if available else self.remote
        builder(client, context, images, report)
