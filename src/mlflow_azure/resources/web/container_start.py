"""Watches the log for the container that a deploy waits for: whether it keeps exiting or cannot be pulled."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mlflow_azure.azure.refusals import doing
from mlflow_azure.deadline import Deadline
from mlflow_azure.errors import AzureRefusedError, MlflowAzureError
from mlflow_azure.kudu import logs
from mlflow_azure.kudu.scm_site import Kudu

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlflow_azure.engine.node import Report
    from mlflow_azure.kudu.logs import Line
    from mlflow_azure.resources.web.web_app import WebApp

LOOK_SECONDS = 10.0
MOST_STARTS = 3
"""App Service keeps restarting a container; one that exited this often will not recover."""
LAST_LINES = 10
ROLE_SECONDS = 1800.0
"""How long a new role assignment may take to become effective: up to ten minutes, sometimes thirty.
https://learn.microsoft.com/azure/role-based-access-control/troubleshooting"""


class ContainerStart:
    """Checks the log every ten seconds.

    Args:
        scm_host: The host of its log.
        identity: Whether it pulls the image with an identity, whose role may be new.
        role: For how long that may be; None for as long as Azure may take.

    """

    def __init__(self, site: WebApp, scm_host: str, *, identity: bool, role: Deadline | None = None) -> None:
        self.site = site
        self._kudu = Kudu(site.azure, site.name, scm_host)
        self._identity = identity
        self._began = self._since = datetime.now(UTC)
        self._pause = Deadline(LOOK_SECONDS)
        self._role = role or Deadline(ROLE_SECONDS)

    def look(self, report: Report) -> bool:
        """Check the log if it is time, and act on it; return whether the web app was restarted.

        Raises:
            MlflowAzureError: As `act` does.

        """
        if self._pause.remaining:
            return False
        self._pause = Deadline(LOOK_SECONDS)
        try:
            lines = logs.recent(self._kudu, after=self._began)
        except MlflowAzureError:  # the log only helps; the server may respond without it
            return False
        return self.act(lines, report)

    def act(self, lines: Sequence[Line], report: Report) -> bool:
        """Restart a web app that could not pull its image; return whether it was restarted.

        Raises:
            MlflowAzureError: The container keeps exiting, or the identity cannot pull.

        """
        self._refuse_ending(lines)
        return self._identity and self._restart_unpulled(lines, report)

    def is_ready(self, *, since: str) -> bool:
        """Whether, according to the log, a container was started since then (ISO 8601) and responds."""
        try:
            lines = logs.recent(self._kudu, after=datetime.fromisoformat(since))
        except MlflowAzureError:
            return False
        return any(logs.tells_of_a_start(line) for line in lines)

    def _refuse_ending(self, lines: Sequence[Line]) -> None:
        """Raise if, according to the log, a container was started several times and always exited."""
        ended = sum(logs.tells_of_an_end(line) for line in lines)
        if ended < MOST_STARTS:
            return
        said = [line for line in lines if line.source == logs.CONTAINER and not logs.tells_of_a_request(line)] or lines
        raise MlflowAzureError(
            "\n  ".join(
                [
                    f"waiting for the container of {self.site}: it exited {ended} times. Its last lines:",
                    *map(str, said[-LAST_LINES:]),
                ]
            ),
            hint="Fix that, then deploy again. For more: mlflow-azure logs --tail 100",
            code="ContainerKeepsEnding",
        )

    def _restart_unpulled(self, lines: Sequence[Line], report: Report) -> bool:
        """Retry the pull while the role is not effective yet, since App Service waits longer each time."""
        if not any(logs.tells_of_a_refused_pull(line) for line in lines if line.time and line.time >= self._since):
            return False
        if not self._role.remaining:
            raise AzureRefusedError(
                f"waiting for the container of {self.site}: its identity cannot pull the image, "
                f"{ROLE_SECONDS / 60:.0f} minutes after it got the role",
                hint="Run it again: a role may take longer to count. With MLflow 1.5.0 you can pull with the "
                "registry's password instead: mlflow-azure deploy --no-identity",
                code="PullRefused",
            )
        report("its identity cannot pull the image yet: restarting", None)
        self._since = datetime.now(UTC)
        with doing(f"restarting {self.site}"):
            self.site.azure.web.web_apps.restart(*self.site.where)
        return True
