"""The image in the registry: built and pushed only if its content is not there yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.engine.node import Given, Node, Properties, Report, Task
from mlflow_azure.errors import MlflowAzureError
from mlflow_azure.events import Action
from mlflow_azure.image.registry_api import RegistryClient
from mlflow_azure.resources.base import AzureResource

if TYPE_CHECKING:
    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.image.builder import Builder, BuilderAhead
    from mlflow_azure.image.context import BuildContext
    from mlflow_azure.resources.registry.container_registry import ContainerRegistry


class ImageBuild(Task):
    """The build of the image on this machine, which has no dependencies."""

    kind = "image build"
    ahead = True

    def __init__(self, name: str, *, context: BuildContext, build: BuilderAhead) -> None:
        super().__init__(name)
        self.context = context
        self.build = build

    def run(self, given: Given, report: Report) -> Action:
        return Action.CREATE if self.build.prepare(self.context, report) else Action.VERIFY


class Image(AzureResource):
    """The web app's image, under `repository:tag`.

    It is also stored under a tag for its build context (`ctx-…`). While both tags have the same digest,
    the image matches the context, wherever it was built.
    """

    kind = "image"
    changing_outputs = ("digest",)

    def __init__(
        self,
        azure: Azure,
        repository: str,
        tag: str,
        *,
        registry: ContainerRegistry,
        context: BuildContext | None,
        build: Builder | None,
        after: tuple[Node, ...] = (),
    ) -> None:
        super().__init__(azure, f"{repository}:{tag}", parent=registry, needs=(registry,), after=after)
        self.repository = repository
        self.tag = tag
        self.registry = registry
        self.context = context
        self.build = build

    @property
    def id(self) -> str:
        """A pseudo-id: Azure Resource Manager does not know images."""
        return f"{self.registry.id}/repositories/{self.repository}/tags/{self.tag}"

    def read(self, given: Given) -> Properties | None:
        """Return the digest under the tag, and its build context if that is ours."""
        client = self._client(given)
        digest = client.digest(self.repository, self.tag)
        if digest is None:
            return None
        built = self.context and client.digest(self.repository, self.context.tag)
        context = self.context.tag if self.context and built == digest else None
        return {"digest": digest, "context": context, "reference": f"{client.server}/{self.name}"}

    def desired(self, given: Given) -> Properties:
        """Built from our context; without a build, whatever exists."""
        return {"context": self.context.tag} if self.context else {}

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        """Build and push, or retag an existing image of the same context."""
        client = self._client(given)
        if self.context is None or self.build is None:
            raise self.missing(client.server)
        if client.digest(self.repository, self.context.tag):
            client.retag(self.repository, self.context.tag, self.tag)
        else:
            self.build(client, self.context, (self.name, f"{self.repository}:{self.context.tag}"), report)
        live = self.read(given)
        if live is None:
            raise MlflowAzureError(
                f"pushing {self}: {client.server} does not have it after the push",
                hint="Run the command again.",
                code="ImageNotFound",
            )
        return live

    def missing(self, where: str) -> MlflowAzureError:
        """Raise if it is not in the registry and must not be built."""
        return MlflowAzureError(
            f"deploying {self}: it is not in {where}, and --build none rules out building it",
            hint=f"Push it to {where}/{self.name}, or let it be built: mlflow-azure deploy",
            code="ImageNotFound",
        )

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        """Build and push: the tag then refers to the new image."""
        return self.create(desired, given, report)

    def _client(self, given: Given) -> RegistryClient:
        server, username, password = (given(self.registry, name) for name in ("login_server", "username", "password"))
        return RegistryClient(self.azure.cloud, server, username, password, self.azure.deadline)

    def state(self, live: Properties) -> str:
        """Its digest, shortened like Docker's."""
        return str(live["digest"]).removeprefix("sha256:")[:12]
