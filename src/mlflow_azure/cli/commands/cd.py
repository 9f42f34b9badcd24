"""`mlflow-azure cd enable | disable | status`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlflow_azure.cli.applied import apply, rows
from mlflow_azure.cli.invocation import Invocation, command
from mlflow_azure.console import text
from mlflow_azure.errors import MlflowAzureError
from mlflow_azure.events import Action

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlflow_azure.resources.registry.webhook_ping import Delivery

WITHDRAW_SECONDS = 120.0
EVENTS = 10


@command("cd enable")
def enable(run: Invocation) -> None:
    """Let the registry tell the web app of each push of the image, so that it pulls and runs it."""
    from mlflow_azure.deployment.features import continuous_deployment
    from mlflow_azure.resources.registry.webhook_ping import deliveries
    from mlflow_azure.resources.web.scm_access import ScmBasicAuth

    switch = run.wait(lambda: continuous_deployment.continuous_deployment_on(run.azure, run.settings))
    planned = run.wait(lambda: switch.plan(run.azure))
    opens = any(each.kind == ScmBasicAuth.kind and each.action is not Action.KEEP for each in planned.changes)
    try:
        execution = apply(run, planned)
    except BaseException:
        if opens:
            _withdraw(run)
        raise
    ping = next(each for each in run.wait(lambda: deliveries(switch.webhook)) if each.action == "ping")
    image, site = switch.webhook.scope, switch.site
    data: dict[str, Any] = {
        "image": image,
        "webhook": switch.webhook.name,
        "ping": ping.status,
        "resources": rows(execution),
    }
    run.answer(
        data,
        f"Continuous deployment is on: each push of {image} to {switch.webhook.registry} makes {site} run it.\n"
        f"A ping of the webhook was answered with {ping.status}.",
    )
    run.console.note(
        "For the webhook, the SCM site of the web app now takes its deployment user's password. "
        f"To end that and continuous deployment: mlflow-azure cd disable{run.same}"
    )


def _withdraw(run: Invocation) -> None:
    """Take everything back: what does not work must not leave the SCM site open to a password."""
    from mlflow_azure import engine
    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.deadline import Deadline
    from mlflow_azure.deployment.features import continuous_deployment

    azure = Azure(run.cloud, run.credential, run.settings.subscription_id, Deadline(WITHDRAW_SECONDS))
    run.console.note("This did not work, so it is taken back.")
    try:
        planned = continuous_deployment.continuous_deployment_off(azure, run.settings).plan(azure)
        run.console.watch(engine.Execution(planned, azure.deadline).events())
    except MlflowAzureError as problem:
        run.console.warn(
            f"The SCM site of the web app may still take a password. {problem.message}",
            f"mlflow-azure cd disable{run.same}",
        )


@command("cd disable")
def disable(run: Invocation) -> None:
    """Take all of it away: the webhook, its password on the SCM site, the app setting."""
    from mlflow_azure.deployment.features import continuous_deployment

    switch = run.wait(lambda: continuous_deployment.continuous_deployment_off(run.azure, run.settings))
    planned = run.wait(lambda: switch.plan(run.azure))
    execution = apply(run, planned)
    done = (
        "Continuous deployment is off already."
        if planned.is_empty
        else "Continuous deployment is off: the webhook is deleted, and the SCM site takes no password."
    )
    run.answer({"resources": rows(execution)}, done)


@command("cd status")
def status(run: Invocation) -> None:
    """Show whether it works, and the last calls of the webhook."""
    from mlflow_azure.deployment.features.continuous_deployment import read_push_status

    found = run.wait(lambda: read_push_status(run.azure, run.settings))
    data: dict[str, Any] = {
        "enabled": found.is_enabled,
        "webhook": found.webhook,
        "image": found.image,
        "scm_basic_auth": found.scm_basic_auth,
        "app_setting": found.app_setting,
        "events": [_event(each) for each in found.deliveries[:EVENTS]],
    }
    run.answer(data, _text(data, found.deliveries[:EVENTS]))
    if found.is_half:
        run.console.warn(
            "Continuous deployment is set up only in part.",
            f"mlflow-azure cd enable{run.same}, or: mlflow-azure cd disable{run.same}",
        )


def _event(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "time": delivery.time,
        "action": delivery.action,
        "image": delivery.image,
        "digest": delivery.digest,
        "status": delivery.status,
    }


def _text(data: Mapping[str, Any], events: Sequence[Delivery]) -> str:
    head = text.fields(
        [
            ("Continuous deployment", "on" if data["enabled"] else "off"),
            ("Webhook", data["webhook"] or "none"),
            ("Image", data["image"] or "none"),
            ("SCM site takes a password", "yes" if data["scm_basic_auth"] else "no"),
        ]
    )
    if not events:
        return head
    lines = [(each.time, each.action, each.image or "", each.status or "no answer") for each in events]
    return f"{head}\n\n{text.table(('TIME', 'EVENT', 'IMAGE', 'ANSWER'), lines)}"
