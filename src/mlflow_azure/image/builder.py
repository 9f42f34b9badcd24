"""The interface of image builders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from mlflow_azure.events import Report
    from mlflow_azure.image.context import BuildContext
    from mlflow_azure.image.registry_api import RegistryClient

Builder = Callable[["RegistryClient", "BuildContext", Sequence[str], "Report"], None]
"""Builds a context and stores it in a registry, under each of several names ("repository:tag")."""


@runtime_checkable
class BuilderAhead(Protocol):
    """A builder that can build before the registry exists."""

    def __call__(self, client: RegistryClient, context: BuildContext, images: Sequence[str], report: Report) -> None:
        """See Builder."""

    def prepare(self, context: BuildContext, report: Report) -> bool:
        """Build what a later call stores; False if nothing can be done ahead of time."""
