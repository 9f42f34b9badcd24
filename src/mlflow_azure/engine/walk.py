"""Runs work over a directed acyclic graph, each node as soon as its predecessors are done.

Each piece of work has its own daemon thread: the Azure SDK blocks and cannot be interrupted, and Ctrl+C or a
deadline must not wait for it.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
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
    """The node's work reported progress through its `tell`."""

    node: N
    news: Any


@dataclass(frozen=True)
class Ended(Generic[N]):
    """The node's work has ended with a result or an error."""

    node: N
    result: Any = None
    error: Exception | None = None


@dataclass(frozen=True)
class Passed(Generic[N]):
    """The node was skipped, since its predecessor `cause` failed."""

    node: N
    cause: N


Outcome = Began[N] | Told[N] | Ended[N] | Passed[N]
Work = Callable[[N, Callable[[Any], None]], Any]


def run(before: Mapping[N, Collection[N]], work: Work[N], deadline: Deadline) -> Iterator[Outcome[N]]:
    """Do `work(node, tell)` for each node of `before` when all of `before[node]` are done, and yield events.

    After a failure, the node's successors are skipped; everything else continues.

    Raises:
        ValueError: Nodes wait for each other, or for a node outside the graph.
        TimedOutError: The deadline passed: nothing more is begun, and work in progress is abandoned.

    """
    order = _sorted(before)
    failed: dict[N, N] = {}
    news: queue.Queue[Told[N] | Ended[N]] = queue.Queue()
    running = 0
    while order.is_active():
        for node in order.get_ready():
            cause = next((failed[other] for other in before[node] if other in failed), None)
            if cause is not None:
                failed[node] = cause
                order.done(node)
                yield Passed(node, cause)
                continue
            deadline.check()
            running += 1
            _start(node, work, news)
            yield Began(node)
        if not running:
            continue
        item = deadline.get(news)
        if isinstance(item, Ended):
            running -= 1
            order.done(item.node)
            if item.error is not None:
                failed[item.node] = item.node
        yield item


def _sorted(before: Mapping[N, Collection[N]]) -> TopologicalSorter[N]:
    order = TopologicalSorter(before)
    order.prepare()  # CycleError is a ValueError
    if unknown := {other for others in before.values() for other in others} - before.keys():
        raise ValueError(f"these are waited for, but not in the graph: {unknown}")
    return order


def _start(node: N, work: Work[N], news: queue.Queue[Told[N] | Ended[N]]) -> None:
    def body() -> None:
        try:
            news.put(Ended(node, result=work(node, lambda said: news.put(Told(node, said)))))
        except Exception as error:  # noqa: BLE001 - handed to the caller, who sees every node's end
            news.put(Ended(node, error=error))

    threading.Thread(target=body, daemon=True, name=str(node)).start()
