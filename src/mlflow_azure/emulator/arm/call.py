"""A request to Resource Manager as the resource providers see it, and their response."""

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
    """A response: a JSON body (or none, or verbatim text) with status and headers."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"


Handler = Callable[["Call"], Awaitable[Answer]]


@dataclass
class Call:
    """One request.

    Attributes:
        world: The state of the emulator.
        method: "GET", "PUT", …
        template: Path of the route, with Azure's spelling and `{parameters}`.
        params: The values of the parameters in the path.
        query: Query parameters, their names in lower case.
        body: The JSON object in the request; empty if there is none.
        base_url: What the client addressed: "https://localhost:20000".
        principal: Claims of the caller's token.
        handler: Its handler.
        fault: The fault injected into it.
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
        """The path in Azure's spelling."""
        return self.template.format_map(self.params)

    @property
    def id(self) -> str:
        """Id of the request's resource: its path, or that of the resource on which an action is called."""
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
        """Number of segments at the end of the path that are not part of a resource id."""
        below_provider = self.template.rpartition("/providers/")[2].split("/")[1:]
        return len(below_provider) % 2

    @property
    def parent(self) -> str:
        """Id of the parent resource."""
        return self.id.rpartition("/")[0].rpartition("/")[0]

    def resource(self) -> Body:
        """Return the request's resource.

        Raises:
            ArmError: It does not exist.

        """
        body = self.world.resources.find(self.id)
        if body is None:
            raise self.not_found()
        return body

    def not_found(self) -> arm_errors.ArmError:
        """Return the error for a missing resource."""
        return arm_errors.resource_not_found(self.type, self.id.rpartition("/")[2], self.params.get("group", ""))

    @property
    def failure(self) -> Fault | None:
        """The fault that makes this request's operation fail."""
        return self.fault if self.fault and self.fault.kind == "operation-failed" else None

    async def begin(self, resource: str, effect: str, *, polled: bool = True) -> Operation:
        """Start a long-running operation on the resource, with the named effect at its end.

        Args:
            polled: Whether it takes the polls that were ordered; otherwise the first one may find it done.

        """
        self.began = True
        timing = self.world.latency.timing(self.method, self.type)
        failure = (self.failure.code, self.failure.message) if self.failure else None
        reads = self.world.latency.reads if polled else 0
        return await self.world.operations.start(resource, effect, timing, reads, failure)

    def link(self, path: str) -> str:
        """Return the URL of `path` (which begins with a slash), with the client's API version."""
        joint = "&" if "?" in path else "?"
        return f"{self.base_url}{path}{joint}api-version={self.query.get('api-version', '')}"


@dataclass(frozen=True)
class Endpoint:
    """A route: the handler for a method and path.

    Attributes:
        reference: URL of the operation's documentation; empty if its response is assumed.
        lacks: What Azure does for this request and the emulator does not.

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
        """Register the decorated function for `method` on `template`.

        Args:
            method: "GET", "PUT", …
            template: The path, with `{parameters}`.
            lacks: What Azure does for this request and the emulator does not.
            reference: URL of its documentation if different from the module's; empty if there is none.

        """

        def collect(handler: Handler) -> Handler:
            self.append(Endpoint(method, template, handler, self.reference if reference is None else reference, lacks))
            return handler

        return collect


def resource_type(template: str) -> str:
    """Return a route's resource type: every second segment after its provider."""
    if "/providers/" not in template:
        return "Microsoft.Resources/resourceGroups" if "{group}" in template else "Microsoft.Resources/subscriptions"
    namespace, *segments = template.rpartition("/providers/")[2].split("/")
    return "/".join([namespace, *segments[: len(segments) - len(segments) % 2 : 2]])


def collection_type(template: str) -> str:
    """Return the resource type listed by a route: like `resource_type`, with the last segment, which has no name."""
    namespace, *segments = template.rpartition("/providers/")[2].split("/")
    return "/".join([namespace, *segments[::2]])
