"""The kinds of node that the engine works on, and their interfaces.

A resource's `read` and `desired` return the same kind of value (a nested mapping of the properties that
we manage), so that comparing the two is enough to know what to do.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from mlflow_azure.engine.compare import UNKNOWN
from mlflow_azure.errors import AzureRefusedError
from mlflow_azure.events import Action, Report

__all__ = ["Check", "Given", "Node", "Properties", "Removable", "Report", "Resource", "Task"]

Properties = Mapping[str, Any]

HIDDEN: Properties = {"hidden": True}
"""The outputs of a resource that exists, but whose outputs the user is not allowed to see."""


class Node(ABC):
    """A step of a plan.

    Attributes:
        kind: Its kind, such as "storage account".
        name: Its name.
        needs: Nodes whose outputs this one uses.
        after: Nodes that merely have to be done before this one is written.

    """

    kind: str

    def __init__(self, name: str, *, needs: tuple[Node, ...] = (), after: tuple[Node, ...] = ()) -> None:
        self.name = name
        self.needs = needs
        self.after = after

    @property
    def key(self) -> str:
        """Identifies the node within its stack."""
        return f"{self.kind}/{self.name}"

    def __repr__(self) -> str:
        return f"{self.kind} {self.name}"


class Given:
    """The outputs of the nodes that a node needs. Those of a missing resource are UNKNOWN."""

    def __init__(self, outputs: Mapping[Node, Properties | None]) -> None:
        self._outputs = outputs

    def __call__(self, node: Node, output: str) -> Any:
        """One output of `node`; UNKNOWN while the node does not exist.

        Raises:
            AzureRefusedError: The user is not allowed to see it.

        """
        outputs = self._outputs[node]
        if outputs is HIDDEN:
            raise AzureRefusedError(
                f"reading {output} of {node}: not allowed", hint="mlflow-azure doctor", code="AuthorizationFailed"
            )
        return UNKNOWN if outputs is None else outputs[output]


class Resource(Node):
    """Something that exists or should exist.

    Attributes:
        parent: The resource it is part of: it cannot exist without the parent, and is deleted with it.
        fixed: Properties (dotted paths) that cannot be changed later, with the setting for each.
        ignored: Properties (dotted paths) that are written with every change, but are not a reason for one.
        changing_outputs: Outputs that an update changes unpredictably.
        shown_by: Resources that cannot exist without this one. If one of them exists, this one is not read.
        shown: Its state in that case.
        contested: Whether several commands write it as a whole, so that one may undo another's write.
        implied: Whether a new parent comes with it in its desired state, so that there is nothing to do or show.

    """

    fixed: ClassVar[Mapping[str, str]] = {}
    ignored: ClassVar[frozenset[str]] = frozenset()
    changing_outputs: ClassVar[tuple[str, ...]] = ()
    shown: ClassVar[Properties] = {}
    contested: ClassVar[bool] = False
    implied: ClassVar[bool] = False

    def __init__(
        self,
        name: str,
        *,
        parent: Resource | None = None,
        needs: tuple[Node, ...] = (),
        after: tuple[Node, ...] = (),
    ) -> None:
        super().__init__(name, needs=needs, after=after)
        self.parent = parent
        self.shown_by: list[Resource] = []

    @property
    @abstractmethod
    def id(self) -> str:
        """The resource's id, chosen by us, so that resuming means running again."""

    @abstractmethod
    def read(self, given: Given) -> Properties | None:
        """Return the live resource; None if it does not exist."""

    @abstractmethod
    def desired(self, given: Given) -> Properties:
        """Return the desired state. Values that depend on a missing resource are UNKNOWN."""

    @abstractmethod
    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        """Create the resource and return it as `read` would."""

    @abstractmethod
    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        """Change the live resource, just read, to the desired state, keeping everything else it has."""

    def check_before_create(self, given: Given) -> None:
        """Check before any write that it can be created. Raises MlflowAzureError."""

    def mark(self) -> str:
        """If contested, return the mark of the last command that wrote it or its kind. See turns.py."""
        return ""

    def leave_mark(self, mark: str) -> None:
        """Leave a mark."""

    def outputs(self, live: Properties) -> Properties:
        """Return the outputs for the resources that need this one."""
        return live

    def is_ours(self, live: Properties) -> bool:
        """Whether the live resource may be changed without `--adopt`. Parts belong to their parent."""
        return True

    def state(self, live: Properties) -> str:
        """Return the state of the live resource for `status`, in one word."""
        return str(live.get("provisioningState", "Succeeded"))


class Removable(Resource):
    """A resource of a feature that can be turned off again.

    Attributes:
        wanted: Whether it should exist. If not, it is deleted.

    """

    wanted: bool = True

    @abstractmethod
    def delete(self, live: Properties) -> None:
        """Delete the live resource. It is not an error if it is already gone."""


class Check(Node):
    """A step of every deploy that changes nothing, but makes sure that the result works."""

    @abstractmethod
    def run(self, given: Given, report: Report) -> None:
        """Return when it works; raise otherwise."""


class Task(Node):
    """A step that is not an Azure resource, and finds out by itself whether there is anything to do.

    Attributes:
        action: What it does, for display, until it reports what it did.
        ahead: Whether it only works ahead for the resources after it, and is skipped if they are kept.

    """

    action: ClassVar[Action] = Action.CHECK
    ahead: bool = False

    @abstractmethod
    def run(self, given: Given, report: Report) -> Action:
        """Do it, and return what was done."""
