"""How work of several steps talks to whoever began it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mlflow_azure.events import Event, Warned

T = TypeVar("T")


class Dialog(Protocol):
    """Tells what is done, and asks on the way."""

    @property
    def agreed_beforehand(self) -> bool:
        """Whether nobody is asked, since all was agreed to when the work was begun."""

    def wait(self, work: Callable[[], T]) -> T:
        """The result of what blocks, within the deadline."""

    def watch(self, events: Iterable[Event]) -> None:
        """Show what is done, until its events end or raise."""

    def note(self, message: str) -> None:
        """Tell something in passing."""

    def warn(self, warnings: Iterable[Warned]) -> None:
        """Tell what does not stop the work."""

    def require_consent(self, question: str) -> None:
        """Go on only where the user agrees. Raises SettingsError."""
