"""Guards resources that several commands write as a whole, and for which Azure has no ETag.

Each command leaves a mark after all of its writes of this kind, and only then reads them again:

    look at the mark, read, write, look at the mark; …; leave a new mark; read again what was written

If one of two commands undoes the other's write, one of them notices. If the other writes before this one has read
again, this one finds its own write missing. If it writes later, it looked at the mark before this one left its own
(since it had already read the state it overwrites), and finds a different one after its write.
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
    """The turn of one command.

    Attributes:
        first: The mark found at its start; None if it writes nothing contested.

    """

    first: str | None = None
    _seen: dict[Resource, str] = field(default_factory=dict)

    def begin(self, resource: Resource) -> None:
        """Call before the resource is read for a write."""
        self._seen[resource] = resource.mark()

    def end(self, resource: Resource) -> None:
        """Call after the write. Raises MlflowAzureError if another command finished in the meantime."""
        if resource.mark() != self._seen[resource]:
            raise MlflowAzureError(
                f"{resource}: another command finished while this one was writing, and may be partly undone",
                hint="Run both again, one after the other; each picks up from there. To see the state: "
                "mlflow-azure status",
                code="ChangedMeanwhile",
            )

    def leave(self, resource: Resource) -> bool:
        """Leave the mark; return whether another command finished since the first look."""
        others = self.first is not None and resource.mark() != self.first
        resource.leave_mark(uuid.uuid4().hex)
        return others


def changed_by_someone(changed: Mapping[str, Iterable[str]]) -> MlflowAzureError:
    """Return the error for resources, with their paths, that changed since they were read or written."""
    what = "; ".join(f"{name} ({', '.join(paths)})" for name, paths in changed.items())
    return MlflowAzureError(
        f"{what}: changed by someone else, perhaps another command, while this one was running",
        hint="Check its state: mlflow-azure status. Then run the command again; it picks up from there.",
        code="ChangedMeanwhile",
    )


def refuse_to_undo(resource: Resource, desired: Properties, before: Properties, now: Properties) -> None:
    """Raise if a value to be written changed between two reads."""
    had = {found.path: found.before for found in differences(desired, before)}
    changed = [found.path for found in differences(desired, now) if had.get(found.path, ...) != found.before]
    if changed:
        raise changed_by_someone({str(resource): changed})
