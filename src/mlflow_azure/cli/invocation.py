"""What every command has: common options, settings, console, and Azure on demand."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from mlflow_azure import console
from mlflow_azure.azure.clouds import REMOTE_CLOUDS, Cloud, CloudName
from mlflow_azure.cli.completion import settings_files
from mlflow_azure.cli.signals import ignore_signals
from mlflow_azure.cli.target import aimed
from mlflow_azure.deadline import Deadline
from mlflow_azure.errors import SettingsError, SeveralErrors, understanding
from mlflow_azure.settings import Loaded, Options, Settings, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.azure.credential import Credential
    from mlflow_azure.cli.answer import Answer
    from mlflow_azure.errors import MlflowAzureError
    from mlflow_azure.events import Event, Warned


T = TypeVar("T")

# Without a handler, Python prints the SDK's warnings; the relevant ones are in our own errors.
logging.getLogger("azure").addHandler(logging.NullHandler())


class Output(StrEnum):
    """How a command answers on stdout."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True)
class Common:
    """The options that every command has."""

    settings: Annotated[
        Path | None,
        typer.Option(
            "--settings",
            metavar="FILE",
            help="Settings file. [default: mlflow-azure.env in this directory, if there is one]",
            show_default=False,
            autocompletion=settings_files,
        ),
    ] = None
    cloud: Annotated[CloudName, typer.Option("--cloud", help="Which Azure to use; the emulator needs no account.")] = (
        CloudName.PUBLIC
    )
    output: Annotated[Output, typer.Option("--output", "-o", help="Text for people, JSON for programs.")] = Output.TEXT
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Show more detail: requests, and the traceback of an error.")
    ] = False
    timeout: Annotated[
        float | None,
        typer.Option(
            "--timeout", metavar="SECONDS", min=1, help="Give up after this many seconds.", show_default=False
        ),
    ] = None


class Invocation:
    """One run of a command.

    Attributes:
        command: Its name, as in the JSON answer: "deploy".
        common: The options that every command has.
        console: Where it writes.
        deadline: When it times out.
        achieved: What has been done so far, for the answer of a command that fails.
        preview: Whether it only reads, and may preview a new emulator that does not exist yet.
        at_the_end: What to close when it ends.

    """

    def __init__(self, command: str, common: Common, options: Options, *, within: Invocation | None = None) -> None:
        """Begin a run, or continue one `within` its deadline with other options and settings."""
        self.command = command
        self.common = common
        self.options = options
        self.deadline: Deadline = within.deadline if within else Deadline(common.timeout)
        self.console = console.create(
            output=common.output.value,
            verbose=common.verbose,
            environ=os.environ,
            stdin=sys.stdin,
            stdout=sys.stdout,
            stderr=sys.stderr,
            told=self.aimed,
            deadline=self.deadline,
        )
        if common.verbose and not within:
            _show_requests(self.console)
        self.achieved: dict[str, object] = {}
        self.preview = False
        self.at_the_end: ExitStack = within.at_the_end if within else ExitStack()

    @cached_property
    def loaded(self) -> Loaded:
        """The settings known without asking Azure. Raises SettingsError."""
        return load(self.options, os.environ, self.common.settings, Path.cwd())

    @cached_property
    def cloud(self) -> Cloud:
        """The cloud; starts the emulator if it is not running."""
        if self.common.cloud is CloudName.EMULATOR:
            from mlflow_azure.cli.emulated import running_cloud

            preview = self.at_the_end if self.preview else None
            return self.deadline.call(lambda: running_cloud(self.console, self.command, preview))
        return REMOTE_CLOUDS[self.common.cloud]

    @cached_property
    def credential(self) -> Credential:
        """The credential, which signs in when first asked for a token."""
        from mlflow_azure.azure.credential import Credential
        from mlflow_azure.azure.subscription import known_to_az

        return Credential(self.cloud, known_to_az(self.cloud, os.environ, self.loaded.given("SUBSCRIPTION_ID")))

    @cached_property
    def settings(self) -> Settings:
        """All settings. Asks Azure for the subscription if none is set."""
        loaded = self.loaded  # report errors before asking Azure for anything
        given = loaded.given("SUBSCRIPTION_ID")
        if given is None:
            from mlflow_azure.azure.subscription import choose

            cloud = self.cloud
            given = self.deadline.call(lambda: choose(cloud, self.credential, os.environ))
        return loaded.resolve(given)

    def settings_with(self, values: Options) -> Settings:
        """The settings of the same deployment with some values changed."""
        options = {**self.options, **values}
        return load(options, os.environ, self.common.settings, Path.cwd()).resolve(self.settings.subscription_id)

    @cached_property
    def azure(self) -> Azure:
        """Azure, as the signed-in user sees the subscription of the settings."""
        from mlflow_azure.azure.clients import Azure

        azure = Azure(self.cloud, self.credential, self.settings.subscription_id, self.deadline)
        self.credential.ask_early(self.cloud.scope)
        return azure

    def answer(self, answer: Answer, *, goes_on: bool = False) -> None:
        """Write the command's result. Unless it `goes_on`, a signal no longer changes the outcome."""
        if not goes_on:
            ignore_signals()
        self.console.result(self.command, answer.data(), answer.text())

    def verdict(self, answer: Answer, problems: Sequence[MlflowAzureError]) -> int:
        """Write the result of a command that may have found problems; return the first one's exit code."""
        ignore_signals()
        self.console.result(self.command, answer.data(), answer.text(), problems)
        return problems[0].exit_code if problems else 0

    def watch(self, events: Iterable[Event]) -> None:
        """Show progress until the events end or raise."""
        self.console.watch(events)

    def note(self, message: str) -> None:
        """Print a note."""
        self.console.note(message)

    def warn(self, warnings: Iterable[Warned]) -> None:
        """Print warnings."""
        for warned in warnings:
            self.console.warn(warned.message, warned.hint)

    def wait(self, work: Callable[[], T], doing: str = "Reading what is in Azure") -> T:
        """Return the result of a blocking call, within the deadline; a terminal shows what it is doing."""
        with self.console.busy(doing), understanding(doing):
            return self.deadline.call(work)

    @property
    def agreed_beforehand(self) -> bool:
        """Whether `--yes` was given."""
        return self.common.yes

    def confirm(self, question: str) -> bool:
        """Ask for consent, unless `--yes` was given."""
        return self.agreed_beforehand or self.console.confirm(question)

    def require_consent(self, question: str) -> None:
        """Continue only with the user's consent. Raises SettingsError."""
        if not self.confirm(question):
            raise SettingsError(
                "cancelled; nothing was changed",
                hint="To go ahead, run it again and answer y, or add --yes.",
                code="NotConfirmed",
            )

    def aimed(self, text: str) -> str:
        """Return the text with its commands completed for this deployment."""
        return aimed(text, self.common, self._settings_so_far)

    def _settings_so_far(self) -> Loaded | None:
        try:
            return self.loaded
        except (SettingsError, SeveralErrors):
            return None


def _show_requests(out: console.Console) -> None:
    """Log each request."""
    from mlflow_azure.azure.request_log import LOGGER

    class Shown(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            out.detail(record.getMessage())

    LOGGER.addHandler(Shown())
    LOGGER.setLevel(logging.DEBUG)
