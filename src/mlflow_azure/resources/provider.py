"""Resource providers: a subscription can only use a service once its provider is registered."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from mlflow_azure.azure.permissions import unless_forbidden
from mlflow_azure.azure.refusals import AGAIN, doing
from mlflow_azure.errors import MlflowAzureError
from mlflow_azure.resources.base import AzureResource

if TYPE_CHECKING:
    from mlflow_azure.engine.node import Given, Properties, Report

REGISTERED = "Registered"


class Provider(AzureResource):
    """A resource provider of the subscription, such as Microsoft.Web.

    A provider with resources in the subscription is registered and cannot be unregistered:
    https://learn.microsoft.com/azure/azure-resource-manager/management/resource-providers-and-types

    The SDK registers providers by itself, but not for long-running creates: the body of their 409 is an unread stream.
    """

    kind = "resource provider"
    shown: ClassVar[Properties] = {"registrationState": REGISTERED}

    @property
    def id(self) -> str:
        return f"/subscriptions/{self.azure.subscription_id}/providers/{self.name}"

    def read(self, given: Given) -> Properties:
        def state() -> str:
            with doing(f"reading the registration of {self.name}"):
                return str(self.azure.resources.providers.get(self.name).registration_state)

        return {"registrationState": unless_forbidden(self.azure, f"provider {self.name}", state, REGISTERED)}

    def desired(self, given: Given) -> Properties:
        return {"registrationState": REGISTERED}

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        """Never called: a provider always exists, registered or not."""
        return self.update(desired, {}, given, report)

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        with doing(f"registering {self.name}"):
            self.azure.resources.providers.register(self.name)

        def registered() -> str | None:
            state = str(self.read(given)["registrationState"])
            if state == REGISTERED:
                return state
            if state == "NotRegistered":
                raise MlflowAzureError(
                    f"registering {self.name}: Azure did not register it",
                    hint=f"Register it: az provider register --namespace {self.name} --wait. {AGAIN}",
                )
            report(state, None)
            return None

        return {"registrationState": self.azure.deadline.poll(registered)}

    def state(self, live: Properties) -> str:
        return str(live["registrationState"])
