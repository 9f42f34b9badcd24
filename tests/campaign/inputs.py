"""Bad input: python -m tests.campaign.inputs --cases 10000.

Each case is a command line, an environment and files made by chance, given to the real program in a process of its own,
from which nothing outside can be reached. However odd they are, the answer is a promised exit code with a sentence; and
where settings or words are refused (exit code 2), nothing was asked of anyone before.
"""

from __future__ import annotations

import argparse
import errno
import json
import random
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlflow_azure.cli.main import command_line
from mlflow_azure.cli.names import NAMES
from mlflow_azure.settings import SETTINGS
from tests.campaign.forked import Forked
from tests.campaign.invariants import EXIT_CODES
from tests.support.command import Command, Result, isolated

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = Path(__file__).parents[1] / "unit" / "settings" / "deploy.sh"
_OUTSIDE = frozenset({"socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.posix_spawn", "os.system"})
_REACHED = "reached"
NASTY: list[str] = json.loads(Path(__file__).with_name("nasty.json").read_text())


@dataclass(frozen=True)
class Input:
    """One case.

    Attributes:
        words: The command line.
        environ: Variables.
        file: The content of mlflow-azure.env; None for no file.
        script: The content of deploy.sh.

    """

    words: tuple[str, ...]
    environ: dict[str, str]
    file: bytes | None
    script: bytes


class Inputs:
    """Makes them, by chance, always the same for one seed."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        commands = command_line()
        self._options: dict[str, list[Any]] = {}
        for name in NAMES:
            group, _, rest = name.partition(" ")
            found: Any = commands.commands[group]
            found = found.commands[rest] if rest else found
            self._options[name] = found.load().params

    def one(self) -> Input:
        """The next."""
        chance = self._chance
        name = chance.choice(NAMES)
        words = [self._misspelt(word) for word in name.split()]
        words += [word for _ in range(chance.randrange(5)) for word in self._option(name)]
        words += [self._value() for _ in range(chance.choice((0, 0, 0, 1, 2)))]
        if chance.random() < 0.6:
            words += ["--output", "json"]
        if chance.random() < 0.1:
            chance.shuffle(words)
        environ = {chance.choice([*SETTINGS]): self._value() for _ in range(chance.choice((0, 0, 1, 3)))}
        return Input(tuple(words), environ, self._file(), self._script())

    def _value(self) -> str:
        chance = self._chance
        value = chance.choice(NASTY)
        if chance.random() < 0.2:
            value = "".join(chance.choice(NASTY)[:5] for _ in range(chance.randrange(1, 6)))
        return value.replace("\0", "")

    def _option(self, name: str) -> list[str]:
        chance = self._chance
        options = [each for each in self._options[name] if each.opts[0].startswith("-")]
        option = chance.choice(options)
        spelt = self._misspelt(chance.choice([*option.opts, *option.secondary_opts]))
        if chance.random() < 0.1:
            return [spelt]
        kind = option.type_descriptor.annotation
        choices = [str(each) for each in kind] if isinstance(kind, type) and issubclass(kind, StrEnum) else []
        value = chance.choice(choices) if choices and chance.random() < 0.7 else self._value()
        return [f"{spelt}={value}"] if chance.random() < 0.3 else [spelt, value]

    def _misspelt(self, word: str) -> str:
        chance = self._chance
        kind = chance.random()
        if kind < 0.05:
            return word[: chance.randrange(len(word)) + 1]
        if kind < 0.08:
            at = chance.randrange(len(word))
            return word[:at] + chance.choice("xX-_ é") + word[at:]
        return word

    def _file(self) -> bytes | None:
        chance = self._chance
        kind = chance.random()
        if kind < 0.5:
            return None
        if kind < 0.6:
            return chance.randbytes(chance.randrange(200))
        lines = []
        for _ in range(chance.randrange(6)):
            name = self._misspelt(chance.choice([*SETTINGS]))
            lines.append(
                chance.choice(("{}={}", "export {}={}", "{} = '{}'", '{}="{}', "{}", "{}=${{{}}}")).format(
                    name, self._value()
                )
            )
        return chance.choice(("\n", "\r\n", "\r")).join(lines).encode("utf-8", "surrogateescape")

    def _script(self) -> bytes:
        chance = self._chance
        content = bytearray(SCRIPT.read_bytes())
        for _ in range(chance.randrange(20)):
            at = chance.randrange(len(content))
            content[at : at + chance.randrange(4)] = chance.choice(
                (b"'", b'"', b"$(", b"`", b"\0", b"\n", b"${", b"\xff", b"((", b"<<X")
            )
        return bytes(content[: chance.choice((None, chance.randrange(len(content))))])


def faults_of(result: Result, words: tuple[str, ...], reached: str) -> Iterator[str]:
    """What is wrong with an answer."""
    if result.exit_code not in EXIT_CODES:
        yield f"exit code {result.exit_code}"
    if "Traceback" in result.stderr and "--verbose" not in " ".join(words):
        yield f"a traceback: {result.stderr[-300:]}"
    if "InternalError" in result.stdout or "internal error" in result.stderr:
        yield f"an internal error: {result.stdout[-300:]} {result.stderr[-300:]}"
    if result.exit_code and not result.stderr.strip() and not result.stdout.strip():
        yield "no word"
    if result.exit_code == 2 and reached:
        yield f"refused, after {reached.split(maxsplit=1)[0]}"
    if words[-2:] == ("--output", "json") and result.stdout.lstrip().startswith("{"):
        document = json.loads(result.stdout)
        if (document["status"] == "ok") != (result.exit_code == 0):
            yield f"status {document['status']} with exit code {result.exit_code}"
        yield from (f"an error that explains nothing: {each}" for each in document["errors"] if not each["hint"])


@dataclass
class Bench:
    """Where they are run."""

    command: Command
    forked: Forked

    def faults(self, given: Input) -> tuple[str, ...]:
        """What is wrong with the answer to one."""
        work = Path(tempfile.mkdtemp(dir=self.command.directory))
        (work / "deploy.sh").write_bytes(given.script)
        if given.file is not None:
            (work / "mlflow-azure.env").write_bytes(given.file)
        self.forked.command = replace(self.command, directory=work, environ={**self.command.environ, **given.environ})
        result = self.forked(*given.words, before=lambda: sys.addaudithook(_shut(work.parent / _REACHED)))
        reached = work.parent / _REACHED
        told = reached.read_text() if reached.exists() else ""
        reached.unlink(missing_ok=True)
        return tuple(faults_of(result, given.words, told))


def _shut(reached: Path) -> Any:
    """A hook that lets nothing out, and notes what would have gone."""

    def hook(event: str, _arguments: tuple[Any, ...]) -> None:
        if event in _OUTSIDE:
            with reached.open("a") as file:
                file.write(f"{event}\n")
            raise OSError(errno.ENETUNREACH, "Network is unreachable")

    return hook


def run(count: int, seed: int) -> Iterator[tuple[Input, tuple[str, ...]]]:
    """So many cases, each with what was wrong."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="inputs-", ignore_cleanup_errors=True)))
        command = isolated(directory)
        bench, inputs = Bench(command, Forked(command)), Inputs(seed)
        for _ in range(count):
            given = inputs.one()
            yield given, bench.faults(given)


def main() -> int:
    """Run them, and say how many there were."""
    asked = argparse.ArgumentParser(prog="python -m tests.campaign.inputs", description=__doc__)
    asked.add_argument("--cases", type=int, default=10_000)
    asked.add_argument("--seed", type=int, default=1)
    options = asked.parse_args()
    bad = 0
    for given, faults in run(options.cases, options.seed):
        if faults:
            bad += 1
            print(f"{given.words!r} {given.environ!r} {given.file!r}: {'; '.join(faults)}", flush=True)
    print(f"{options.cases} bad inputs, {options.cases - bad} answered with a sentence and a promised exit code")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
