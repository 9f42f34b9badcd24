"""The events of a deploy, streams that remember, and a real pseudo-terminal with an emulated screen behind it."""

from __future__ import annotations

import io
import os
import threading
from typing import TYPE_CHECKING, Literal

import pytest

from mlflow_azure.console import Console, create
from mlflow_azure.errors import AzureRefusedError
from mlflow_azure.events import (
    Action,
    Difference,
    Event,
    Failed,
    Finished,
    Planned,
    Progressed,
    Skipped,
    Started,
    Step,
    Warned,
)
from mlflow_azure.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mlflow_azure.deadline import Deadline

PATIENCE = 120.0  # seconds until a test gives up waiting for the screen
_LAST_WORDS = "hung up"


class Steps:
    """The steps of a deploy into a resource group that is there already."""

    group = Step("group", "resource group", "mlflow-rg", Action.KEEP)
    registry = Step("registry", "container registry", "mlflow3f9a1c02", Action.CREATE, "/subscriptions/s/acr")
    plan = Step("plan", "App Service plan", "mlflowappserviceplan", Action.CREATE)
    image = Step("image", "image", "mlflowimage:latest", Action.REPLACE)
    site = Step(
        "site",
        "web app",
        "mlflow-3f9a1c02",
        Action.UPDATE,
        differences=(
            Difference("properties.httpsOnly", before=False, after=True),
            Difference("appSettings.WEBSITES_PORT", before=None, after="5000"),
            Difference("appSettings.KEY", before=Secret("first-key"), after=Secret("second-key")),
        ),
    )
    health = Step("health", "health", "mlflow-3f9a1c02", Action.CHECK)
    every = (group, registry, plan, image, site, health)

    @classmethod
    def until_the_image_is_pushed(cls) -> list[Event]:
        return [
            Planned(cls.every),
            Started(cls.group),
            Finished(cls.group, 0.42),
            Started(cls.registry),
            Started(cls.plan),
            Warned("the registry's admin user is on", "mlflow-azure deploy --identity"),
            Finished(cls.registry, 10.2),
            Started(cls.image),
            Finished(cls.plan, 6.13),
            Progressed(cls.image, "Step 1/2 : FROM python:3.11-slim-bookworm"),
            Progressed(cls.image, "\x1b[1mStep 2/2\x1b[0m : RUN pip install\r\n"),
            Progressed(cls.image, "pushing 11 MB of 100 MB", 0.11),
            Progressed(cls.image, "pushing 55 MB of 100 MB", 0.55),
        ]

    @classmethod
    def deploy(cls) -> list[Event]:
        return [
            *cls.until_the_image_is_pushed(),
            Finished(cls.image, 98.4),
            Started(cls.site),
            Finished(cls.site, 24.6),
            Started(cls.health),
            Finished(cls.health, 31.0),
        ]

    @classmethod
    def failed_deploy(cls) -> list[Event]:
        return [
            *cls.until_the_image_is_pushed(),
            Finished(cls.image, 98.4),
            Started(cls.site),
            Failed(cls.site, 22.6, NAME_TAKEN),
            Skipped(cls.health, "waits for web app"),
        ]


NAME_TAKEN = AzureRefusedError(
    "creating web app mlflow-3f9a1c02: the name is taken",
    hint="choose another: --web-app-name NAME",
    code="Conflict",
)


class Streams:
    """Streams that are no terminal, and the console that writes to them."""

    def __init__(self, *, output: Literal["text", "json"] = "text", verbose: bool = False) -> None:
        self._out, self._err = io.StringIO(), io.StringIO()
        self.console = create(
            output=output,
            verbose=verbose,
            environ={},
            stdin=io.StringIO(),
            stdout=self._out,
            stderr=self._err,
        )

    @property
    def out(self) -> str:
        return self._out.getvalue()

    @property
    def err(self) -> str:
        return self._err.getvalue()


class Terminal:
    """A pseudo-terminal: `stream` is the program's end of it, `lines` is what a person sees, scrolled-off lines too."""

    def __init__(self, columns: int, height: int) -> None:
        pty = pytest.importorskip("pty", reason="Windows has no pseudo-terminals of this kind")
        pyte = pytest.importorskip("pyte")
        self.environ = {"COLUMNS": str(columns), "LINES": str(height), "TERM": "xterm-256color"}
        self._master, slave = pty.openpty()
        self.stream = os.fdopen(slave, "w", encoding="utf-8")
        self.keyboard = os.fdopen(os.dup(slave), encoding="utf-8")
        self.screen = pyte.HistoryScreen(columns, height, history=200, ratio=1.0)
        self._emulator = pyte.ByteStream(self.screen)
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def console(
        self,
        *,
        output: Literal["text", "json"] = "text",
        verbose: bool = False,
        environ: Mapping[str, str] | None = None,
        deadline: Deadline | None = None,
    ) -> Console:
        return create(
            output=output,
            verbose=verbose,
            environ={**self.environ, **(environ or {})},
            stdin=self.keyboard,
            stdout=self.stream,
            stderr=self.stream,
            deadline=deadline,
        )

    def type(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def wait_for(self, *texts: str) -> list[str]:
        """The lines that a person sees once all these texts are there."""
        seen: list[str] = []

        def there() -> bool:
            seen[:] = self.lines
            return all(text in "\n".join(seen) for text in texts)

        self.wait_until(there)
        return seen

    def wait_until(self, condition: Callable[[], bool]) -> None:
        with self._news:
            happened = self._news.wait_for(condition, PATIENCE)
        assert happened, "what was waited for did not appear:\n" + "\n".join(self.lines)

    def hang_up(self) -> None:
        """Close the program's end, once all that was written is on the screen: Linux may drop what is unread then."""
        if self.stream.closed:
            return
        self.stream.write(f"\x1b]2;{_LAST_WORDS}\x07")  # a window title, which moves nothing on the screen
        self.stream.flush()
        self.wait_until(lambda: self.screen.title == _LAST_WORDS)
        self.stream.close()
        self.keyboard.close()
        self._reader.join(PATIENCE)

    @property
    def lines(self) -> list[str]:
        gone = ["".join(line[x].data for x in range(self.screen.columns)) for line in self.screen.history.top]
        return "\n".join(line.rstrip() for line in [*gone, *self.screen.display]).rstrip().split("\n")

    @property
    def shown(self) -> str:
        return "".join(f"{line}\n" for line in self.lines)

    def colour(self, line: str, text: str) -> str:
        """The colour of a text in the one line that contains another."""
        (row,) = (y for y, shown in enumerate(self.screen.display) if line in shown)
        return str(self.screen.buffer[row][self.screen.display[row].index(text)].fg)

    def _read(self) -> None:
        try:
            while data := os.read(self._master, 4096):
                with self._news:
                    self._emulator.feed(data)
                    self._news.notify_all()
        except OSError:  # Linux says so when the other end is closed
            pass
        finally:
            os.close(self._master)
