"""`mlflow-azure ssh`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from mlflow_azure.cli.answer import Answer
from mlflow_azure.cli.command import command
from mlflow_azure.cli.invocation import Invocation, Output
from mlflow_azure.console.terminal import Capture, RawTerminal
from mlflow_azure.errors import MlflowAzureError, SettingsError

if TYPE_CHECKING:
    from mlflow_azure.kudu.ssh_session import Session


@dataclass(frozen=True)
class SshAnswer(Answer):
    """The result of the command in the container.

    Attributes:
        exit_status: Also the exit status of mlflow-azure.
        stdout: Its output.
        stderr: Its error output.

    """

    exit_status: int
    stdout: str
    stderr: str


@command("ssh", SshAnswer, options_first=True)
def ssh(
    run: Invocation,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="COMMAND", help="Command to run; without one, a shell.")
    ] = None,
) -> int:
    """Open a shell in the server's container, or run a command there and exit with its status.

    Options of mlflow-azure come before the command.

    Examples:
      mlflow-azure ssh
      mlflow-azure ssh --rg-name team-mlflow ps -ef

    """
    terminal = RawTerminal()
    line = " ".join(words or ())  # like ssh: the container's shell splits it
    as_json = run.common.output is Output.JSON
    if not line and (as_json or not terminal.is_interactive):
        raise SettingsError(
            "opening a shell: there is no terminal", hint="Give a command to run: mlflow-azure ssh ps -ef"
        )
    from mlflow_azure.deployment.deployed_site import deployed_site
    from mlflow_azure.kudu import ssh_session
    from mlflow_azure.kudu.scm_site import Kudu

    site = run.wait(lambda: deployed_site(run.azure, run.settings, "opening a shell"))
    site.refuse_stopped("opening a shell")
    if not run.cloud.runs_containers:
        raise MlflowAzureError(
            "opening a shell: the emulator runs web apps as processes here, so there is no container to enter",
            hint="For the server's log: mlflow-azure logs. For how the emulator runs web apps, and why: "
            "mlflow-azure emulator status",
            code="NoContainer",
        )
    kudu = Kudu(run.azure, site.name, site.scm_host, run.console.note)
    with ssh_session.session(kudu, run.deadline, run.console.note) as session:
        if as_json:
            return _captured(run, session, line)
        if line:
            return session.run(line, terminal)
        with terminal.raw():
            return session.shell(terminal, os.environ.get("TERM") or "xterm-256color")


def _captured(run: Invocation, session: Session, line: str) -> int:
    capture = Capture()
    status = session.run(line, capture)
    run.answer(SshAnswer(status, capture.output, capture.errors))
    return status
