"""The interface between multi-step operations and their caller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mlflow_azure.events import Event, Warned

T = TypeVar("T")


class Dialog(Protocol):
    """Shows progress, and asks questions."""

    @property
    def agreed_beforehand(self) -> bool:
        """Whether everything was agreed to beforehand."""

    def wait(self, work: Callable[[], T]) -> T:
        """Return the result of a blocking call, within the deadline."""

    def watch(self, events: Iterable[Event]) -> None:
        """Show progress until the events end or raise."""

    def note(self, message: str) -> None:
        """Print a note."""

    def warn(self, warnings: Iterable[Warned]) -> None:
        """Print warnings."""

    def require_consent(self, question: str) -> None:
        """Continue only with the user's consent. Raises SettingsError."""
