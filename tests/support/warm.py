"""The command line and the emulator in processes forked from one that has imported them, which saves processor time.

Nothing else is other than in a run of a user's: `python -m mlflow_azure` in a process of its own, with pipes and a
clean environment. What is tested of the start, and what is stopped or signalled, runs in processes that start cold.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess
    from pathlib import Path

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["tests.support.preloaded", __name__])


def run(arguments: tuple[str, ...], directory: Path, environ: Mapping[str, str], stdin: str) -> tuple[int, str, str]:
    """Run the command; its exit code, or the negative number of the signal that ended it, stdout and stderr."""
    (theirs, typed), (shown, stdout), (told, stderr) = (_forks.Pipe(duplex=False) for _ in range(3))
    streams = (theirs, stdout, stderr)
    process = _forks.Process(target=_be, args=(arguments, str(directory), dict(environ), streams), daemon=True)
    process.start()
    for stream in streams:
        stream.close()
    with ThreadPoolExecutor(3) as threads:
        threads.submit(_write, typed, stdin)
        texts = list(threads.map(_read, (shown, told)))
    process.join()
    code = process.exitcode
    process.close()
    assert code is not None
    return code, texts[0], texts[1]


def start_emulator(root: Path, log: Path, environ: Mapping[str, str]) -> BaseProcess:
    """Start the emulator with its home at `root`, as the launcher does: in the background, in a session of its own."""
    process = _forks.Process(target=_be_emulator, args=(str(root), str(log), dict(environ)), daemon=True)
    process.start()
    return process


def _write(stream: Connection, text: str) -> None:
    with open(stream.fileno(), "w", encoding="utf-8", closefd=False) as file:
        file.write(text)
    stream.close()


def _read(stream: Connection) -> str:
    with stream, open(stream.fileno(), encoding="utf-8", closefd=False) as file:
        return file.read()


def _be(arguments: tuple[str, ...], directory: str, environ: dict[str, str], streams: tuple[Connection, ...]) -> None:
    """Be the command, which ends the process."""
    for number, end in enumerate(streams):
        os.dup2(end.fileno(), number)
        end.close()
    _run("mlflow_azure", ["mlflow-azure", *arguments], directory, environ)


def _be_emulator(root: str, log: str, environ: dict[str, str]) -> None:
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number in (1, 2):
        os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), number)
    _run("mlflow_azure.emulator", ["mlflow-azure-emulator", "--home", root], root, environ)


def _run(module: str, argv: list[str], directory: str, environ: dict[str, str]) -> None:
    """Run a module as `python -m` does, with the standard streams that were opened."""
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False, errors="backslashreplace", buffering=1)
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(directory)
    tempfile.tempdir = None
    sys.argv = argv
    runpy.run_module(module, run_name="__main__", alter_sys=True)
