"""A server that is deployed to an emulator."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.running_emulator import Emulator, started

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.command import Command, Result

EMULATOR = ("--cloud", "emulator")


@dataclass(frozen=True)
class Deployment:
    """The command line, the emulator it deployed to, and where the server is reached."""

    cli: Command
    emulator: Emulator
    url: str

    def __call__(self, command: str, *arguments: str, **environ: str) -> Result:
        """A command ("auth enable") on the deployment, answered in text."""
        return self.cli(*command.split(), *EMULATOR, *arguments, **environ)

    def json(self, command: str, *arguments: str, **environ: str) -> Result:
        """A command on the deployment, answered in JSON."""
        return self.cli(*command.split(), *EMULATOR, "--output", "json", *arguments, **environ)


@contextmanager
def deployed(cli: Command, *options: str) -> Iterator[Deployment]:
    """A deployment in an emulator that is started for it, and stopped afterwards."""
    with started(cli) as emulator:
        yield Deployment(cli, emulator, cli("deploy", *EMULATOR, "--output", "json", *options).data["url"])
