"""Consent to sign-in on behalf of everyone: if assignment is required, users cannot consent themselves.

https://learn.microsoft.com/entra/identity/enterprise-apps/assign-user-or-group-access-portal
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlflow_azure.azure.microsoft_graph import quoted
from mlflow_azure.azure.refusals import doing
from mlflow_azure.errors import AzureRefusedError
from mlflow_azure.resources.base import AzureResource

if TYPE_CHECKING:
    from mlflow_azure.engine.node import Given, Properties, Report
    from mlflow_azure.resources.entra.service_principal import ServicePrincipal

GRAPH = "00000003-0000-0000-c000-000000000000"
"""Microsoft Graph's own application, whose permissions a sign-in requests."""
SCOPES = ("email", "openid", "profile")
"""The permissions that App Service requests: https://learn.microsoft.com/azure/app-service/configure-authentication-provider-aad"""
_GRANTS = "/oauth2PermissionGrants"


class Consent(AzureResource):
    """An administrator's consent to the sign-in of everyone who is assigned.

    If the user may not give it, that is reported, but does not stop anything.
    """

    kind = "consent"

    def __init__(self, principal: ServicePrincipal) -> None:
        super().__init__(principal.azure, principal.name, parent=principal, needs=(principal,))
        self.principal = principal

    @property
    def id(self) -> str:
        return f"{self.principal.id}/consent"

    def read(self, given: Given) -> Properties | None:
        """Return the consent for everyone; None also if Microsoft Entra ID does not reveal it."""
        client = given(self.principal, "id")
        condition = f"clientId eq {quoted(client)} and consentType eq 'AllPrincipals'"
        try:
            with doing(f"reading {self} in Microsoft Entra ID"):
                graph = self._graph()
                found = [each for each in self.azure.directory.find(_GRANTS, condition) if each["resourceId"] == graph]
        except AzureRefusedError:
            return None
        return {"id": found[0]["id"], "scopes": _scopes(found[0])} if found else None

    def _graph(self) -> str:
        return str(self.azure.directory.find("/servicePrincipals", f"appId eq {quoted(GRAPH)}")[0]["id"])

    def desired(self, given: Given) -> Properties:
        return {"scopes": dict.fromkeys(SCOPES, True)}

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        """Consent, if the signed-in user may."""
        try:
            with doing(f"consenting to {self} in Microsoft Entra ID"):
                grant = {"clientId": given(self.principal, "id"), "consentType": "AllPrincipals"}
                more = {"resourceId": self._graph(), "scope": " ".join(SCOPES)}
                self.azure.directory.relate(_GRANTS, {**grant, **more})
        except AzureRefusedError as refused:
            report(refused.message, None)
            return {"scopes": {}}
        return desired

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        scopes = {**live["scopes"], **desired["scopes"]}
        try:
            with doing(f"consenting to {self} in Microsoft Entra ID"):
                self.azure.directory.update(f"{_GRANTS}/{live['id']}", {"scope": " ".join(sorted(scopes))})
        except AzureRefusedError as refused:
            report(refused.message, None)
            return live
        return {**live, "scopes": scopes}

    def outputs(self, live: Properties) -> Properties:
        """granted: whether everyone who is assigned can sign in without being asked."""
        return {"granted": live["scopes"].keys() >= set(SCOPES)}

    def state(self, live: Properties) -> str:
        return "Granted"


def _scopes(grant: dict[str, Any]) -> dict[str, bool]:
    return dict.fromkeys(str(grant.get("scope") or "").split(), True)
