"""A deploy: what is wanted, its plan, and carrying it out. `plan` is the same without the writes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mlflow_azure import engine
from mlflow_azure.azure.clouds import CloudName
from mlflow_azure.deployment.before import read_before
from mlflow_azure.deployment.checks.beforehand import before_writing
from mlflow_azure.deployment.decisions import (
    decide_access,
    left_behind,
    refuse_other_release,
    refuse_other_version,
    refuse_unused,
    spare,
)
from mlflow_azure.deployment.features.allowed import lacking_consent
from mlflow_azure.deployment.features.identity import allowed_identity
from mlflow_azure.deployment.stack import mlflow_stack
from mlflow_azure.errors import AzureRefusedError
from mlflow_azure.events import Warned
from mlflow_azure.resources.entra.consent import Consent
from mlflow_azure.settings import FILE_SHARE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.deployment.features.enabled import Features
    from mlflow_azure.deployment.stack_nodes import Stack
    from mlflow_azure.engine import Reading
    from mlflow_azure.engine.execution import Result
    from mlflow_azure.engine.node import Node, Properties
    from mlflow_azure.errors import MlflowAzureError
    from mlflow_azure.events import Event, Planned
    from mlflow_azure.image.builder import Builder
    from mlflow_azure.image.context import BuildContext
    from mlflow_azure.settings import Settings

OPEN = Warned(
    "Anyone on the internet can reach this server, and MLflow 1.5.0 has no sign-in of its own.",
    "Require sign-in: mlflow-azure auth enable. Or allow only some networks: --allow-ip NETWORK",
)


@dataclass(frozen=True)
class Wish:
    """What the user wants beyond the settings.

    Attributes:
        adopt: Adopt resources that mlflow-azure did not create.
        auth: Require sign-in.
        identity: Pull the image with the web app's identity; None leaves that unchanged.
        public: Let everyone in; for MLflow 3, this has to be decided explicitly.
        context: The build context; None uses the image in the registry.
        build: How to build it, if necessary.
        becomes: How to change the deployment if the other MLflow replaces it.

    """

    adopt: bool = False
    auth: bool = False
    identity: bool | None = None
    public: bool = False
    context: BuildContext | None = None
    build: Builder | None = None
    becomes: Callable[[Features], Features] | None = None


class Deploy:
    """A prepared deploy: everything is read and checked, and nothing written.

    Attributes:
        features: The deployment's optional features.
        stack: Its resources.
        warnings: What the user should know beforehand.
        refused: The errors it would fail with, if it is only planned.

    """

    def __init__(self, azure: Azure, settings: Settings, wish: Wish, *, writes: bool = True) -> None:
        """Read and check.

        Args:
            wish: What the user wants.
            writes: Whether it will be carried out. If not, missing permissions do not prevent the plan.

        Raises:
            MlflowAzureError: A deploy would be refused.

        """
        self._azure, self._settings, self._wish, self._writes = azure, settings, wish, writes
        if wish.becomes is None:
            refuse_unused(settings, identity=wish.identity)
        live, seen = read_before(azure, settings, context=wish.context, hiding=not writes)
        if wish.becomes:
            live = wish.becomes(live)
        else:
            refuse_other_release(settings, live.release)
        refuse_other_version(settings, live.version)
        self.warnings: list[Warned]
        self.refused: list[MlflowAzureError] = []
        wanted, self.warnings = decide_access(azure, settings, live, auth=wish.auth, public=wish.public)
        if settings.mlflow_version == FILE_SHARE and not wanted.move:
            identity, warned = allowed_identity(azure, settings, live=live.identity, asked=wish.identity)
            anew = bool(identity) and not live.identity and live.version is not None
            wanted = replace(wanted, identity=identity, pulls_anew=anew)
            self.warnings += [warned] if warned else []
        self._prepare(wanted, seen)
        self.warnings += [] if wish.becomes else left_behind(self.plan.changes)

    def _prepare(self, features: Features, seen: Mapping[str, Reading] | None = None) -> None:
        azure, settings, wish = self._azure, self._settings, self._wish
        self.features = features
        self.stack: Stack = mlflow_stack(azure, settings, features, context=wish.context, build=wish.build)

        def check(planned: engine.Plan) -> None:
            found = before_writing(azure, settings, self.stack, planned, writes=self._writes)
            self.warnings += [Warned(each.detail, each.fix) for each in found if not each.problem]
            self.refused += [each.problem for each in found if each.problem]

        planned = engine.plan(
            self.stack.nodes,
            azure.deadline,
            adopt=wish.adopt,
            check=check,
            hiding=not self._writes,
            seen=seen,
        )
        self._execution = engine.Execution(planned, azure.deadline)

    @property
    def plan(self) -> engine.Plan:
        """The plan of this deployment."""
        return self._execution.plan

    @property
    def planned(self) -> Planned:
        """The plan as the first event of a deploy, with the dependencies of each step."""
        return self._execution.planned

    @property
    def results(self) -> Sequence[Result]:
        """What has been done so far."""
        return self._execution.results

    @property
    def afterwards(self) -> list[Warned]:
        """What the user should know afterwards."""
        lacking = (node for node in self.stack.nodes if isinstance(node, Consent) and not self.outputs(node)["granted"])
        registrations = (self.outputs(consent.principal.registration) for consent in lacking)
        consents = [lacking_consent(self._azure, each["client_id"]) for each in registrations]
        return [*consents, OPEN] if self._is_open_undecided else consents

    @property
    def _is_open_undecided(self) -> bool:
        """Whether it is open to the internet without anyone having said so. The emulator never is."""
        decided = self._settings.allow_ip or self.features.sign_in or self.features.is_public
        return not decided and self._azure.cloud.name is not CloudName.EMULATOR

    @property
    def takes_secret(self) -> bool:
        """Whether clients need a secret: the key of MLflow 1.5.0's artifacts, or a token."""
        return self._settings.mlflow_version == FILE_SHARE or self.features.sign_in is not None

    def outputs(self, node: Node) -> Properties:
        """Return the outputs of a finished resource."""
        return self._execution.outputs[node] or {}

    def events(self) -> Iterator[Event]:
        """Carry it out, yielding events.

        If Azure refuses the identity's role although it seemed to be allowed (a condition on the permission to assign
        roles only shows then), it continues with the registry's admin user. If the tenant does not allow the identity
        of MLflow 3 as a federated credential, it continues with a client secret.

        Raises:
            MlflowAzureError: It failed.

        """
        try:
            yield from self._execution.events()
        except AzureRefusedError as refused:
            instead = spare(refused, self.features, self._settings, asked=bool(self._wish.identity))
            if instead is None:
                raise
            yield Warned(f"{refused.message} {instead.words}", refused.hint)
            self._prepare(instead.features)
            yield from self._execution.events()
