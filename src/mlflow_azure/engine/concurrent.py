"""Runs a graph of work to completion, and reports all failures at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from mlflow_azure.engine import walk
from mlflow_azure.errors import ONE_FOR_ALL, MlflowAzureError, SeveralErrors, as_ours, understanding

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from mlflow_azure.deadline import Deadline

N = TypeVar("N")
R = TypeVar("R")


def gather(work: Mapping[str, Callable[[], R]], deadline: Deadline) -> dict[str, R]:
    """Do independent pieces of work in parallel, and return their results by name.

    Raises:
        MlflowAzureError: The failure; SeveralErrors if there is more than one.

    """
    results: dict[str, R] = {}

    def do(name: str, _tell: object) -> R:
        with understanding(f"looking at {name}"):
            return work[name]()

    collect(dict.fromkeys(work, ()), do, deadline, results)
    return results


def collect(before: Mapping[N, Collection[N]], work: walk.Work[N], deadline: Deadline, results: dict[N, R]) -> None:
    """Run the graph to completion, filling `results`, and raise the failures."""
    problems = []
    for outcome in walk.run(before, work, deadline):
        if isinstance(outcome, walk.Ended):
            if outcome.error is None:
                results[outcome.node] = outcome.result
            else:
                problems.append(as_ours(outcome.error))
    raise_all(problems)


def _cause(problem: MlflowAzureError) -> tuple[str, str]:
    return (problem.code if problem.code in ONE_FOR_ALL else problem.message), problem.hint


def raise_all(problems: Sequence[MlflowAzureError]) -> None:
    """Raise the distinct failures: a single one as it is, several as SeveralErrors."""
    unique = list({_cause(problem): problem for problem in reversed(problems)}.values())[::-1]
    if len(unique) == 1:
        raise unique[0]
    if unique:
        raise SeveralErrors(unique)
