"""Start, stop, query and reset the emulator of a home, from another process."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.home import Home, default_home
from mlflow_azure.emulator.locks import exclusive, is_held
from mlflow_azure.emulator.state import State, StateError, previous

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_LOOK_SECONDS = 0.02
_LOG_LINES = 20
_LEASH = Path(__file__).with_name("runtime") / "leash.py"
_GRACE_SECONDS = "1"
_ROOM = 256 * 1024  # bytes; less than a first deploy writes
_KEPT = (
    "What was deployed is kept. Fix what is described above, then run the command again. To delete everything instead: "
    "mlflow-azure emulator reset"
)


class EmulatorError(Exception):
    """The emulator could not be started, stopped or queried. The text says why; `hint` says what to do."""

    def __init__(self, message: str, hint: str = _KEPT) -> None:
        super().__init__(message)
        self.hint = hint


def start(home: Home | None = None, *, on_demand: bool = False) -> dict[str, Any]:
    """Start the emulator in the background, wait until it responds, and return the content of its endpoint file.

    Does nothing if it is already running; two concurrent starts result in one emulator.

    Args:
        home: The directory of its files.
        on_demand: Whether it is started only because a command needs it: see `runs_on_demand`.

    Raises:
        EmulatorError: It did not start.

    """
    home = home or default_home()
    with exclusive(home.start_lock):
        running = is_held(home.daemon_lock)
        if not running:
            _clean_up(home)
        found = _wait_for_endpoint(home, None if running else _launch(home))
        if not on_demand:
            home.on_demand_file.unlink(missing_ok=True)
        elif not running:
            home.on_demand_file.touch()
        return found


@contextmanager
def passing(home: Home | None = None) -> Iterator[dict[str, Any]]:
    """Give the endpoint of a temporary emulator, as a new one with this home would be, without writing to the home.

    It ends with the calling process, however that ends.

    Raises:
        EmulatorError: It did not start.
        OSError: This home cannot be used.

    """
    home = home or default_home()
    _refuse_impossible(home.root)
    with tempfile.TemporaryDirectory(prefix="mlflow-azure-", ignore_cleanup_errors=True) as directory:
        brief = Home(Path(directory) / "emulator")
        brief.root.mkdir(mode=0o700)
        state = State(brief.state_file)
        state.section("identity")["subscription_id"] = home.subscription_id
        state.save()
        daemon = _launch(brief, (sys.executable, "-I", "-S", str(_LEASH), _GRACE_SECONDS), stdin=subprocess.PIPE)
        with daemon:  # its end closes the pipe, which ends the leashed process
            yield _wait_for_endpoint(brief, daemon)


def has_home(home: Home | None = None) -> bool:
    """Whether an emulator with this home exists or existed."""
    file = (home or default_home()).state_file
    return file.exists() or previous(file).exists()


def runs_on_demand(home: Home | None = None) -> bool:
    """Whether the emulator was started because a command needed it, and may stop when it is empty."""
    return (home or default_home()).on_demand_file.exists()


def stop(home: Home | None = None) -> bool:
    """Stop the emulator and every process that it started; return False if it was not running.

    Raises:
        EmulatorError: It does not stop.

    """
    home = home or default_home()
    with exclusive(home.start_lock):
        return _stop(home)


def reset(home: Home | None = None) -> None:
    """Stop the emulator and delete everything in it, including blobs and images."""
    home = home or default_home()
    with exclusive(home.start_lock):
        _stop(home)
        if home.root.exists():
            shutil.rmtree(home.root)


def status(home: Home | None = None) -> dict[str, Any] | None:
    """Return the status of the running emulator; None if it is not running.

    Raises:
        EmulatorError: It is running, but does not respond.

    """
    home = home or default_home()
    found = endpoint(home)
    if found is None:
        return None
    return {**control(found, "GET", "status"), "pid": found["pid"], "home": str(home.root)}


def endpoint(home: Home | None = None) -> dict[str, Any] | None:
    """Return the content of the endpoint file of a running emulator; None if it is not running."""
    home = home or default_home()
    if not is_held(home.daemon_lock) or not home.endpoint_file.exists():
        return None
    content: dict[str, Any] = json.loads(home.endpoint_file.read_text(encoding="utf-8"))
    return content


def control(found: Mapping[str, Any], method: str, path: str, body: Any = None) -> Any:
    """Send a request to the emulator's control interface, and return its JSON response.

    Raises:
        EmulatorError: It does not respond, or refuses.

    """
    url = f"{found['control']}/{path}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)  # noqa: S310 - the URL is the endpoint file's, always https
    trust = ssl.create_default_context(cafile=found["ca_file"])
    # Without proxies: the emulator is on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust))
    try:
        with opener.open(request, timeout=30) as answer:
            content = answer.read()
    except OSError as error:
        raise EmulatorError(f"requesting {method} {url}: {error}") from error
    return json.loads(content) if content else None


def _launch(home: Home, leash: Sequence[str] = (), stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    _check(home)
    command = [*leash, sys.executable, "-m", "mlflow_azure.emulator", "--home", str(home.root)]
    with home.log_file.open("ab") as log:
        return subprocess.Popen(command, stdin=stdin, stdout=log, stderr=log, start_new_session=True, cwd=home.root)


def _check(home: Home) -> None:
    """Report problems here that the daemon could only report in its log, or not at all.

    Raises:
        EmulatorError: The contents of the home cannot be read.
        OSError: There is no room in it, or it cannot be written to.

    """
    home.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        State(home.state_file)
    except StateError as error:
        raise EmulatorError(f"starting the emulator: {error}", error.hint) from error
    probe = home.root / "room"
    try:
        probe.write_bytes(bytes(_ROOM))
    finally:
        probe.unlink(missing_ok=True)


def _refuse_impossible(root: Path) -> None:
    """Raise the OSError that creating this directory would."""
    there = next(each for each in (root, *root.parents) if each.exists())
    if not there.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(root))
    if not os.access(there, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(root))


def _wait_for_endpoint(home: Home, daemon: subprocess.Popen[bytes] | None) -> dict[str, Any]:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        found = endpoint(home)
        if found:
            return found
        if daemon and daemon.poll() is not None:
            raise EmulatorError(f"starting the emulator: it exited with code {daemon.returncode}.\n{_log_tail(home)}")
        time.sleep(_LOOK_SECONDS)
    raise EmulatorError(f"starting the emulator: it was not ready after {_START_SECONDS:.0f} s.\n{_log_tail(home)}")


def _stop(home: Home) -> bool:
    running = is_held(home.daemon_lock)
    found = endpoint(home)
    if running and found:
        _signal(found["pid"], signal.SIGTERM)
        if not _ended(home):
            _signal(found["pid"], signal.SIGKILL)
            _ended(home)
    if is_held(home.daemon_lock):
        raise EmulatorError(f"stopping the emulator in {home.root}: it did not stop.\n{_log_tail(home)}")
    _clean_up(home)
    return running


def _ended(home: Home) -> bool:
    deadline = time.monotonic() + _STOP_SECONDS
    while time.monotonic() < deadline:
        if not is_held(home.daemon_lock):
            return True
        time.sleep(_LOOK_SECONDS)
    return False


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return  # it ended by itself in the meantime


def _clean_up(home: Home) -> None:
    """Clean up after a killed daemon."""
    from mlflow_azure.emulator.runtime.children import end_leftovers  # needs a package from the extra

    end_leftovers(home.root)
    home.endpoint_file.unlink(missing_ok=True)


def _log_tail(home: Home) -> str:
    if not home.log_file.exists():
        return ""
    lines = home.log_file.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:]
    return "\n".join([f"The end of {home.log_file}:", *lines])
