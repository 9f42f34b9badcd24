"""The state of one emulator, for the request handlers."""

from __future__ import annotations

import uuid
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm.resources import Body, Resources
from mlflow_azure.emulator.background import Background
from mlflow_azure.emulator.cloud_differences import CLOUDS
from mlflow_azure.emulator.directory import Directory
from mlflow_azure.emulator.faults import Faults
from mlflow_azure.emulator.latency import Latency
from mlflow_azure.emulator.operations import Operations
from mlflow_azure.emulator.quirks import Quirks
from mlflow_azure.emulator.task_blobs import TaskBlobs
from mlflow_azure.emulator.tokens import TokenError, TokenIssuer

if TYPE_CHECKING:
    from mlflow_azure.emulator.home import Home
    from mlflow_azure.emulator.ports import Ports
    from mlflow_azure.emulator.runtime import Runtime, TlsMaterial
    from mlflow_azure.emulator.state import State

# Audiences of Resource Manager's tokens in Azure's clouds: the emulator replaces any of them.
RESOURCE_MANAGERS = (
    "https://management.azure.com",
    "https://management.core.windows.net",
    "https://management.usgovcloudapi.net",
    "https://management.core.usgovcloudapi.net",
    "https://management.chinacloudapi.cn",
    "https://management.core.chinacloudapi.cn",
)
CONTAINER_REGISTRY = "https://containerregistry.azure.net"
STORAGE = "https://storage.azure.com"
# Providers that every subscription has from its first day.
ALWAYS_REGISTERED = ("Microsoft.Resources", "Microsoft.Authorization", "Microsoft.PolicyInsights")

_KEPT_REQUESTS = 20_000


@dataclass
class Identity:
    """The principals that can sign in, and their audiences."""

    tenant_id: str
    subscription_id: str
    client_id: str
    client_secret: str
    object_id: str


@dataclass
class World:
    """The emulated Azure: its state, and the runtime behind it.

    Attributes:
        url: Its URL: "https://localhost:20000".
        requests: The requests to Resource Manager and Graph since they were last cleared, oldest first.
        busy: Ids of web apps with a write in progress.

    """

    home: Home
    url: str
    state: State
    ports: Ports
    tokens: TokenIssuer
    identity: Identity
    runtime: Runtime
    tls: TlsMaterial
    faults: Faults = field(default_factory=Faults)
    quirks: Quirks = field(default_factory=Quirks)
    requests: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=_KEPT_REQUESTS))
    busy: set[str] = field(default_factory=set)
    background: Background = field(default_factory=Background)

    def __post_init__(self) -> None:
        self.resources = Resources(self.state.section("resources"))
        self.operations = Operations(self.state.section("operations"))
        self.latency = Latency(self.state.section("latency"))
        self.directory = Directory(self.state.section("directory"), self.identity.tenant_id)
        self.directory.introduce(self.identity.client_id, self.identity.object_id)
        self.choose_cloud(self.settings.get("cloud", {}))
        self.task_blobs = TaskBlobs(self.home.task_blobs, self.url)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the control interface: providers, names, quota, permissions, policies, subscriptions."""
        return self.state.section("settings")

    def names_taken(self, kind: str) -> set[str]:
        """Return the names of one kind ("storage", "registry", "site", "postgres") that are taken by others."""
        return {name.lower() for name in self.settings.get("names", {}).get(kind, [])}

    def subscriptions(self) -> list[dict[str, Any]]:
        """The subscriptions visible to the caller."""
        own = {"subscriptionId": self.identity.subscription_id, "displayName": "Emulator", "state": "Enabled"}
        subscriptions: list[dict[str, Any]] = self.settings.get("subscriptions", [own])
        return subscriptions

    def tenant_of(self, subscription: str) -> str:
        """Return the tenant of a subscription: the emulator's own, unless another `tenantId` was set."""
        known = {each["subscriptionId"].lower(): each for each in self.subscriptions()}
        return str(known.get(subscription.lower(), {}).get("tenantId") or self.identity.tenant_id)

    def tenants(self) -> list[str]:
        """The tenants that the caller can sign in to: the emulator's own, and those of its subscriptions."""
        others = [self.tenant_of(each["subscriptionId"]) for each in self.subscriptions()]
        return list(dict.fromkeys([self.identity.tenant_id, *others]))

    def group(self, subscription: str, name: str) -> Body | None:
        """Return a resource group; None if it does not exist."""
        return self.resources.find(f"/subscriptions/{subscription}/resourceGroups/{name}")

    def permissions(self) -> dict[str, Any]:
        """The caller's permissions, as set (see `access`), and its rights in the directory."""
        rules: dict[str, Any] = self.settings.get("permissions", {"actions": ["*"], "notActions": []})
        return rules

    def directory_rights(self) -> str:
        """The caller's rights in the directory: "none", "read" or "write" (all)."""
        return str(self.permissions().get("graph", "write"))

    def choose_cloud(self, order: dict[str, Any]) -> None:
        """Behave like the given cloud, or like none.

        Raises:
            ValueError: There is none of that name.

        """
        name = order.get("name")
        if name is not None and name not in CLOUDS:
            raise ValueError(f"name must be one of {', '.join(CLOUDS)}")
        self.settings["cloud"] = order
        self.tokens.issuer_of_cloud = CLOUDS[name].issuer if name else self.url

    def principal_of(self, token: str, audiences: frozenset[str]) -> str | None:
        """Return the object id of a token's principal, for one of `audiences`; None if the token is not valid."""
        try:
            return str(self.tokens.verify(token, audiences)["oid"])
        except TokenError:
            return None

    def may_operate_sites(self, token: str) -> bool:
        """Whether a token is accepted by the web apps' SCM sites."""
        cloud = CLOUDS[self.settings["cloud"].get("name", "public")]
        audiences = either_spelling(cloud.kudu)
        if cloud.kudu_takes_arm_tokens and not self.quirks.ordered.kudu_refuses_arm_tokens:
            audiences |= self.audiences
        return self.principal_of(token, audiences) == self.identity.object_id

    def knows_principal(self, object_id: str) -> bool:
        """Whether the directory has a principal with this object id, the identity of a web app for example."""
        identities = [each.get("identity", {}).get("principalId") for each in self.resources]
        return object_id in identities or self.directory.principal(object_id) is not None

    @property
    def audiences(self) -> frozenset[str]:
        """The accepted audiences of tokens for Resource Manager."""
        return either_spelling(self.url, *RESOURCE_MANAGERS)

    @property
    def graph_audiences(self) -> frozenset[str]:
        """The accepted audiences for Microsoft Graph; the public cloud's is accepted in all."""
        chosen = self.settings["cloud"].get("name", "public")
        return either_spelling(CLOUDS["public"].graph, CLOUDS[chosen].graph)

    @property
    def database_audiences(self) -> frozenset[str]:
        """The accepted audiences for PostgreSQL servers; the public cloud's is accepted in all."""
        chosen = self.settings["cloud"].get("name", "public")
        return either_spelling(CLOUDS["public"].postgres, CLOUDS[chosen].postgres)

    def registration(self, namespace: str) -> str:
        """Return the registration state of a resource provider, for example "Registered"."""
        if namespace in ALWAYS_REGISTERED:
            return "Registered"
        states = {name.lower(): state for name, state in self.settings.get("providers", {}).items()}
        return str(states.get(namespace.lower(), "NotRegistered"))


def either_spelling(*audiences: str) -> frozenset[str]:
    """Return audiences with and without a trailing slash: clients use both."""
    return frozenset(spelled for audience in audiences for spelled in (audience, audience + "/"))


def identity_of(state: State, home: Home) -> Identity:
    """Return the identity of this state, created if it is new."""
    section = state.section("identity")
    section.setdefault("subscription_id", home.subscription_id)
    for name in ("tenant_id", "client_id", "client_secret", "object_id"):
        section.setdefault(name, str(uuid.uuid4()))
    return Identity(**section)
