"""The log of a deployed web app: the last lines, and what comes, over Kudu.

The platform (App Service) and the container write files of their own; here they are one log, in order of time.
"""

from __future__ import annotations

import queue
import re
import threading
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from mlflow_azure.errors import MlflowAzureError, SettingsError
from mlflow_azure.secret import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mlflow_azure.deadline import Deadline
    from mlflow_azure.kudu.scm_site import Kudu, LogFile

PLATFORM = "platform"
CONTAINER = "container"

_TIMED = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?Z?:? (.*)", re.DOTALL)
_PLATFORM = re.compile(r"(?:INFO|WARN|ERROR)\s+- ")
_NOT_LOGGED = re.compile(
    r"$|\S*/LogFiles/kudu/trace/|/\S+\.(?:log|txt)\b|Starting Log Tail|Ending Log Tail|Starting Live Log Stream"
    r"|\s*Welcome, you are now connected|\s*No new trace in the past"
    r"|\s*(?:\w+ )+Request, url: \S+, method: \w+, type: request|\s*Outgoing response, type: response"
)
"""What the log stream says of itself, and Kudu of the requests to it: it follows its own traces, too.

https://github.com/microsoft/vscode-azureappservice/issues/2580 shows them.
"""

_ENDED = re.compile(r"failing site start|terminated during site startup|exited with status", re.IGNORECASE)
"""What the platform says of a container that ended by itself, once each time. No page of Microsoft's lists its words;
logs with them: github.com/runwhen-contrib/rw-cli-codecollection/pull/513, and those of the newer platform from memory.
"""

_READY = re.compile(r"is ready to serve requests|Site started|startup probe succeeded", re.IGNORECASE)
"""What the platform says of a container that answers, the newer one in the last two ways; sources as above."""

_PULL_REFUSED = re.compile(r"unauthorized|denied|Image pull failed: Verify", re.IGNORECASE)
"""What the platform says where the registry does not let it pull: https://github.com/microsoft/AzureTRE/issues/924."""

_ANSWERED = re.compile(r'"[A-Z]+ \S+ HTTP/\d(?:\.\d)?" \d{3}\b')
"""A line of the access log of gunicorn, or of uvicorn."""

_AGE = re.compile(r"(\d+)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_REMEMBERED = 2000
_ATTEMPTS = 8
_LONGEST_PAUSE = 30.0
_BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Line:
    """One line of the log.

    Attributes:
        time: When it was written, where the log says so.
        source: Who wrote it: "platform" (App Service) or "container".
        text: What it says, without secrets.

    """

    time: datetime | None
    source: str
    text: str

    def __str__(self) -> str:
        return f"{self.time:%Y-%m-%dT%H:%M:%S.%f}Z {self.text}" if self.time else self.text


def parse(text: str, *, source: str = CONTAINER) -> Line:
    """Take a line apart: "2024-05-17T09:30:00.1234567Z Booting worker"; the platform's go on "INFO  - Pulling"."""
    matched = _TIMED.fullmatch(text)
    if matched is None:
        return Line(None, source, redact(text))
    day, clock, fraction, said = matched.groups()
    time = datetime.fromisoformat(f"{day}T{clock}.{(fraction or '0')[:6].ljust(6, '0')}+00:00")
    return Line(time, PLATFORM if _PLATFORM.match(said) else source, redact(said))


def tells_of_an_end(line: Line) -> bool:
    """Whether the platform says that the container ended by itself, or did not answer in time."""
    return line.source == PLATFORM and bool(_ENDED.search(line.text))


def tells_of_a_start(line: Line) -> bool:
    """Whether the platform says that the container answers."""
    return line.source == PLATFORM and bool(_READY.search(line.text))


def tells_of_a_request(line: Line) -> bool:
    """Whether a container says that it answered one, as the old one does while a new one cannot start."""
    return bool(_ANSWERED.search(line.text))


def tells_of_a_refused_pull(line: Line) -> bool:
    """Whether the platform says that the registry does not let it pull the image."""
    return line.source == PLATFORM and bool(_PULL_REFUSED.search(line.text))


def since(text: str, now: datetime) -> datetime:
    """The point in time that `--since` means: an age (90s, 15m, 2h, 1d) or a time in ISO 8601, UTC unless it says.

    Raises:
        SettingsError: It is neither.

    """
    if age := _AGE.fullmatch(text):
        return now - timedelta(**{_UNITS[age[2]]: int(age[1])})
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(
            f"--since {text!r} is neither a duration nor a time", hint="Such as: --since 15m, --since 2024-05-17T09:30"
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def recent(kudu: Kudu, *, tail: int | None = None, after: datetime | None = None) -> list[Line]:
    """What was logged, oldest first.

    Args:
        kudu: Where it is read.
        tail: How many of the last lines; None for all.
        after: Leave out what was logged before.

    Raises:
        MlflowAzureError: It cannot be read.

    """
    begin = after or _BEGINNING
    dated: list[tuple[datetime, Line]] = []
    for file in kudu.log_files():
        if file.updated >= begin.replace(microsecond=0):
            dated += deque(_dated(_parsed(kudu, file), begin), maxlen=tail)
    dated.sort(key=lambda pair: pair[0])
    return [line for _, line in (dated[-tail:] if tail else dated if tail is None else [])]


def _parsed(kudu: Kudu, file: LogFile) -> Iterator[Line]:
    source = CONTAINER if "_default_docker" in file.name else PLATFORM
    return (parse(text, source=source) for text in kudu.lines(file) if text)


def _dated(lines: Iterable[Line], begin: datetime) -> Iterator[tuple[datetime, Line]]:
    """The lines not before `begin`, with their times; one without a time belongs to the one before it."""
    time = _BEGINNING
    for line in lines:
        time = line.time or time
        if time >= begin:
            yield time, line


@dataclass(frozen=True)
class _End:
    """The end of a log stream, and why."""

    error: Exception | None

    @property
    def may_pass(self) -> bool:
        """Whether it is worth trying again: not where Azure refused, nor where we have a fault."""
        error = self.error
        return error is None or (isinstance(error, MlflowAzureError) and error.exit_code == MlflowAzureError.exit_code)


class Follower:
    """Follows the log, connecting again when the stream is cut.

    Args:
        kudu: Where it is read.
        deadline: When to stop.
        shown: The last lines that are known already: a stream begins by repeating what there is.
        tell: Hears of cuts.

    """

    def __init__(self, kudu: Kudu, deadline: Deadline, shown: Iterable[Line], tell: Callable[[str], None]) -> None:
        self._kudu = kudu
        self._deadline = deadline
        self._tell = tell
        known = list(shown) or recent(kudu, tail=1)
        times = [line.time for line in known if line.time] or [_BEGINNING]
        self._earliest, self._latest = min(times), max(times)
        self._seen = deque(map(_key, known), maxlen=_REMEMBERED)

    def lines(self) -> Iterator[Line]:
        """The lines, as they come, without end.

        Raises:
            TimedOutError: The deadline passed.
            MlflowAzureError: The stream cannot be opened, or, once cut, not again.

        """
        failures = 0
        while True:
            news = self._open()
            while isinstance(found := self._deadline.get(news), Line):
                if self._is_new(found):
                    failures = 0
                    yield found
            failures += 1
            if found.error and (failures >= _ATTEMPTS or not found.may_pass):
                raise found.error
            if failures == 1:
                self._tell(f"{found.error or 'The log stream ended'}. Reconnecting.")
            self._deadline.sleep(min(2.0 ** (failures - 1), _LONGEST_PAUSE))
            yield from self._missed()

    def _open(self) -> queue.Queue[Line | _End]:
        """Read the stream in a thread: a blocked read sees neither Ctrl+C on Windows nor the deadline."""
        news: queue.Queue[Line | _End] = queue.Queue()

        def pump() -> None:
            try:
                with self._kudu.log_stream() as lines:
                    for text in lines:
                        if not _NOT_LOGGED.match((line := parse(text)).text):
                            news.put(line)
            except Exception as error:  # noqa: BLE001 - raised again by who reads the queue
                news.put(_End(error))
            else:
                news.put(_End(None))

        threading.Thread(target=pump, daemon=True, name="log stream").start()
        return news

    def _missed(self) -> Iterator[Line]:
        """What was logged while there was no stream; where that cannot be read, the stream will say why."""
        try:
            lines = self._deadline.call(lambda: recent(self._kudu, after=self._latest))
        except MlflowAzureError:
            return
        yield from filter(self._is_new, lines)

    def _is_new(self, line: Line) -> bool:
        key = _key(line)
        if line.time is None:
            return True
        if line.time < self._earliest or key in self._seen:
            return False
        self._seen.append(key)
        self._latest = max(self._latest, line.time)
        return True


def _key(line: Line) -> tuple[datetime | None, str]:
    """What is the same of a line in the file and in the stream."""
    return line.time, line.text
