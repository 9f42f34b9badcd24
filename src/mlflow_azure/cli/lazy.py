"""Lazily imported commands: a command line imports only its own command, and `--help` imports none.

Their help is plain text. With rich, Typer would also import a Markdown parser and a syntax highlighter, which takes
longer than everything else that `--help` does.
"""

from __future__ import annotations

import ast
import re
from contextlib import contextmanager
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

from mlflow_azure.cli.names import SECTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

COMMANDS = "mlflow_azure.cli.commands"
_EXAMPLES = "Examples:\n"
_RANGE = re.compile(r" *\[(?:\d+<=)?x[<>]=\d+\]$")
"""What a number may be, as Typer writes it: [x>=1]. Who gives another one is told in words."""
_HYPHEN = "\ue000"
"""Replaces hyphens while wrapping, so that lines do not break in the middle of `3.11-slim`."""
_NARROW, _FIRST_COLUMN, _FIRST_OF_NARROW = 72, 30, 12  # columns of the terminal, and of the name column
PLAIN: dict[str, Any] = {"rich_markup_mode": None, "pretty_exceptions_enable": False}
"""Options of every Typer application here: no coloured help or tracebacks."""


class Ended(Exception):  # noqa: N818 - it says how, and `by` why
    """A command ended early, before it could answer."""

    def __init__(self, by: BaseException) -> None:
        super().__init__(by)
        self.by = by


@contextmanager
def _told_apart() -> Iterator[None]:
    """Raise Ended where Typer would exit itself: with 130 for any signal, with "aborted" for any EOFError."""
    try:
        yield
    except (KeyboardInterrupt, EOFError) as cause:
        raise Ended(cause) from cause


class PlainCommand(TyperCommand):
    """A command whose help has a section per option panel, and unwrapped examples."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The pieces of the usage line; required arguments without braces."""
        return [piece.strip("{}") for piece in super().collect_usage_pieces(ctx)]

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """Write the description; the examples come at the end of the help."""
        whole = self.help or ""
        self.help = whole.partition(_EXAMPLES)[0].rstrip().replace("-", _HYPHEN)
        begun = len(formatter.buffer)
        super().format_help_text(ctx, formatter)
        _restore_hyphens(formatter, begun)
        self.help = whole

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the examples, one per line, so that they can be copied."""
        examples = (self.help or "").partition(_EXAMPLES)[2]
        if examples:
            with formatter.section("Examples"):
                formatter.write("".join(f"  {line.strip()}\n" for line in examples.strip().splitlines()))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the sections."""
        _write_sections(self.get_params(ctx), ctx, formatter)


class LazyCommand(TyperCommand):
    """A command that is listed with its help, but whose module is not imported yet.

    Attributes:
        path: Its full name, such as "settings show". The first word is the module.

    """

    def __init__(self, path: str) -> None:
        super().__init__(path.rsplit(maxsplit=1)[-1])
        self.path = path
        del self.help  # none here: it is read on demand

    @cached_property
    def help(self) -> str:  # type: ignore[override] # it is not written any more
        """Its docstring."""
        return _docstring(self._module, self.path.split()[-1].replace("-", "_"))

    def load(self) -> Any:
        """The command itself."""
        from mlflow_azure.cli import command as registered

        import_module(self._module)
        command = registered.COMMANDS[self.path]
        words = {"allow_interspersed_args": not command.options_first}
        single = typer.Typer(add_completion=False, **PLAIN)
        single.command(self.name, cls=PlainCommand, context_settings=words)(command.call)
        return typer.main.get_command(single)

    @property
    def _module(self) -> str:
        return f"{COMMANDS}.{self.path.split()[0].replace('-', '_')}"


class LazyGroup(TyperGroup):
    """A group of commands, each imported only when it is run or completed."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The arguments; without any, show the help."""
        return super().parse_args(ctx, args if args or ctx.resilient_parsing else ["--help"])

    def get_help_option(self, ctx: Any) -> Any:
        """The option that shows the help."""
        option = super().get_help_option(ctx)
        off_unless_given(option)
        return option

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command that a command line names."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command.load() if isinstance(command, LazyCommand) else command, rest

    def make_context(self, *args: Any, **options: Any) -> Any:
        """Parse a command line up to the command's name. Raises Ended."""
        with _told_apart():
            return super().make_context(*args, **options)

    def invoke(self, ctx: Any) -> Any:
        """Import and run the command that a command line names. Raises Ended."""
        with _told_apart():
            return super().invoke(ctx)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the commands, grouped under headings, and the options."""
        placed = {name for names in SECTIONS.values() for name in names} if ctx.parent is None else set()
        others = [name for name in self.commands if name not in placed]
        for title, names in {**(SECTIONS if placed else {}), "Commands": others}.items():
            known = [(name, str(self.commands[name].help)) for name in names if name in self.commands]
            if known:
                with formatter.section(title):
                    _write_list(formatter, [(name, text.partition("\n\n")[0]) for name, text in known])
        _write_sections(self.get_params(ctx), ctx, formatter)


def off_unless_given(switch: Any) -> None:
    """Make a flag that is not given False. Typer would import pydantic only to convert None."""
    if switch is not None and switch.default is None:
        switch.default = False


def help_record(param: Any, ctx: Any) -> tuple[str, str] | None:
    """The name and help of an option or argument. For arguments, Typer would add the type."""
    record = param.get_help_record(ctx)
    if record is None:
        return None
    name = record[0].partition(" <")[0] if param.param_type_name == "argument" else record[0]
    return name, _RANGE.sub("", record[1])


def _docstring(module: str, word: str) -> str:
    """Return the docstring of a command's function, read from the module's source without importing it.

    The function has the name of the command's last word, with an underscore if that is a Python keyword or builtin.
    Empty if the installation lacks the source.
    """
    spec = find_spec(module)
    loader: Any = spec and spec.loader
    body = ast.parse(loader.get_source(module) or "").body
    functions = (part for part in body if isinstance(part, ast.FunctionDef) and part.name.rstrip("_") == word)
    return "".join(ast.get_docstring(function) or "" for function in functions)


def _write_sections(params: Iterable[Any], ctx: Any, formatter: Any) -> None:
    sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
    for param in params:
        record = help_record(param, ctx)
        if record is not None:
            kind = "Arguments" if param.param_type_name == "argument" else "Options"
            sections.setdefault(getattr(param, "rich_help_panel", None) or kind, []).append(record)
    for name, records in sections.items():
        if not records:
            continue
        with formatter.section(name):
            _write_list(formatter, records)


def _write_list(formatter: Any, records: Iterable[tuple[str, str]]) -> None:
    """Write names with their meanings in a second column, or below the name if there is no room."""
    begun = len(formatter.buffer)
    first = _FIRST_COLUMN if formatter.width >= _NARROW else _FIRST_OF_NARROW
    formatter.write_dl([(name, text.replace("-", _HYPHEN)) for name, text in records], col_max=first)
    _restore_hyphens(formatter, begun)


def _restore_hyphens(formatter: Any, begun: int) -> None:
    formatter.buffer[begun:] = [piece.replace(_HYPHEN, "-") for piece in formatter.buffer[begun:]]
