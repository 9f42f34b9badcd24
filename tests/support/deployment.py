"""A server that is deployed to an emulator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from support.command import Command, Result
    from support.running_emulator import Emulator

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
