"""A deploy beside the bash script and beside a plain program, in the same emulator and in turn."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from mlflow_azure.image.context import server_context
from tests.bench import plain_sdk
from tests.bench.az_script import AZ, AzScript
from tests.bench.chain import PYTHON, Chain, longest_chain
from tests.bench.cloud import LATENCIES, Cloud, cloud
from tests.bench.goals import FIRST, PLAIN, SCRIPT, SECOND, Measured, goals
from tests.bench.measure import Spread, in_turn, peak_megabytes, run, table
from tests.support.light_servers import make_cache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PLAN, STATUS, DESTROY = "plan", "status", "destroy"
SHOWN = 0.1  # seconds


@dataclass
class _Asked:
    """What Resource Manager was asked in the runs of one contender, and how long each run took."""

    seconds: list[float] = field(default_factory=list)
    logs: list[list[dict[str, Any]]] = field(default_factory=list)
    chains: list[Chain] = field(default_factory=list)

    @property
    def writes(self) -> list[int]:
        """How many of the requests of each run changed something."""
        return [sum(request["write"] for request in log) for log in self.logs]

    @property
    def least(self) -> Spread:
        """The seconds of each run's longest chain, and those that Python may take."""
        return Spread.of(each.seconds + PYTHON for each in self.chains)

    def row(self) -> list[object]:
        """Requests, reads, writes, chain, the server's start in it, and wall time by the least."""
        reads = [len(log) - written for log, written in zip(self.logs, self.writes, strict=True)]
        chain, start = (Spread.of(values) for values in zip(*((c.seconds, c.start) for c in self.chains), strict=True))
        counts = (_alike(map(len, self.logs)), _alike(reads), _alike(self.writes))
        return [*counts, chain, start if any(start.figures) else "-", Spread.of(self.seconds) / self.least]


@dataclass
class _Race:
    """The contenders at one latency. Each finds an empty group, and its own is deleted after it."""

    cloud: Cloud
    latency: str
    context: Path
    asked: dict[str, _Asked] = field(default_factory=dict)
    steps: dict[str, list[float]] = field(default_factory=dict)

    def measured(self, spreads: dict[str, Spread]) -> Measured:
        """What goals are compared with."""
        counts = {name: max(map(len, asked.logs)) for name, asked in self.asked.items()}
        writes = {name: max(asked.writes) for name, asked in self.asked.items()}
        return Measured(spreads, self.asked[FIRST].least, counts, writes)

    def tables(self, spreads: dict[str, Spread]) -> Iterator[str]:
        """What was measured, as it is shown."""
        yield _compared(spreads, SECOND)
        yield table(
            ["", "requests", "reads", "writes", "longest chain, s", "the server's start in it, s", "time by least"],
            ([name, *self.asked[name].row()] for name in spreads),
        )
        yield f"Steps of the {FIRST} that took longer than {SHOWN} s:"
        yield table(
            ["", "seconds"],
            ([kind, Spread.of(seconds)] for kind, seconds in self.steps.items() if max(seconds) > SHOWN),
        )

    def contenders(self) -> dict[str, Callable[[], float]]:
        """In the order of a round."""
        found: dict[str, Callable[[], float]] = {
            FIRST: lambda: self._timed(FIRST, self._first),
            SECOND: lambda: self._timed(SECOND, lambda: self.cloud.command("deploy", group="ours")),
            PLAN: lambda: self._timed(PLAN, lambda: self.cloud.command("plan", group="ours")),
            STATUS: lambda: self._timed(STATUS, lambda: self.cloud.command("status", group="ours")),
            DESTROY: lambda: self._timed(DESTROY, lambda: self.cloud.command("destroy", "--yes", group="ours")),
            PLAIN: lambda: self._alone(PLAIN, "plain", self._plain),
        }
        if AZ.exists():
            found[SCRIPT] = lambda: self._alone(SCRIPT, "script", lambda: AzScript(self.cloud).deploy("script"))
        return found

    def _first(self) -> None:
        for resource in json.loads(self.cloud.command("deploy", group="ours").stdout)["data"]["resources"]:
            self.steps.setdefault(resource["kind"], []).append(resource["seconds"])

    def _plain(self) -> None:
        file = str(self.cloud.emulator.home.endpoint_file)
        run([sys.executable, plain_sdk.__file__, file, "plain", "plain", str(self.context)], self.cloud.environ)

    def _alone(self, name: str, group: str, deploy: Callable[[], object]) -> float:
        seconds = self._timed(name, deploy)
        self.cloud.delete(group)
        return seconds

    def _timed(self, name: str, act: Callable[[], object]) -> float:
        self.cloud.slow(self.latency)
        self.cloud.emulator.forget_requests()
        began = time.perf_counter()
        act()
        seconds = time.perf_counter() - began
        ended = time.time()
        asked, sent = self.asked.setdefault(name, _Asked()), self.cloud.emulator.requests
        asked.seconds.append(seconds)
        asked.logs.append(sent)
        asked.chains.append(longest_chain(self.cloud.emulator, sent, ended))
        return seconds


def measure(rounds: int) -> Iterator[str]:
    """Seconds, ratios and requests, a table for each latency."""
    with cloud() as found:
        context = found.directory / "context.tar.gz"
        context.write_bytes(server_context().archive())
        if AZ.exists():
            AzScript(found).prepare()
        else:
            yield "azure-cli is not installed: the script was not run."
        measured = []
        for latency in LATENCIES:
            race = _Race(found, latency, context)
            spreads = in_turn(race.contenders(), rounds)
            measured.append(race.measured(spreads))
            yield f"At {latency}, {rounds} rounds:"
            yield from race.tables(spreads)
        found.slow("no latency")
        environ = {**found.environ, "RG_NAME": "ours"}
        peaks = [peak_megabytes(found.arguments("deploy"), environ) for _ in (FIRST, SECOND)]
    with TemporaryDirectory() as cache, cloud(make_cache(Path(cache) / "cache")) as found:
        if AZ.exists():
            AzScript(found).prepare()
        race = _Race(found, "no latency", context)
        contenders = race.contenders()
        spreads = in_turn({name: contenders[name] for name in (FIRST, DESTROY, SCRIPT) if name in contenders}, rounds)
        measured.append(race.measured(spreads))
        yield "At no latency, with servers that start at once in the place of MLflow and of Azurite:"
        yield _compared(spreads)
    yield goals(*measured)
    yield f"Peak memory: {FIRST} {peaks[0]:.0f} MB, {SECOND} {peaks[1]:.0f} MB."


def _compared(spreads: dict[str, Spread], *others: str) -> str:
    """The seconds of the contenders, and their ratios to the first deploy and to others."""
    beside = [FIRST, *others]
    rows = ([name, each, *(each / spreads[other] for other in beside)] for name, each in spreads.items())
    return table(["", "seconds", *(f"by the {other}" for other in beside)], rows)


def _alike(counts: Any) -> str:
    """A count, or the least and the most of several."""
    found = sorted(set(counts))
    return str(found[0]) if len(found) == 1 else f"{found[0]}-{found[-1]}"
