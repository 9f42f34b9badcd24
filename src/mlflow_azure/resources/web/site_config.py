"""The web app's configuration: its image, and its protection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlflow_azure.azure.refusals import doing
from mlflow_azure.engine.compare import UNKNOWN
from mlflow_azure.engine.node import Given
from mlflow_azure.engine.turns import changed_by_someone
from mlflow_azure.resources import arm
from mlflow_azure.resources.web.site_part import SitePart
from mlflow_azure.resources.web.web_app import PLACEHOLDER
from mlflow_azure.resources.web.writes import when_free

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlflow_azure.engine.node import Node, Properties, Report
    from mlflow_azure.resources.user_assigned_identity import UserAssignedIdentity
    from mlflow_azure.resources.web.web_app import WebApp

NO_ALWAYS_ON = frozenset({"F1", "D1"})
"""Sizes for which Azure refuses alwaysOn."""
_IDENTITY = "acrUseManagedIdentityCreds"
RULE_NAME = "mlflow-azure-"
"""Prefix of the names of our access rules; all others are the user's own."""
CLOSING_PRIORITY = 2147483647
"""Priority of the default rule, which Azure adds by itself."""


class SiteConfig(SitePart):
    """The site's main configuration.

    Args:
        image: Its image; the output `reference` is used.
        identity: Whether it pulls the image with a managed identity.
        pull_as: The identity that it pulls with; None is its own.
        health_check: Path that App Service probes on each instance; "" for none, None leaves that unchanged.
        allow: Address ranges (CIDR) that can reach the server, in addition to the user's own rules;
            empty leaves the access restrictions unchanged.
        after: Nodes written before it.

    """

    kind = "web app configuration"
    config = "web"

    def __init__(
        self,
        site: WebApp,
        *,
        image: Node,
        identity: bool,
        allow: Sequence[str],
        pull_as: UserAssignedIdentity | None = None,
        health_check: str | None = None,
        after: tuple[Node, ...] = (),
    ) -> None:
        super().__init__(site, needs=(image, *((pull_as,) if pull_as else ())), after=after)
        self.image = image
        self.identity = identity
        self.pull_as = pull_as
        self.health_check = health_check
        self.allow = allow

    def read(self, given: Given) -> Properties | None:
        live = arm.get(f"the configuration of {self.site}", lambda: self.apps.get_configuration(*self.where))
        return live and by_owner(live["properties"])

    def desired(self, given: Given) -> Properties:
        """Image, TLS 1.2, no FTP, always on if the plan allows it, access restrictions if set."""
        reference = given(self.image, "reference")
        properties: dict[str, Any] = {
            "linuxFxVersion": UNKNOWN if reference is UNKNOWN else f"DOCKER|{reference}",
            _IDENTITY: self.identity,
            "alwaysOn": self.site.plan.sku.upper() not in NO_ALWAYS_ON,
            "minTlsVersion": "1.2",
            "scmMinTlsVersion": "1.2",
            "ftpsState": "Disabled",
        }
        if self.pull_as:
            properties["acrUserManagedIdentityID"] = given(self.pull_as, "client_id")
        if self.health_check is not None:
            properties["healthCheckPath"] = self.health_check
        if self.allow:
            properties["ipSecurityRestrictions"] = access_rules(self.allow)
            properties["ipSecurityRestrictionsDefaultAction"] = "Deny"
        return {"properties": properties}

    def refuse_other_pull(self) -> None:
        """Raise MlflowAzureError if someone changed how the web app pulls its image."""
        live = self.read(Given({}))
        if live and bool(live["properties"].get(_IDENTITY)) is not self.identity:
            raise changed_by_someone({str(self): [_IDENTITY]})

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        """Write it to a new site. Its existing values only matter if a list of them is replaced."""
        live = self.read(given) if self.allow else None
        return self.update(desired, live or {}, given, report)

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        """Change what differs: a PATCH leaves the rest, but replaces a list as a whole."""
        properties = dict(desired["properties"])
        if self.allow:
            properties["ipSecurityRestrictions"] = [*properties["ipSecurityRestrictions"], *live["otherRules"]]
        write, body = self.apps.update_configuration, arm.sent({"properties": properties})
        with doing(f"configuring {self.site}"):
            answer = when_free(self.azure, lambda: write(*self.where, body), report)
        return by_owner(arm.body(answer)["properties"])


def access_rules(allow: Sequence[str]) -> list[dict[str, Any]]:
    """Return our access restrictions, which let in the ranges in `allow`."""
    return [
        {"ipAddress": cidr, "action": "Allow", "priority": 100 + number, "name": f"{RULE_NAME}{number}"}
        for number, cidr in enumerate(allow)
    ]


def is_public(site: Properties | None, config: Properties | None) -> bool | None:
    """Whether the whole internet can reach a web app; None if it does not exist.

    App Service lets in everyone unless there is a rule, or the default action is to deny.

    https://learn.microsoft.com/azure/app-service/overview-access-restrictions
    """
    if site is None or config is None:
        return None
    if site["properties"].get("publicNetworkAccess") == "Disabled":
        return False
    otherwise = config["properties"].get("ipSecurityRestrictionsDefaultAction")
    rules = config["properties"].get("ipSecurityRestrictions")
    return otherwise == "Allow" or not (rules or otherwise == "Deny")


def names_image(config: Properties | None) -> bool:
    """Whether the configuration has an image other than a new site's placeholder."""
    runs, _, reference = str((config or {}).get("properties", {}).get("linuxFxVersion") or "").partition("|")
    return runs == "DOCKER" and reference != PLACEHOLDER


def by_owner(properties: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration with only our access rules and fields; the users' are kept separately."""
    rules = [
        rule for rule in properties.get("ipSecurityRestrictions") or () if rule.get("priority") != CLOSING_PRIORITY
    ]
    fields = ("ipAddress", "action", "priority", "name")
    ours = [{field: rule.get(field) for field in fields} for rule in rules if _is_ours(rule)]
    return {
        "properties": {**properties, "ipSecurityRestrictions": ours},
        "otherRules": [rule for rule in rules if not _is_ours(rule)],
    }


def _is_ours(rule: Properties) -> bool:
    return str(rule.get("name")).startswith(RULE_NAME)
