"""The web app ("site" in Azure's API): where it runs and how it is reached."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from mlflow_azure.azure.refusals import doing
from mlflow_azure.resources import arm
from mlflow_azure.resources.availability import refuse_taken
from mlflow_azure.resources.tagged import TaggedResource, merged_tags
from mlflow_azure.resources.web.writes import when_free

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.engine.node import Given, Node, Properties, Report
    from mlflow_azure.resources.user_assigned_identity import UserAssignedIdentity
    from mlflow_azure.resources.web.app_service_plan import AppServicePlan


RUNNING = "Running"
SUBNET = "virtualNetworkSubnetId"
PLACEHOLDER = "mcr.microsoft.com/appsvc/staticsite:latest"
"""The portal's placeholder image for a new web app: no source says that Azure accepts a container web app without
an image (azure-cli always sets one too)."""
_VAULT_IDENTITY = "keyVaultReferenceIdentity"


class WebApp(TaggedResource):
    """A Linux container web app, over HTTPS only.

    It is created with a placeholder image: this takes 20 to 60 seconds, and needs neither registry nor storage account.
    Its configuration sets what it runs (site_config.py and the files next to it).

    Args:
        identity: Whether it gets a system-assigned identity. It keeps an existing one.
        assigned: An additional managed identity for it.
        labels: Additional tags.
        starts: Whether it should run. Otherwise a stopped one stays stopped, until StartedSite.
        vault: Whether App Service reads its Key Vault secrets as `assigned`.
        subnet: Id of the subnet that connects it to a virtual network; None leaves that unchanged. Only traffic to
            private addresses goes there: https://learn.microsoft.com/azure/app-service/overview-vnet-integration
        after: Nodes created before it, in addition to plan and identity.

    """

    kind = "web app"
    type = "Microsoft.Web/sites"
    fixed: ClassVar[Mapping[str, str]] = {**TaggedResource.fixed}

    def __init__(
        self,
        azure: Azure,
        name: str,
        *,
        plan: AppServicePlan,
        identity: bool = False,
        assigned: UserAssignedIdentity | None = None,
        labels: Mapping[str, str] = MappingProxyType({}),
        starts: bool = True,
        vault: bool = False,
        subnet: str | None = None,
        after: tuple[Node, ...] = (),
    ) -> None:
        before = (plan, *((assigned,) if assigned else ()), *after)
        super().__init__(azure, name, group=plan.group, location=plan.location, provider=plan.provider, after=before)
        self.plan = plan
        self.identity = identity
        self.assigned = assigned
        self.labels = labels
        self.starts = starts
        self._reader = {_VAULT_IDENTITY: assigned.id} if assigned and vault else {}
        self.subnet = subnet

    @property
    def tags(self) -> dict[str, str]:
        return {**super().tags, **self.labels}

    def read(self, given: Given) -> Properties | None:
        live = arm.get(str(self), lambda: self.azure.web.web_apps.get(*self.where))
        if live and arm.same_id(live["properties"].get("serverFarmId"), self.plan.id):
            live["properties"]["serverFarmId"] = self.plan.id
        for name, identity in self._reader.items():
            if live and arm.same_id(live["properties"].get(name), identity):
                live["properties"][name] = identity
        if live and live["properties"].get(SUBNET):
            live["properties"][SUBNET] = live["properties"][SUBNET].lower()  # Azure's case of it varies
        return live and _with_identity(live)

    def desired(self, given: Given) -> Properties:
        """Region, tags, plan, HTTPS only, running; MLflow keeps no sessions, so no client affinity."""
        return {
            "location": self.location,
            "tags": self.tags,
            **self._identities(),
            "properties": {
                "serverFarmId": self.plan.id,
                "httpsOnly": True,
                "clientAffinityEnabled": False,
                **self._reader,
                **({"state": RUNNING} if self.starts else {}),
                **({SUBNET: self.subnet.lower()} if self.subnet else {}),
            },
        }

    def _identities(self) -> dict[str, Any]:
        own = {"systemAssigned": True} if self.identity else {}
        others = {"assigned": {self.assigned.id.lower(): True}} if self.assigned else {}
        return {"identity": {**own, **others}} if own or others else {}

    def check_before_create(self, given: Given) -> None:
        check = self.azure.web.check_name_availability
        refuse_taken(self, given, "WEB_APP_NAME", lambda: check({"name": self.name, "type": "Site"}))

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        config = {"linuxFxVersion": f"DOCKER|{PLACEHOLDER}"}
        wanted = {**desired, "properties": {**desired["properties"], "siteConfig": config}}
        return self._put(f"creating {self}", {**wanted, "kind": "app,linux,container"}, {}, report)

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        """Change what differs. What a PUT omits stays, except for tags."""
        tags = merged_tags(live, desired)
        updated = self._put(f"updating {self}", {**desired, "kind": live.get("kind"), "tags": tags}, live, report)
        if not self.starts or updated["properties"].get("state") == RUNNING:
            return updated
        with doing(f"starting {self}"):
            self.azure.web.web_apps.start(*self.where)
        return {**updated, "properties": {**updated["properties"], "state": RUNNING}}

    def _put(self, what: str, wanted: Properties, live: Properties, report: Report) -> Properties:
        # `state` cannot be written: a site is started and stopped by separate requests.
        properties = {name: value for name, value in wanted["properties"].items() if name != "state"}
        body = {**wanted, "properties": properties}
        if "identity" in wanted:
            body["identity"] = _identity(wanted["identity"], live.get("identity", {}))
        azure, write = self.azure, self.azure.web.web_apps.begin_create_or_update
        with doing(what):
            begin = lambda: write(*self.where, arm.sent(body), polling=azure.polling())  # noqa: E731
            return _with_identity(arm.body(azure.wait(when_free(azure, begin, report))))

    def outputs(self, live: Properties) -> Properties:
        """The site's addresses and identity.

        host, scm_host and url, with the names returned by Azure; hosts, all of its names, that one first; principal_id
        of its system-assigned identity, or None.
        """
        properties = live["properties"]
        host = properties["defaultHostName"]
        return {
            "host": host,
            "hosts": [host, *sorted(name for name in properties.get("hostNames") or () if name != host)],
            "scm_host": scm_host(properties),
            "url": f"{self.azure.cloud.site_scheme}://{host}",
            "principal_id": live["identity"].get("principalId"),
        }

    def state(self, live: Properties) -> str:
        return str(live["properties"].get("state"))


def leave_network(azure: Azure, group: str, name: str) -> None:
    """Disconnect a web app from its virtual network, which otherwise could not be deleted after it.

    https://learn.microsoft.com/azure/app-service/overview-vnet-integration, on deleting an app before disconnecting it
    """
    from azure.core.exceptions import ResourceNotFoundError

    with doing(f"disconnecting web app {name} from its network"):
        try:
            when_free(azure, lambda: azure.web.web_apps.delete_swift_virtual_network(group, name))
        except ResourceNotFoundError:
            return


def scm_host(properties: Properties) -> str | None:
    """Return the host name of the site's SCM (Kudu) site."""
    for binding in properties.get("hostNameSslStates") or ():
        if binding.get("hostType") == "Repository":
            return str(binding["name"])
    return None


def _with_identity(live: dict[str, Any]) -> Properties:
    """Return the site, with its identity as mappings instead of Azure's text: "SystemAssigned, UserAssigned"."""
    identity = live.get("identity") or {}
    assigned = {each.lower(): True for each in identity.get("userAssignedIdentities") or {}}
    own = "SystemAssigned" in str(identity.get("type"))
    return {**live, "identity": {**identity, "systemAssigned": own, "assigned": assigned}}


def _identity(wanted: Properties, live: Properties) -> dict[str, Any]:
    """Return the identities to write: the desired ones, and those that the site has."""
    own = wanted.get("systemAssigned") or live.get("systemAssigned")
    had = {each.lower(): each for each in live.get("userAssignedIdentities") or {}}
    others = {**dict.fromkeys(had.values()), **{each: None for each in wanted.get("assigned", {}) if each not in had}}
    types = [name for name, has in (("SystemAssigned", own), ("UserAssigned", others)) if has]
    identity: dict[str, Any] = {"type": ", ".join(types)}
    return {**identity, "userAssignedIdentities": {each: {} for each in others}} if others else identity
