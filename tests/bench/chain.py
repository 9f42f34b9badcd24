"""The longest chain of latencies that a run was served: what no order of the same requests could shorten.

It is made of requests to Resource Manager, and of what Azure was busy with after it had answered one: a long-running
operation, the build of an image, the start of the server. None of these could begin before what ended before it, since
it did not; so the waiting and the Python in between, and those alone, are what a better program would save.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.support.running_emulator import Emulator

PYTHON = 0.5
"""Seconds that a program of Python may take for itself: to start, to import Azure's SDK, to compute."""
_READY = re.compile(r"^(\S+) .* initialized successfully and is ready to serve", re.MULTILINE)
_CONFIGURES = re.compile(r"/Microsoft\.Web/sites/[^/]+(/config/(web|appsettings|azurestorageaccounts))?$")


@dataclass(frozen=True)
class Span:
    """Something that took time, in Unix seconds."""

    began: float
    ended: float


@dataclass(frozen=True)
class Chain:
    """The longest chain.

    Attributes:
        seconds: All of it.
        start: What the server took to start, at its end; 0 where it did not.

    """

    seconds: float
    start: float


def longest_chain(emulator: Emulator, requests: Iterable[dict[str, Any]], ended: float) -> Chain:
    """The longest chain of a run that sent these requests, and was over at a Unix time."""
    sent = sorted(requests, key=lambda each: float(each["began"]))
    answered = [Span(each["began"], each["began"] + each["seconds"]) for each in sent]
    state = json.loads(emulator.home.state_file.read_text(encoding="utf-8"))
    start = [span for span in _start(emulator, sent) if span.ended <= ended]
    work = [span for span in (*_operations(state, sent), *_builds(state, sent)) if span.ended <= ended]
    return Chain(_longest([*answered, *work, *start]), sum(span.ended - span.began for span in start))


def _operations(state: dict[str, Any], sent: list[dict[str, Any]]) -> Iterator[Span]:
    """Of each request that began an operation: from its answer until the operation was done."""
    until = {each["resource"].lower(): each["until"] for each in state["operations"].values()}
    for each in sent:
        answered = each["began"] + each["seconds"]
        done = until.get(each["path"].lower(), 0.0)
        if each["write"] and done > answered:
            yield Span(answered, done)


def _builds(state: dict[str, Any], sent: list[dict[str, Any]]) -> Iterator[Span]:
    for resource, kept in state["resources"].items():
        run = kept["body"].get("properties") or {}
        if "/runs/" in resource and run.get("finishTime") and sent and _unix(run["startTime"]) >= sent[0]["began"]:
            yield Span(_unix(run["startTime"]), _unix(run["finishTime"]))


def _start(emulator: Emulator, sent: list[dict[str, Any]]) -> Iterator[Span]:
    """From the last change of what a web app runs until its container answered."""
    changes = [each for each in sent if each["write"] and _CONFIGURES.search(each["path"])]
    logs = (emulator.home.root / "sites").rglob("*_docker.log")
    ready = [_unix(moment) for log in logs for moment in _READY.findall(log.read_text(encoding="utf-8"))]
    if changes:
        changed = max(each["began"] + each["seconds"] for each in changes)
        yield from (Span(changed, moment) for moment in sorted(ready)[-1:] if moment > changed)


def _longest(spans: list[Span]) -> float:
    chains: list[tuple[float, float]] = []  # when a span ended, and the longest chain until then
    for span in sorted(spans, key=lambda each: each.began):
        before = max((chain for ended, chain in chains if ended <= span.began), default=0.0)
        chains.append((span.ended, before + span.ended - span.began))
    return max((chain for _, chain in chains), default=0.0)


def _unix(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
