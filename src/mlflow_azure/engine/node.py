"""The kinds of node that the engine works on, and what it asks of each.

What a resource's `read` and `desired` answer with speaks the same vocabulary (a nested mapping of the properties that
we care for), so that comparing the two is enough to know what to do.
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
"""The outputs of a resource that exists, but whose outputs this user may not see."""


class Node(ABC):
    """A step of what is to be done.

    Attributes:
        kind: What it is: "storage account".
        name: Its name.
        needs: Nodes whose outputs this one uses.
        after: Nodes that only have to be done before this one is written.

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
    """The outputs of the nodes that a node needs. What does not exist yet has only unknown outputs."""

    def __init__(self, outputs: Mapping[Node, Properties | None]) -> None:
        self._outputs = outputs

    def __call__(self, node: Node, output: str) -> Any:
        """One output of `node`; UNKNOWN while the node does not exist.

        Raises:
            AzureRefusedError: The user may not see it.

        """
        outputs = self._outputs[node]
        if outputs is HIDDEN:
            raise AzureRefusedError(
                f"reading {output} of {node}: not allowed", hint="mlflow-azure doctor", code="AuthorizationFailed"
            )
        return UNKNOWN if outputs is None else outputs[output]


class Resource(Node):
    """Something that exists, or is to exist.

    Attributes:
        parent: The resource that it lives in: without the parent it cannot exist, and it goes with the parent.
        fixed: Properties (dotted paths) that nobody can change later, and the setting that says each.
        ignored: Properties (dotted paths) that are written with every change, but are no reason for one.
        changing_outputs: Outputs that an update changes in a way that is not known before.
        shown_by: Resources that cannot exist without this one. Where one of them does, this one is not asked for.
        shown: How this one is then.
        contested: Whether several commands write it, each as a whole, so that one may undo what another wrote.
        implied: Whether a new parent is made with it as it should be, so that there is nothing to do, or to tell.

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
        """The resource's id, chosen by us: so resuming is running again."""

    @abstractmethod
    def read(self, given: Given) -> Properties | None:
        """The live resource; None where it does not exist."""

    @abstractmethod
    def desired(self, given: Given) -> Properties:
        """How the resource should be. UNKNOWN stands where only a resource that does not exist yet can tell."""

    @abstractmethod
    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        """Make the resource and return it as `read` would."""

    @abstractmethod
    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        """Change the live resource, read just now, so that it has what is desired, keeping what else it has."""

    def check_before_create(self, given: Given) -> None:
        """Refuse what could not be made, before anything is written. Raises MlflowAzureError."""

    def mark(self) -> str:
        """Where it is contested: the mark of the last command that wrote it, or its like. See turns.py."""
        return ""

    def leave_mark(self, mark: str) -> None:
        """Leave a mark there."""

    def outputs(self, live: Properties) -> Properties:
        """What the resources that need this one are given."""
        return live

    def is_ours(self, live: Properties) -> bool:
        """Whether the live resource may be changed without the user's word. Parts of a resource go with it."""
        return True

    def state(self, live: Properties) -> str:
        """One word on the live resource for `status`."""
        return str(live.get("provisioningState", "Succeeded"))


class Removable(Resource):
    """A resource that belongs to something that can be switched off again.

    Attributes:
        wanted: Whether it is to exist. What is not wanted is deleted where it exists.

    """

    wanted: bool = True

    @abstractmethod
    def delete(self, live: Properties) -> None:
        """Delete the live resource. One that is gone by now is no error."""


class Check(Node):
    """A step that changes nothing and is part of every deploy: it makes sure that the result works."""

    @abstractmethod
    def run(self, given: Given, report: Report) -> None:
        """Return when it works; raise otherwise."""


class Task(Node):
    """A step that is no resource of Azure's: it finds out by itself whether there is anything to do.

    Attributes:
        action: What it does, in the words of a console, until it says what it did.
        ahead: Whether it only works ahead for the resources that come after it, and is not done where they are kept.

    """

    action: ClassVar[Action] = Action.CHECK
    ahead: bool = False

    @abstractmethod
    def run(self, given: Given, report: Report) -> Action:
        """Do it, and return what was done."""
