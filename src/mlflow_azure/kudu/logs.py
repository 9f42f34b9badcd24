"""The log of a deployed web app, from Kudu: the last lines, and new ones.

The platform (App Service) and the container write separate files; here they are merged in chronological order.
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
"""Messages of the log stream about itself, and of Kudu about requests to it: it also streams its own traces.

https://github.com/microsoft/vscode-azureappservice/issues/2580 shows them.
"""

_ENDED = re.compile(r"failing site start|terminated during site startup|exited with status", re.IGNORECASE)
"""The platform's messages about a container that exited, once each time. Microsoft does not document them;
examples: github.com/runwhen-contrib/rw-cli-codecollection/pull/513, and those of the newer platform from memory.
"""

_READY = re.compile(r"is ready to serve requests|Site started|startup probe succeeded", re.IGNORECASE)
"""The platform's messages about a container that responds; the last two are the newer platform's. Sources as above."""

_PULL_REFUSED = re.compile(r"unauthorized|denied|Image pull failed: Verify", re.IGNORECASE)
"""The platform's message if the registry denies the pull: https://github.com/microsoft/AzureTRE/issues/924."""

_ANSWERED = re.compile(r'"[A-Z]+ \S+ HTTP/\d(?:\.\d)?" \d{3}\b')
"""A line of the access log of gunicorn or uvicorn."""

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
        time: When it was written, if the log says so.
        source: Who wrote it: "platform" (App Service) or "container".
        text: Its text, without secrets.

    """

    time: datetime | None
    source: str
    text: str

    def __str__(self) -> str:
        return f"{self.time:%Y-%m-%dT%H:%M:%S.%f}Z {self.text}" if self.time else self.text


def parse(text: str, *, source: str = CONTAINER) -> Line:
    """Parse a line: "2024-05-17T09:30:00.1234567Z Booting worker"; the platform's continue with "INFO  - Pulling"."""
    matched = _TIMED.fullmatch(text)
    if matched is None:
        return Line(None, source, redact(text))
    day, clock, fraction, said = matched.groups()
    time = datetime.fromisoformat(f"{day}T{clock}.{(fraction or '0')[:6].ljust(6, '0')}+00:00")
    return Line(time, PLATFORM if _PLATFORM.match(said) else source, redact(said))


def tells_of_an_end(line: Line) -> bool:
    """Whether the platform reports that the container exited or did not respond in time."""
    return line.source == PLATFORM and bool(_ENDED.search(line.text))


def tells_of_a_start(line: Line) -> bool:
    """Whether the platform reports that the container responds."""
    return line.source == PLATFORM and bool(_READY.search(line.text))


def tells_of_a_request(line: Line) -> bool:
    """Whether it is an access log line, as the old container writes while a new one cannot start."""
    return bool(_ANSWERED.search(line.text))


def tells_of_a_refused_pull(line: Line) -> bool:
    """Whether the platform reports that the registry denies the pull."""
    return line.source == PLATFORM and bool(_PULL_REFUSED.search(line.text))


def since(text: str, now: datetime) -> datetime:
    """Return the time given by `--since`: an age (90s, 15m, 2h, 1d) or ISO 8601, in UTC by default.

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
    """Return the logged lines, oldest first.

    Args:
        kudu: The SCM site.
        tail: Number of last lines; None for all.
        after: Skip lines before this time.

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
    """Yield the lines since `begin`, with times; a line without a time belongs to the one before it."""
    time = _BEGINNING
    for line in lines:
        time = line.time or time
        if time >= begin:
            yield time, line


@dataclass(frozen=True)
class _End:
    """The end of a log stream, with the reason."""

    error: Exception | None

    @property
    def may_pass(self) -> bool:
        """Whether a retry makes sense: not if Azure refused, nor after a bug of ours."""
        error = self.error
        return error is None or (isinstance(error, MlflowAzureError) and error.exit_code == MlflowAzureError.exit_code)


class Follower:
    """Follows the log, reconnecting when the stream is cut.

    Args:
        kudu: The SCM site.
        deadline: When to stop.
        shown: The last lines already shown: a stream begins by repeating existing ones.
        tell: Called when the stream is cut.

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
        """Yield lines as they arrive, without end.

        Raises:
            TimedOutError: The deadline passed.
            MlflowAzureError: The stream cannot be opened, or not reopened.

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
        """Return what was logged while there was no stream; if it cannot be read, reopening the stream will say why."""
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
    """Return what a line has in common in the file and in the stream."""
    return line.time, line.text
