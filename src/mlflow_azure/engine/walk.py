"""Runs work over a directed acyclic graph, each node as soon as those before it are done.

Each piece of work has a daemon thread of its own: the Azure SDK blocks and cannot be interrupted, and Ctrl+C or a
deadline must not wait for it.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from mlflow_azure.deadline import Deadline

N = TypeVar("N")


@dataclass(frozen=True)
class Began(Generic[N]):
    """The node's work has begun."""

    node: N


@dataclass(frozen=True)
class Told(Generic[N]):
    """The node's work has something to say, by the `tell` it was given."""

    node: N
    news: Any


@dataclass(frozen=True)
class Ended(Generic[N]):
    """The node's work has ended: with a result, or with an error."""

    node: N
    result: Any = None
    error: Exception | None = None


@dataclass(frozen=True)
class Passed(Generic[N]):
    """The node was not tried, since `cause`, which it had to wait for, failed."""

    node: N
    cause: N


Outcome = Began[N] | Told[N] | Ended[N] | Passed[N]
Work = Callable[[N, Callable[[Any], None]], Any]


def run(before: Mapping[N, Iterable[N]], work: Work[N], deadline: Deadline) -> Iterator[Outcome[N]]:
    """Do `work(node, tell)` for each node of `before` when all of `before[node]` are done, and tell what happens.

    A failure passes over whatever comes after the node; everything else goes on.

    Raises:
        TimedOutError: The deadline passed; work that is under way is left behind.

    """
    waiting = {node: set(nodes) for node, nodes in before.items()}
    failed: dict[N, N] = {}
    news: queue.Queue[Told[N] | Ended[N]] = queue.Queue()
    running = 0
    while waiting or running:
        yield from _pass_over(waiting, failed)
        deadline.check()  # what is begun after it would be left behind at once
        for node in [node for node, left in waiting.items() if not left]:
            del waiting[node]
            running += 1
            _start(node, work, news)
            yield Began(node)
        if not running:
            if waiting:
                raise ValueError(f"these wait for each other, or for what is not in the graph: {list(waiting)}")
            return
        item = deadline.get(news)
        yield item
        if isinstance(item, Ended):
            running -= 1
            if item.error is not None:
                failed[item.node] = item.node
            for left in waiting.values():
                if item.error is None:
                    left.discard(item.node)


def _pass_over(waiting: dict[N, set[N]], failed: dict[N, N]) -> Iterator[Passed[N]]:
    """Take out of `waiting` whatever waits, directly or not, for a node that failed."""
    progress = True
    while progress:
        progress = False
        for node, left in list(waiting.items()):
            cause = next((failed[other] for other in left if other in failed), None)
            if cause is not None:
                del waiting[node]
                failed[node] = cause
                progress = True
                yield Passed(node, cause)


def _start(node: N, work: Work[N], news: queue.Queue[Told[N] | Ended[N]]) -> None:
    def body() -> None:
        try:
            news.put(Ended(node, result=work(node, lambda said: news.put(Told(node, said)))))
        except Exception as error:  # noqa: BLE001 - handed to the caller, who sees every node's end
            news.put(Ended(node, error=error))

    threading.Thread(target=body, daemon=True, name=str(node)).start()
