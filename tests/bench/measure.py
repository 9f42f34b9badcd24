"""Processes timed from start to end, contenders in turn, and what is made of the figures."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Thread
from typing import TYPE_CHECKING, Self

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

_MEGABYTE = 1024 if sys.platform == "linux" else 1024 * 1024  # ru_maxrss is in KiB on Linux, in bytes on macOS


@dataclass(frozen=True)
class Spread:
    """Figures of one kind, from several rounds."""

    figures: tuple[float, ...]

    @classmethod
    def of(cls, figures: Iterable[float]) -> Spread:
        return cls(tuple(figures))

    def __truediv__(self, other: Spread) -> Spread:
        """The ratios of each round: what was measured side by side."""
        return Spread.of(mine / its for mine, its in zip(self.figures, other.figures, strict=True))

    @property
    def median(self) -> float:
        return statistics.median(self.figures)

    def __str__(self) -> str:
        return f"{min(self.figures):.2f} / {self.median:.2f} / {max(self.figures):.2f}"


@dataclass(frozen=True)
class Done:
    """A process that ended well.

    Attributes:
        seconds: Wall time from its start to its end.
        stdout: What it wrote.

    """

    seconds: float
    stdout: str


def run(arguments: Sequence[str], environ: Mapping[str, str]) -> Done:
    """Run a process to its end.

    Raises:
        RuntimeError: It failed.

    """
    began = time.perf_counter()
    done = subprocess.run(
        arguments, env=dict(environ), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments[:6])} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return Done(seconds, done.stdout)


# Linux counts what a process was before its exec, too: the one in between is smaller than all that are measured.
_PEAK = """
import os, sys
process = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, 2, 1)])
_, status, usage = os.wait4(process, 0)
os.write(3, str(usage.ru_maxrss).encode())
sys.exit(os.waitstatus_to_exitcode(status))
"""


def peak_megabytes(arguments: Sequence[str], environ: Mapping[str, str]) -> float:
    """The most memory that a process had resident at once, in MB."""
    with tempfile.NamedTemporaryFile() as answer:
        shell = ["sh", "-c", f'exec "$@" 3>{answer.name}', "sh"]
        run([*shell, sys.executable, "-I", "-S", "-c", _PEAK, *arguments], environ)
        return int(answer.read()) / _MEGABYTE


def in_turn(contenders: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, Spread]:
    """Each contender once in each round, so that what else the machine does falls on all of them."""
    figures: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds):
        for name, contend in contenders.items():
            figures[name].append(contend())
            print(f"round {number + 1} of {rounds}: {name}: {figures[name][-1]:.2f}", file=sys.stderr)
    return {name: Spread.of(each) for name, each in figures.items()}


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)


def pss_megabytes(process: psutil.Process) -> float:
    """The memory of a process and of all that it has started; what they share is counted once."""
    total = 0
    for each in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            total += each.memory_full_info().pss
    return total / 1_000_000


def cpu_seconds(process: psutil.Process) -> float:
    """What a process and all that it has started have computed so far: what else the machine does is not in it."""
    times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return sum(each.user + each.system for each in times)


class Watched:
    """The memory of some processes, looked at all the time for the length of a `with` block.

    Attributes:
        most: Of the one that had most at any time, in MB.

    """

    def __init__(self, processes: Sequence[psutil.Process]) -> None:
        self._processes = processes
        self._over = Event()
        self.most = 0.0

    def __enter__(self) -> Self:
        self._thread = Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def now(self) -> float:
        """Of the one that has most, in MB."""
        return max(pss_megabytes(each) for each in self._processes)

    def _watch(self) -> None:
        while not self._over.wait(0.2):
            self.most = max(self.most, self.now())
