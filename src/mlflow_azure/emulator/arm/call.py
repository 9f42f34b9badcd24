"""A request to Resource Manager as the resource providers see it, and what they answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm import arm_errors

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body
    from mlflow_azure.emulator.arm.world import World
    from mlflow_azure.emulator.faults import Fault
    from mlflow_azure.emulator.operations import Operation


@dataclass(frozen=True)
class Answer:
    """An answer: a JSON body (or none, or text that is sent as it is) with a status and headers."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"


Handler = Callable[["Call"], Awaitable[Answer]]


@dataclass
class Call:
    """One request.

    Attributes:
        world: All that the emulator holds.
        method: "GET", "PUT", …
        template: Path of the route, with Azure's spelling and `{parameters}`.
        params: What stands in the path for each parameter.
        query: Query parameters, their names in lower case.
        body: The JSON object that was sent; empty where none was.
        base_url: What the client addressed: "https://localhost:20000".
        principal: Claims of the caller's token.
        handler: What answers it.
        fault: The fault that it suffers.
        began: Whether it started a long-running operation.

    """

    world: World
    method: str
    template: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: Body
    base_url: str
    handler: Handler
    principal: Mapping[str, Any] = field(default_factory=dict)
    fault: Fault | None = None
    began: bool = False

    def __getitem__(self, parameter: str) -> str:
        return self.params[parameter]

    @property
    def path(self) -> str:
        """The path as Azure spells it."""
        return self.template.format_map(self.params)

    @property
    def id(self) -> str:
        """Id of the resource that the request is about: its path, or that of the resource an action is called on."""
        parts = self.path.split("/")
        return "/".join(parts[: len(parts) - self._action_length])

    @property
    def type(self) -> str:
        """Type of that resource: "Microsoft.Web/sites/config"."""
        return resource_type(self.template)

    @property
    def is_collection(self) -> bool:
        """Whether the path names a collection, not one resource."""
        return "/providers/" in self.template and self._action_length == 1

    @property
    def _action_length(self) -> int:
        """How many segments at the end of the path are no part of a resource id."""
        below_provider = self.template.rpartition("/providers/")[2].split("/")[1:]
        return len(below_provider) % 2

    @property
    def parent(self) -> str:
        """Id of the resource that this one lies in."""
        return self.id.rpartition("/")[0].rpartition("/")[0]

    def resource(self) -> Body:
        """The resource that the request is about.

        Raises:
            ArmError: It does not exist.

        """
        body = self.world.resources.find(self.id)
        if body is None:
            raise self.not_found()
        return body

    def not_found(self) -> arm_errors.ArmError:
        """The refusal for a resource that does not exist."""
        return arm_errors.resource_not_found(self.type, self.id.rpartition("/")[2], self.params.get("group", ""))

    @property
    def failure(self) -> Fault | None:
        """The fault that lets the operation of this request fail."""
        return self.fault if self.fault and self.fault.kind == "operation-failed" else None

    async def begin(self, resource: str, effect: str) -> Operation:
        """Start a long-running operation on the resource with this id, whose end has the named effect."""
        self.began = True
        timing = self.world.latency.timing(self.method, self.type)
        failure = (self.failure.code, self.failure.message) if self.failure else None
        return await self.world.operations.start(resource, effect, timing, self.world.latency.reads, failure)

    def link(self, path: str) -> str:
        """The URL of `path` (which begins with a slash), with the API version that the client uses."""
        joint = "&" if "?" in path else "?"
        return f"{self.base_url}{path}{joint}api-version={self.query.get('api-version', '')}"


@dataclass(frozen=True)
class Endpoint:
    """A route: which handler answers which method and path.

    Attributes:
        reference: URL of the documentation of the operation; empty where what it answers is assumed.
        lacks: What Azure does on this request, and the emulator does not.

    """

    method: str
    template: str
    handler: Handler
    reference: str = ""
    lacks: str = ""


class Endpoints(list[Endpoint]):
    """The routes of one module, collected by a decorator.

    Args:
        reference: URL of the documentation of these operations.

    """

    def __init__(self, reference: str = "") -> None:
        super().__init__()
        self.reference = reference

    def on(
        self, method: str, template: str, *, lacks: str = "", reference: str | None = None
    ) -> Callable[[Handler], Handler]:
        """Let the decorated function answer `method` on `template`.

        Args:
            method: "GET", "PUT", …
            template: The path, with `{parameters}`.
            lacks: What Azure does on this request, and the emulator does not.
            reference: URL of its documentation where that is another one than the module's; empty where there is none.

        """

        def collect(handler: Handler) -> Handler:
            self.append(Endpoint(method, template, handler, self.reference if reference is None else reference, lacks))
            return handler

        return collect


def resource_type(template: str) -> str:
    """The resource type that a route is about: what stands at every second place after its provider."""
    if "/providers/" not in template:
        return "Microsoft.Resources/resourceGroups" if "{group}" in template else "Microsoft.Resources/subscriptions"
    namespace, *segments = template.rpartition("/providers/")[2].split("/")
    return "/".join([namespace, *segments[: len(segments) - len(segments) % 2 : 2]])


def collection_type(template: str) -> str:
    """The resource type that a route lists: like `resource_type`, with the segment at the end that has no name."""
    namespace, *segments = template.rpartition("/providers/")[2].split("/")
    return "/".join([namespace, *segments[::2]])
