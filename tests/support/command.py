"""Runs the real command line as a user would: another process, real pipes, a clean environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.support import warm
from tests.support.light_servers import make_cache

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Result:
    """What a command did."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def answer(self) -> dict[str, Any]:
        """stdout as the one JSON document that it must be."""
        return json.loads(self.stdout)

    @property
    def data(self) -> dict[str, Any]:
        """The data of a command that must have done its work."""
        assert self.exit_code == 0, self.stderr
        assert self.answer["status"] == "ok"
        assert self.answer["errors"] == []
        return self.answer["data"]

    @property
    def errors(self) -> list[dict[str, str]]:
        """The errors of a command that must have failed."""
        assert self.exit_code != 0, self.stdout
        assert self.answer["status"] == "failed"
        return self.answer["errors"]


@dataclass(frozen=True)
class Command:
    """`mlflow-azure`, run in a directory of its own, with no environment but what it needs and `environ`."""

    directory: Path
    environ: dict[str, str]

    def __call__(self, *arguments: str, stdin: str = "", **environ: str) -> Result:
        return Result(*warm.run(arguments, self.directory, self.environment(**environ), stdin))

    def cold(self, *arguments: str, **environ: str) -> Result:
        """The same in a process that imports everything by itself, for what depends on that."""
        process = self.start(*arguments, **environ)
        stdout, stderr = process.communicate()
        return Result(process.returncode, stdout, stderr)

    def start(self, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        """The command as a running process, for those that do not end by themselves."""
        return subprocess.Popen(
            [sys.executable, "-m", "mlflow_azure", *arguments],
            cwd=self.directory,
            env=self.environment(**environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def environment(self, **environ: str) -> dict[str, str]:
        """The process environment: the user's settings and sign-in must not reach a test."""
        passed = (
            "PATH",
            "HOME",
            "LANG",
            "SSL_CERT_FILE",
            "REQUESTS_CA_BUNDLE",
            "XDG_CACHE_HOME",
            "TMPDIR",
            "SYSTEMROOT",
        )
        prefixes = ("PIP_", "UV_", "npm_", "NODE_")
        installers = {name: value for name, value in os.environ.items() if name.startswith(prefixes)}
        kept = {name: os.environ[name] for name in passed if name in os.environ}
        return {**kept, **installers, **self.environ, **environ}

    def of(self, group: str) -> Command:
        """The command line for another deployment in the same Azure: another group, and so other names."""
        return Command(self.directory, {**self.environ, "RG_NAME": group})


def isolated(directory: Path, *, light: bool = False) -> Command:
    """The command line with a directory to work in and an emulator home of its own, and no Azure account.

    Args:
        light: Whether a small server takes the place of MLflow and of Azurite in the emulator: it starts at once.

    """
    work = directory / "work"
    work.mkdir()
    environ = {
        "MLFLOW_AZURE_EMULATOR_HOME": str(directory / "emulator"),
        "MLFLOW_AZURE_EMULATOR_RUNTIME": "process",
        "AZURE_CONFIG_DIR": str(directory / "azure"),
        "COLUMNS": "160",
    }
    if light:
        environ |= make_cache(directory / "cache")
    return Command(work, environ)
