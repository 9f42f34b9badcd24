"""Renewal of one of the two passwords of a registry's admin user.

Both are valid, so users of the other one are not affected:
https://learn.microsoft.com/azure/container-registry/container-registry-authentication#admin-account
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.azure.refusals import doing
from mlflow_azure.errors import AzureRefusedError, MlflowAzureError
from mlflow_azure.image.registry_api import RegistryClient
from mlflow_azure.resources.base import AzureResource
from mlflow_azure.resources.registry.container_registry import passwords_of

if TYPE_CHECKING:
    from mlflow_azure.engine.node import Given, Node, Properties, Report
    from mlflow_azure.resources.registry.container_registry import ContainerRegistry
    from mlflow_azure.secret import Secret

ACCEPTED_SECONDS = 120.0


class RegistryPassword(AzureResource):
    """A password to renew, once nothing important uses it.

    Args:
        registry: Its registry.
        name: "password" or "password2".
        image: Repository and tag of the image to pull with it.
        after: Nodes done before it, which switch to the other one.

    """

    kind = "registry password"
    changing_outputs = ("password",)

    def __init__(
        self, registry: ContainerRegistry, name: str, *, image: tuple[str, str], after: tuple[Node, ...] = ()
    ) -> None:
        super().__init__(registry.azure, name, parent=registry, needs=(registry,), after=after)
        self.registry = registry
        self.image = image

    @property
    def id(self) -> str:
        return f"{self.registry.id}/passwords/{self.name}"

    def read(self, given: Given) -> Properties | None:
        return {"password": given(self.registry, "passwords")[self.name]}

    def desired(self, given: Given) -> Properties:
        return {"renewed": True}

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        """Never called: every admin user has it."""
        return self.update(desired, self.read(given) or {}, given, report)

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        registries, where = self.azure.registries.registries, self.registry.where
        with doing(f"renewing {self.name} of {self.registry}"):
            listed = registries.regenerate_credential(*where, {"name": self.name})
        password = passwords_of(listed)[self.name]
        self._wait_until_accepted(password, given, report)
        return {**live, **desired, "password": password}

    def _wait_until_accepted(self, password: Secret, given: Given, report: Report) -> None:
        server, username = given(self.registry, "login_server"), given(self.registry, "username")
        client = RegistryClient(self.azure.cloud, server, username, password, self.azure.deadline)

        def accepted() -> bool | None:
            try:
                client.digest(*self.image)
            except AzureRefusedError:
                report("the registry does not accept it yet", None)
                return None
            return True

        if self.azure.deadline.poll(accepted, patience=ACCEPTED_SECONDS) is None:
            raise MlflowAzureError(
                f"renewing {self.name} of {self.registry}: the registry did not accept it within "
                f"{ACCEPTED_SECONDS:.0f} seconds",
                hint="Whatever used the other password keeps using it. Run the command again.",
                code="KeyNotAccepted",
            )

    def outputs(self, live: Properties) -> Properties:
        return {"password": live["password"]}

    def state(self, live: Properties) -> str:
        return "Valid"
