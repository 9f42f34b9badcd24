"""`mlflow-azure logs`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlflow_azure.cli.answer import Answer
from mlflow_azure.cli.command import command
from mlflow_azure.cli.invocation import Invocation
from mlflow_azure.cli.options import refuse_beside
from mlflow_azure.console import text

if TYPE_CHECKING:
    from mlflow_azure.kudu.logs import Line


TAIL = 100


@dataclass(frozen=True)
class LogLine(Answer):
    """One line of the log; each is a JSON document on its own line.

    Attributes:
        time: When it was written, in ISO 8601; null if the log does not say.
        source: platform (App Service), or container (the server).
        message: The line.

    """

    time: datetime | None
    source: str
    message: str


@dataclass(frozen=True)
class LogFile(Answer):
    """With --download: the archive that was written.

    Attributes:
        file: Path of the file.
        bytes: Size of the file.

    """

    file: str
    bytes: int

    def text(self) -> str:
        return f"Wrote {self.file} ({text.size(self.bytes)})."


@command("logs", LogLine, LogFile)
def logs(
    run: Invocation,
    *,
    tail: Annotated[
        int | None,
        typer.Option(
            "--tail", metavar="LINES", min=0, help=f"Only the last lines. [default: {TAIL}]", show_default=False
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="TIME", help="Only lines since then: 15m, 2h, 1d, or 2024-05-17T09:30 (UTC)."),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep showing new lines, until Ctrl+C.")] = False,
    download: Annotated[
        Path | None,
        typer.Option("--download", metavar="FILE", help="Write all log files to this file, as a zip archive."),
    ] = None,
) -> None:
    """Show the logs of the server and of App Service. With --output json: one JSON document per line.

    Examples:
      mlflow-azure logs --follow
      mlflow-azure logs --since 2h --output json

    """
    from mlflow_azure.deployment.deployed_site import deployed_site
    from mlflow_azure.kudu import logs as log
    from mlflow_azure.kudu.scm_site import Kudu

    refuse_beside({"--download": download}, {"--follow": follow, "--tail": tail, "--since": since})
    after = log.since(since, datetime.now(UTC)) if since else None
    site = run.wait(lambda: deployed_site(run.azure, run.settings, "reading the log"))
    kudu = Kudu(run.azure, site.name, site.scm_host, run.console.note)
    if download:
        size = run.wait(lambda: kudu.download_logs(download), "Downloading the log")
        run.answer(LogFile(str(download), size))
        return
    if site.is_stopped:
        run.console.warn(f"Web app {site.name} is stopped.", "mlflow-azure deploy")
    last = TAIL if tail is None and after is None else tail
    shown = run.wait(lambda: log.recent(kudu, tail=last, after=after), "Reading the log")
    for line in shown:
        _show(run, line)
    if follow:
        for line in run.deadline.call(lambda: log.Follower(kudu, run.deadline, shown, run.console.note)).lines():
            _show(run, line)


def _show(run: Invocation, line: Line) -> None:
    run.console.line(LogLine(line.time, line.source, line.text), str(line))
