"""Guards what several commands write, each as a whole, and Azure has no ETag for that a write could insist on.

Each command leaves a mark once it has written all that it writes of this kind, and only then reads it again:

    look at the mark, read, write, look at the mark; …; leave a new mark; read again what was written

Of two commands one of which undoes what the other wrote, one notices. Where the other writes before this one has read
again, this one misses what it wrote. Where it writes later, it looked at the mark before this one left its own (it had
read by then what is undone), and finds another one after its write.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mlflow_azure.engine.compare import differences
from mlflow_azure.errors import MlflowAzureError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mlflow_azure.engine.node import Properties, Resource


@dataclass
class Turn:
    """One command's.

    Attributes:
        first: What it found at its start; None where it writes nothing that others write.

    """

    first: str | None = None
    _seen: dict[Resource, str] = field(default_factory=dict)

    def begin(self, resource: Resource) -> None:
        """Call before it is read for a write."""
        self._seen[resource] = resource.mark()

    def end(self, resource: Resource) -> None:
        """Call after the write. Raises MlflowAzureError where another command was done meanwhile."""
        if resource.mark() != self._seen[resource]:
            raise MlflowAzureError(
                f"{resource}: another command finished while this one was writing, and may be partly undone",
                hint="Run both again, one after the other; each picks up from there. To see the state: "
                "mlflow-azure status",
                code="ChangedMeanwhile",
            )

    def leave(self, resource: Resource) -> bool:
        """Leave the mark; whether another command was done since the first look."""
        others = self.first is not None and resource.mark() != self.first
        resource.leave_mark(uuid.uuid4().hex)
        return others


def changed_by_someone(changed: Mapping[str, Iterable[str]]) -> MlflowAzureError:
    """What someone is told whose command found something else than it read, or than it wrote: the paths by resource."""
    what = "; ".join(f"{name} ({', '.join(paths)})" for name, paths in changed.items())
    return MlflowAzureError(
        f"{what}: changed by someone else, perhaps another command, while this one was running",
        hint="Check its state: mlflow-azure status. Then run the command again; it picks up from there.",
        code="ChangedMeanwhile",
    )


def refuse_to_undo(resource: Resource, desired: Properties, before: Properties, now: Properties) -> None:
    """Raise where someone changed what is to be written between two reads of it."""
    had = {found.path: found.before for found in differences(desired, before)}
    changed = [found.path for found in differences(desired, now) if had.get(found.path, ...) != found.before]
    if changed:
        raise changed_by_someone({str(resource): changed})
