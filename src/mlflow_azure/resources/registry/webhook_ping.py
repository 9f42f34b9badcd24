"""Checks that the registry's webhook reaches the web app, with a ping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlflow_azure.azure.refusals import doing
from mlflow_azure.engine.node import Check, Given, Report
from mlflow_azure.errors import MlflowAzureError
from mlflow_azure.kudu.scm_site import Kudu

if TYPE_CHECKING:
    from mlflow_azure.engine.node import Node
    from mlflow_azure.resources.registry.webhook import Webhook
    from mlflow_azure.resources.web.web_app import WebApp

PATIENCE_SECONDS = 60.0
"""App Service takes a moment to accept the deployment user after its sign-in was allowed."""
POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Delivery:
    """A call of the webhook.

    Attributes:
        id: Azure's id of the call.
        time: When, in ISO 8601.
        action: push or ping.
        image: "repository:tag"; null for a ping.
        digest: Digest of the image; null for a ping.
        status: HTTP status of the response; null if there was none.

    """

    id: str
    time: str
    action: str
    image: str | None
    digest: str | None
    status: int | None

    @property
    def succeeded(self) -> bool:
        """Whether the web app accepted it."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - the class of HTTP statuses


def deliveries(webhook: Webhook) -> list[Delivery]:
    """Return the latest calls, newest first, without their URLs, which contain a password."""
    with doing(f"reading the events of {webhook}"):
        return [_delivery(event.as_dict()) for event in webhook.azure.registries.webhooks.list_events(*webhook.where)]


class WebhookPing(Check):
    """Calls the webhook until the web app accepts it, for a minute.

    The SCM site is woken first: it stops when idle, and the registry does not wait for it. azure-cli also wakes
    it before following a log: https://github.com/Azure/azure-cli/pull/27471.
    """

    kind = "webhook ping"

    def __init__(self, webhook: Webhook, site: WebApp, *, after: tuple[Node, ...]) -> None:
        super().__init__(webhook.name, needs=(webhook, site), after=after)
        self.webhook = webhook
        self.site = site

    def run(self, given: Given, report: Report) -> None:
        """Return when the web app accepts the call. Raises MlflowAzureError with its response."""
        status: int | None = None

        def accepted() -> bool | None:
            nonlocal status
            answer = self._ping()
            status = answer.status
            report(f"the web app responded with {status or 'nothing'}", None)
            return answer.succeeded or None

        Kudu(self.site.azure, self.site.name, given(self.site, "scm_host")).wake()
        if not self.webhook.azure.deadline.poll(accepted, every=POLL_SECONDS, patience=PATIENCE_SECONDS):
            raise MlflowAzureError(
                f"pinging {self.webhook}: the web app's SCM site responds with {status or 'nothing'}",
                hint="Check that the SCM site can be reached from the registry, and that no policy forbids its "
                "basic authentication. Then run: mlflow-azure cd enable",
                code="WebhookFailed",
            )

    def _ping(self) -> Delivery:
        azure, where = self.webhook.azure, self.webhook.where
        with doing(f"pinging {self.webhook}"):
            ping = str(azure.registries.webhooks.ping(*where).id)

        def delivered() -> Delivery | None:
            return next(
                (each for each in deliveries(self.webhook) if each.id == ping and each.status is not None), None
            )

        found = azure.deadline.poll(delivered, every=POLL_SECONDS, patience=PATIENCE_SECONDS)
        return found or Delivery(ping, "", "ping", None, None, None)


def _delivery(event: dict[str, Any]) -> Delivery:
    content = (event.get("eventRequestMessage") or {}).get("content") or {}
    target = content.get("target") or {}
    status = str((event.get("eventResponseMessage") or {}).get("statusCode"))
    return Delivery(
        id=str(content.get("id")),
        time=str(content.get("timestamp")),
        action=str(content.get("action")),
        image=f"{target.get('repository')}:{target.get('tag')}" if target else None,
        digest=target.get("digest"),
        status=int(status) if status.isdecimal() else None,
    )
