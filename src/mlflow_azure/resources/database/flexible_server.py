"""The PostgreSQL flexible server: experiments, runs, models and traces of MLflow 3.

https://learn.microsoft.com/azure/postgresql/flexible-server/overview
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Unpack

from mlflow_azure.azure.refusals import AGAIN, doing
from mlflow_azure.engine.compare import UNKNOWN, differences
from mlflow_azure.errors import MlflowAzureError
from mlflow_azure.resources import arm
from mlflow_azure.resources.availability import refuse_taken
from mlflow_azure.resources.database.capacity import refuse_unavailable
from mlflow_azure.resources.database.writes import when_free
from mlflow_azure.resources.network.virtual_network import DATABASE
from mlflow_azure.resources.tagged import TaggedResource, merged_tags
from mlflow_azure.settings.fitting import postgres_tier

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.engine.node import Given, Properties, Report
    from mlflow_azure.resources.network.private_dns_zone import PrivateDnsZone
    from mlflow_azure.resources.network.virtual_network import VirtualNetwork
    from mlflow_azure.resources.tagged import Place

READY, STOPPED = "Ready", "Stopped"
WORKING = frozenset({"Provisioning", "Starting", "Stopping", "Restarting", "Updating"})
"""Transient states: ServerState of the REST API."""
POLL_SECONDS = 5.0
_PUBLIC = {"publicNetworkAccess": "Enabled"}
_SUBNET = "delegatedSubnetResourceId"
_AT_CREATION = {
    "createMode": "Create",
    "backup": {"backupRetentionDays": 7, "geoRedundantBackup": "Disabled"},
    "highAvailability": {"mode": "Disabled"},
}
"""Properties that its owner may change later, and that a deploy then leaves alone."""


class FlexibleServer(TaggedResource):
    """A server without passwords: only Microsoft Entra identities have accounts.

    Args:
        sku: Its size: "B1ms".
        storage: Its disk in GiB. A disk can only grow, manually or automatically; a larger one is accepted.
        version: The PostgreSQL version of a new server. An existing server keeps its own: an upgrade is
            its owner's decision.
        zone: For a server without a public address, the private DNS zone of its name.
        network: And the network of its address. Neither can be added or removed later.

    """

    kind = "PostgreSQL server"
    type = "Microsoft.DBforPostgreSQL/flexibleServers"
    fixed: ClassVar[Mapping[str, str]] = {**TaggedResource.fixed, f"properties.network.{_SUBNET}": "PRIVATE_NETWORK"}

    def __init__(
        self,
        azure: Azure,
        name: str,
        *,
        sku: str,
        storage: int,
        version: str,
        zone: PrivateDnsZone | None = None,
        network: VirtualNetwork | None = None,
        **place: Unpack[Place],
    ) -> None:
        super().__init__(azure, name, **place, after=(zone, network) if zone and network else ())
        self.sku = sku
        self.storage = storage
        self.version = version
        self._private = (
            {
                "publicNetworkAccess": "Disabled",
                _SUBNET: network.subnet(DATABASE),
                "privateDnsZoneArmResourceId": zone.id,
            }
            if zone and network
            else None
        )

    def read(self, given: Given) -> Properties | None:
        live = arm.get(str(self), lambda: self.azure.postgres.servers.get(*self.where))
        return live and self._as_wanted(live)

    def _as_wanted(self, live: dict[str, Any]) -> Properties:
        """Return the server, with a sufficiently large disk shown as the desired size, and its subnet in lower case."""
        storage = live["properties"].get("storage") or {}
        size = storage.get("storageSizeGB") or 0
        enough = {**storage, "storageSizeGB": min(size, self.storage)}
        network = dict(live["properties"].get("network") or {})
        if network.get(_SUBNET):
            network[_SUBNET] = network[_SUBNET].lower()  # Azure's case of it varies
        return {**live, "properties": {**live["properties"], "storage": enough, "network": network}}

    def desired(self, given: Given) -> Properties:
        """Region, tags, size, disk, running, no passwords."""
        return {
            "location": self.location,
            "tags": self.tags,
            "sku": {"name": f"Standard_{self.sku}", "tier": postgres_tier(self.sku)},
            "properties": {
                "state": READY,
                "authConfig": {"activeDirectoryAuth": "Enabled", "passwordAuth": "Disabled"},
                "storage": {"storageSizeGB": self.storage},
                **({"network": {_SUBNET: self._private[_SUBNET].lower()}} if self._private else {}),
            },
        }

    def check_before_create(self, given: Given) -> None:
        check = self.azure.postgres.name_availability.check_globally
        refuse_taken(self, given, "POSTGRES_SERVER_NAME", lambda: check({"name": self.name, "type": self.type}))

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        """Create the server, which takes 5 to 15 minutes, while everything else continues."""
        wanted = desired["properties"]
        properties = {
            **_AT_CREATION,
            "network": self._private or _PUBLIC,
            "version": self.version,
            "authConfig": {**wanted["authConfig"], "tenantId": self.azure.tenant_id},
            "storage": {**wanted["storage"], "autoGrow": "Enabled"},
        }
        refuse_unavailable(self)  # its provider may not have been registered during planning
        report("this takes Azure 5 to 15 minutes", None)
        body = {**desired, "properties": properties}
        servers = self.azure.postgres.servers
        with doing(f"creating {self}"):
            begin = lambda: servers.begin_create_or_update(*self.where, arm.sent(body))  # noqa: E731
            return self._as_wanted(arm.body(when_free(self.azure, begin, report)))

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        """Start it if it is stopped, wait until it is ready, and change what differs."""
        ready = self._ready(live, given, report)
        changes = {key: value for key, value in desired.items() if key != "location"}
        changes["properties"] = {
            key: value
            for key, value in desired["properties"].items()
            if key != "state" and differences({key: value}, ready["properties"])
        }
        if not differences({**changes, "tags": self.tags}, ready):
            return ready
        body = {**changes, "tags": merged_tags(ready, desired)}
        servers = self.azure.postgres.servers
        with doing(f"updating {self}"):
            begin = lambda: servers.begin_update(*self.where, arm.sent(body))  # noqa: E731
            when_free(self.azure, begin, report)
        return self._live(given)

    def _ready(self, live: Properties, given: Given, report: Report) -> Properties:
        """Return the server once it is ready: an earlier run's operation may be in progress."""
        if live["properties"].get("state") == STOPPED:
            report("starting it", None)
            with doing(f"starting {self}"):
                when_free(self.azure, lambda: self.azure.postgres.servers.begin_start(*self.where), report)

        def ready() -> Properties | None:
            found = self._live(given)
            state = found["properties"].get("state")
            if state == READY:
                return found
            if state not in WORKING | {STOPPED}:
                raise MlflowAzureError(
                    f"waiting for {self}: it is {state}",
                    hint=f"See why in the portal (Resource health). {AGAIN}",
                    code="ServerNotReady",
                )
            report(f"it is {state}", None)
            return None

        return self.azure.deadline.poll(ready, every=POLL_SECONDS)

    def _live(self, given: Given) -> Properties:
        live = self.read(given)
        if live is None:
            raise MlflowAzureError(f"waiting for {self}: it is gone", hint=AGAIN, code="ServerNotReady")
        return live

    @staticmethod
    def is_private(live: Properties) -> bool:
        """Whether a live server has its address in a virtual network."""
        return bool((live["properties"].get("network") or {}).get(_SUBNET))

    def outputs(self, live: Properties) -> Properties:
        """host, as returned by Azure; state."""
        properties = live["properties"]
        host = properties.get("fullyQualifiedDomainName")
        return {"host": host or UNKNOWN, "state": properties.get("state")}

    def state(self, live: Properties) -> str:
        return str(live["properties"].get("state"))
