"""`mlflow-azure cd enable | disable | status`."""

from __future__ import annotations

from dataclasses import dataclass

from mlflow_azure.cli.answer import Answer, only_for_text
from mlflow_azure.cli.applied import Done, apply
from mlflow_azure.cli.command import command
from mlflow_azure.cli.invocation import Invocation
from mlflow_azure.console import text
from mlflow_azure.resources.registry.webhook_ping import Delivery

EVENTS = 10


@dataclass(frozen=True)
class CdEnableAnswer(Answer):
    """A push of the image redeploys it.

    Attributes:
        image: The image that is watched: "mlflowimage:latest".
        webhook: Name of the registry's webhook.
        ping: HTTP status of the response to a test ping.
        resources: What was done to each resource.

    """

    image: str
    webhook: str
    ping: int | None
    resources: tuple[Done, ...]
    registry: str = only_for_text()
    site: str = only_for_text()

    def text(self) -> str:
        return (
            f"Continuous deployment is on: whenever {self.image} is pushed to {self.registry}, {self.site} runs it.\n"
            f"The web app responded to the webhook's test ping with {self.ping}."
        )


@command("cd enable", CdEnableAnswer)
def enable(run: Invocation) -> None:
    """Redeploy whenever a new image is pushed to the registry."""
    from mlflow_azure.deployment.features import continuous_deployment
    from mlflow_azure.engine import Execution

    switch = run.wait(lambda: continuous_deployment.continuous_deployment_on(run.azure, run.settings))
    planned = run.wait(lambda: switch.plan(run.azure))
    execution = Execution(planned, run.deadline)
    with continuous_deployment.withdrawn_on_failure(run, run.azure, run.settings, execution):
        done = apply(run, execution)
    ping, hook = run.wait(switch.ping), switch.webhook
    run.answer(
        CdEnableAnswer(hook.scope, hook.name, ping.status, done, registry=str(hook.registry), site=str(switch.site))
    )
    run.note(
        "The webhook signs in with SCM basic auth, which is now on for the web app. To turn both off: mlflow-azure cd "
        "disable"
    )


@dataclass(frozen=True)
class CdDisableAnswer(Answer):
    """A push no longer redeploys.

    Attributes:
        resources: What was done to each resource; empty if there was nothing to do.

    """

    resources: tuple[Done, ...]
    already: bool = only_for_text()

    def text(self) -> str:
        if self.already:
            return "Continuous deployment is already off."
        return "Continuous deployment is off: the webhook is deleted, and SCM basic auth is off."


@command("cd disable", CdDisableAnswer)
def disable(run: Invocation) -> None:
    """Stop redeploying on a push. Removes the webhook and the app setting, and turns SCM basic auth off."""
    from mlflow_azure.deployment.features import continuous_deployment
    from mlflow_azure.engine import Execution

    switch = run.wait(lambda: continuous_deployment.continuous_deployment_off(run.azure, run.settings))
    planned = run.wait(lambda: switch.plan(run.azure))
    done = apply(run, Execution(planned, run.deadline))
    run.answer(CdDisableAnswer(done, already=planned.is_empty))


@dataclass(frozen=True)
class CdStatusAnswer(Answer):
    """The state of continuous deployment.

    Attributes:
        enabled: Whether it is completely set up.
        webhook: Name of the webhook; null if there is none.
        image: The image that is watched: "repository:tag".
        scm_basic_auth: Whether SCM basic auth is on, which the webhook needs.
        app_setting: Whether the app setting for it is set.
        events: The latest calls of the webhook, newest first.

    """

    enabled: bool
    webhook: str | None
    image: str | None
    scm_basic_auth: bool
    app_setting: bool
    events: tuple[Delivery, ...]

    def text(self) -> str:
        head = text.fields(
            [
                ("Continuous deployment", "on" if self.enabled else "off"),
                ("Webhook", self.webhook or "none"),
                ("Image", self.image or "none"),
                ("SCM basic auth", "on" if self.scm_basic_auth else "off"),
            ]
        )
        if not self.events:
            return head
        lines = [(each.time, each.action, each.image or "", each.status or "no answer") for each in self.events]
        return f"{head}\n\n{text.table(('TIME', 'EVENT', 'IMAGE', 'ANSWER'), lines)}"


@command("cd status", CdStatusAnswer)
def status(run: Invocation) -> None:
    """Show whether a push redeploys, and the latest calls of the webhook."""
    from mlflow_azure.deployment.features.continuous_deployment import read_push_status

    found = run.wait(lambda: read_push_status(run.azure, run.settings))
    run.answer(
        CdStatusAnswer(
            enabled=found.is_enabled,
            webhook=found.webhook,
            image=found.image,
            scm_basic_auth=found.scm_basic_auth,
            app_setting=found.app_setting,
            events=found.deliveries[:EVENTS],
        )
    )
    if found.is_half:
        run.console.warn(
            "Continuous deployment is only partly set up.",
            "Set up the rest: mlflow-azure cd enable. Or remove it: mlflow-azure cd disable",
        )
