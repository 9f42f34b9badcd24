"""The command line in processes that are forked from this one, which has imported it: that saves half a second each.

Nothing else is other than in a run of a user's: a process of its own, pipes, a clean environment, its signals.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import logging
import os
import re
import select
import signal
import sys
import tempfile
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from mlflow_azure.azure.request_log import LOGGER
from mlflow_azure.cli.start import main
from mlflow_azure.emulator import launcher
from tests.support.command import Result

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlflow_azure.emulator.home import Home
    from tests.support.command import Command

STALL_SECONDS = 60


@dataclass(frozen=True)
class Disturbance:
    """What happens as soon as a request is answered.

    Attributes:
        method: Its method.
        path: A regular expression for its path.
        count: Which of those it is.
        came: A file that is made then.
        signal: The number of a signal that comes. 0: the thread that sent the request goes on after `wait`.
        wait: Returns when it may.

    """

    method: str
    path: str
    count: int
    came: Path | None = None
    signal: int = 0
    wait: Callable[[], object] = lambda: time.sleep(STALL_SECONDS)

    def is_at(self, method: str, path: str) -> bool:
        """Whether a request is one of those that count."""
        return method == self.method and re.search(self.path, path) is not None

    def install(self) -> None:
        """Watch the requests of this process."""
        LOGGER.addHandler(_Disturb(self))
        LOGGER.setLevel(logging.DEBUG)


def note_requests(file: Path) -> None:
    """Note the requests of this process in a file: when, and what."""
    handler = logging.FileHandler(file)
    handler.setFormatter(logging.Formatter("%(created)f %(message)s"))
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.DEBUG)


def noted_requests(file: Path, began: float) -> list[dict[str, Any]]:
    """What was noted: `method`, `path`, and `after` how many seconds it was answered."""
    found = []
    for line in file.read_text().splitlines():
        at, _, told = line.partition(" ")
        method, path = _request(told)
        found.append({"method": method, "path": path, "after": float(at) - began})
    return found


def _request(told: str) -> tuple[str, str]:
    """The method and the path of a request that was told."""
    method, where = told.split(" ")[:2]
    return method, "/" + where.partition("/")[2]


class _Disturb(logging.Handler):
    def __init__(self, wanted: Disturbance) -> None:
        super().__init__()
        self._wanted, self._left = wanted, wanted.count

    def emit(self, record: logging.LogRecord) -> None:
        if not self._wanted.is_at(*_request(record.getMessage())):
            return
        self._left -= 1
        if self._left:
            return
        if self._wanted.came:
            self._wanted.came.touch()
        if self._wanted.signal:
            os.kill(os.getpid(), self._wanted.signal)
            return
        self.release()  # the other threads go on
        self._wanted.wait()
        self.acquire()


@dataclass
class Running:
    """A command under way."""

    pid: int
    output: Path

    def result(self) -> Result:
        """How it ended; waits for that."""
        _, status = os.waitpid(self.pid, 0)
        texts = [(self.output / name).read_text(errors="replace") for name in ("stdout", "stderr")]
        with suppress(FileNotFoundError):
            _import((self.output / "modules").read_text().split())
        return Result(os.waitstatus_to_exitcode(status), *texts)


@dataclass
class Paused(Running):
    """A command that waits after a request, if it comes so far, until it is told to go on."""

    reached: int = 0
    go_on: int = 0

    def wait(self) -> bool:
        """Whether it came so far; returns when it has, or has ended."""
        select.select([self.reached], [], [])
        return bool(os.read(self.reached, 1))

    def result(self) -> Result:
        """Let it go on, and see how it ended."""
        for end in (self.go_on, self.reached):
            os.close(end)
        return super().result()


@dataclass
class Forked:
    """The command line of `command`."""

    command: Command
    _outputs: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="campaign-")))
    _number: int = 0

    def __call__(self, *arguments: str, before: Callable[[], object] = lambda: None) -> Result:
        """Run it; `before` is done first, in its process."""

        def run() -> None:
            before()
            sys.argv = ["mlflow-azure", *arguments]
            main()

        output = self._output()
        return Running(self._fork(run, output), output).result()

    def paused(self, *arguments: str, at: Disturbance) -> Paused:
        """Begin it, to wait where it would be disturbed."""
        (reached, reaching), (waiting, go_on) = os.pipe(), os.pipe()

        def run() -> None:
            os.close(reached)
            os.close(go_on)

            def wait() -> None:
                os.write(reaching, b".")
                os.read(waiting, 1)

            replace(at, wait=wait).install()
            sys.argv = ["mlflow-azure", *arguments]
            main()

        output = self._output()
        started = Paused(self._fork(run, output), output, reached, go_on)
        os.close(reaching)
        os.close(waiting)
        return started

    def start_emulator(self, home: Home) -> Running:
        """Start the emulator of a home, and wait until it answers."""
        from mlflow_azure.emulator.__main__ import main as serve

        def run() -> None:
            os.setsid()
            signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # so that it leaves its modules
            sys.argv = ["mlflow-azure-emulator", "--home", str(home.root)]
            serve()

        output = self._output()
        pid = self._fork(run, output)
        while launcher.endpoint(home) is None:
            if os.waitpid(pid, os.WNOHANG)[0]:
                raise RuntimeError((output / "stderr").read_text())
            time.sleep(0.02)
        return Running(pid, output)

    def _output(self) -> Path:
        self._number += 1
        output = self._outputs / str(self._number % 64)
        output.mkdir(exist_ok=True)
        (output / "modules").unlink(missing_ok=True)
        return output

    def _fork(self, run: Callable[[], object], output: Path) -> int:
        gc.freeze()
        pid = os.fork()
        if pid == 0:
            _be_a_command(run, output, self.command)
        return pid


def _be_a_command(run: Callable[[], object], output: Path, command: Command) -> NoReturn:
    code = 1
    atexit._clear()
    atexit.register(_leave_modules, output)
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        environment = command.environment()
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(command.directory)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, name in ((1, "stdout"), (2, "stderr")):
            os.dup2(os.open(output / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
        run()
        code = 0
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
    _leave_modules(output)
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _leave_modules(output: Path) -> None:
    """Say what was imported."""
    with suppress(OSError):
        (output / "modules").write_text("\n".join(sys.modules))


def _import(names: list[str]) -> None:
    """Have what a command imported at hand for the next."""
    for name in names:
        if name not in sys.modules:
            with suppress(ImportError):
                importlib.import_module(name)
