"""The federated credential: the web app's identity replaces the app registration's secret.

https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.azure.refusals import doing
from mlflow_azure.engine.compare import UNKNOWN
from mlflow_azure.errors import FEDERATION_REFUSED, AzureRefusedError
from mlflow_azure.resources.base import AzureResource

if TYPE_CHECKING:
    from mlflow_azure.engine.node import Given, Properties, Report
    from mlflow_azure.resources.entra.app_registration import AppRegistration
    from mlflow_azure.resources.user_assigned_identity import UserAssignedIdentity

NAME = "mlflow-azure"


class FederatedCredential(AzureResource):
    """A credential of the registration without a secret: tokens of the identity, which only the web app gets."""

    kind = "federated credential"

    def __init__(self, registration: AppRegistration, *, identity: UserAssignedIdentity) -> None:
        super().__init__(registration.azure, registration.name, parent=registration, needs=(registration, identity))
        self.registration = registration
        self.identity = identity

    @property
    def id(self) -> str:
        return f"{self.registration.id}/federatedIdentityCredentials/{NAME}"

    def read(self, given: Given) -> Properties | None:
        registration = given(self.registration, "object_id")
        if registration is UNKNOWN:
            return None
        with doing(f"reading the credentials of {self.registration} in Microsoft Entra ID"):
            listed = self.azure.directory.members(_collection(registration))
        return next((each for each in listed if each["name"] == NAME), None)

    def desired(self, given: Given) -> Properties:
        """Tokens that the tenant issues to the identity."""
        return {
            "issuer": self.azure.cloud.issuer(self.registration.tenant_id),
            "subject": given(self.identity, "principal_id"),
            "audiences": [self.azure.cloud.token_exchange],
        }

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        about = f"The identity {self.identity.name} signs users in."
        body = {"name": NAME, "description": about, **desired}
        try:
            with doing(f"letting {self.identity} sign in as {self.registration}"):
                return self.azure.directory.create(_collection(given(self.registration, "object_id")), body)
        except AzureRefusedError as refused:
            raise AzureRefusedError(refused.message, hint=refused.hint, code=FEDERATION_REFUSED) from refused

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        """Point it to the current identity."""
        with doing(f"letting {self.identity} sign in as {self.registration}"):
            path = f"{_collection(given(self.registration, 'object_id'))}/{live['id']}"
            self.azure.directory.update(path, dict(desired))
        return {**live, **desired}

    def state(self, live: Properties) -> str:
        """It does not expire."""
        return "Trusted"


def _collection(registration: str) -> str:
    return f"/applications/{registration}/federatedIdentityCredentials"
