"""Commands that are imported when they are asked for: a line imports its own command, and `--help` imports none.

Their help is plain text. Typer would draw it with rich, and with that import a reader of Markdown and a highlighter of
source code, which takes longer than everything else that `--help` does.
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
"""Stands for a hyphen while lines are wrapped: they are broken after any other, in the middle of `3.11-slim`."""
_NARROW, _FIRST_COLUMN, _FIRST_OF_NARROW = 72, 30, 12  # columns of a terminal, and of the names in it
PLAIN: dict[str, Any] = {"rich_markup_mode": None, "pretty_exceptions_enable": False}
"""How every Typer application here is made: no help and no traceback in colours."""


class Ended(Exception):  # noqa: N818 - it says how, and `by` why
    """A command was cut short before it could answer, by something else."""

    def __init__(self, by: BaseException) -> None:
        super().__init__(by)
        self.by = by


@contextmanager
def _told_apart() -> Iterator[None]:
    """Raise Ended for what Typer makes one end of: 130 for any signal, with no answer; "aborted" for any EOFError."""
    try:
        yield
    except (KeyboardInterrupt, EOFError) as cause:
        raise Ended(cause) from cause


class PlainCommand(TyperCommand):
    """A command whose help has a section for each panel of its options, and examples that are not wrapped."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """What the line of the usage names; an argument that is required, without braces."""
        return [piece.strip("{}") for piece in super().collect_usage_pieces(ctx)]

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """Write what the command does; its examples come at the end of the help."""
        whole = self.help or ""
        self.help = whole.partition(_EXAMPLES)[0].rstrip().replace("-", _HYPHEN)
        begun = len(formatter.buffer)
        super().format_help_text(ctx, formatter)
        _restore_hyphens(formatter, begun)
        self.help = whole

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the examples, each on a line of its own, so that it can be copied."""
        examples = (self.help or "").partition(_EXAMPLES)[2]
        if examples:
            with formatter.section("Examples"):
                formatter.write("".join(f"  {line.strip()}\n" for line in examples.strip().splitlines()))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the sections."""
        _write_sections(self.get_params(ctx), ctx, formatter)


class LazyCommand(TyperCommand):
    """A command that is listed by its name and its help. Its module is not imported yet.

    Attributes:
        path: Its whole name: "settings show". The first word names the module.

    """

    def __init__(self, path: str) -> None:
        super().__init__(path.rsplit(maxsplit=1)[-1])
        self.path = path
        del self.help  # that there is none: it is read when someone asks for it

    @cached_property
    def help(self) -> str:  # type: ignore[override] # it is not written any more
        """What its docstring says."""
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
    """A group of commands, each of which is imported when it is about to be run, or completed."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The arguments; where there are none, the help is asked for."""
        return super().parse_args(ctx, args if args or ctx.resilient_parsing else ["--help"])

    def get_help_option(self, ctx: Any) -> Any:
        """The option that shows the help."""
        option = super().get_help_option(ctx)
        off_unless_given(option)
        return option

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command that a line names."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command.load() if isinstance(command, LazyCommand) else command, rest

    def make_context(self, *args: Any, **options: Any) -> Any:
        """Parse a line, up to the command that it names. Raises Ended."""
        with _told_apart():
            return super().make_context(*args, **options)

    def invoke(self, ctx: Any) -> Any:
        """Import the command that a line names, and run it. Raises Ended."""
        with _told_apart():
            return super().invoke(ctx)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write what there is to be run, a heading for each kind, and the options."""
        placed = {name for names in SECTIONS.values() for name in names} if ctx.parent is None else set()
        others = [name for name in self.commands if name not in placed]
        for title, names in {**(SECTIONS if placed else {}), "Commands": others}.items():
            known = [(name, str(self.commands[name].help)) for name in names if name in self.commands]
            if known:
                with formatter.section(title):
                    _write_list(formatter, [(name, text.partition("\n\n")[0]) for name, text in known])
        _write_sections(self.get_params(ctx), ctx, formatter)


def off_unless_given(switch: Any) -> None:
    """Let a switch that is not given be off. Typer would ask pydantic what None is, and import it for that alone."""
    if switch is not None and switch.default is None:
        switch.default = False


def help_record(param: Any, ctx: Any) -> tuple[str, str] | None:
    """How the help names an option or an argument, and what it says of it. Of arguments, Typer names the type, too."""
    record = param.get_help_record(ctx)
    if record is None:
        return None
    name = record[0].partition(" <")[0] if param.param_type_name == "argument" else record[0]
    return name, _RANGE.sub("", record[1])


def _docstring(module: str, word: str) -> str:
    """The docstring of the function of a command, read from the module's source without running it.

    The function is named like the last word of the command, with an underscore where Python has that word itself.
    Where the source was left out of an installation, there is none.
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
    """Write names and what they mean: beneath them where there is no room for a column beside that holds a name."""
    begun = len(formatter.buffer)
    first = _FIRST_COLUMN if formatter.width >= _NARROW else _FIRST_OF_NARROW
    formatter.write_dl([(name, text.replace("-", _HYPHEN)) for name, text in records], col_max=first)
    _restore_hyphens(formatter, begun)


def _restore_hyphens(formatter: Any, begun: int) -> None:
    formatter.buffer[begun:] = [piece.replace(_HYPHEN, "-") for piece in formatter.buffer[begun:]]
