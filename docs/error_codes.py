"""Generates the reference of error codes: those raised in the source, explained as in `mlflow_azure.error_codes`."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlflow_azure
from mlflow_azure import errors
from mlflow_azure.azure.refusals import HINTS, NO_TOKEN
from mlflow_azure.error_codes import ERROR_CODES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SOURCE = Path(mlflow_azure.__file__).parent
_CODE = re.compile(r"[A-Z][A-Za-z_]+")
HEAD = """# Error codes

This page is generated from the code: `python docs/build.py`.

With `--output json`, `errors[].code` is one of these, or one of Azure's own codes, passed on unchanged. `message` says
what was being done and why it failed, and `hint` gives the next command to run. Their wording may change; the codes and
their [exit codes](output.md#exit-codes) do not.

## Codes of mlflow-azure

| code | exit code | meaning | what to do |
|---|---|---|---|
"""
AZURE = """
## Azure's codes with a hint

When Azure refuses a request, the exit code is 4 and the error code is Azure's own. For the codes below, the error
includes a hint; any other error is reported in Azure's words.

| code | what to do |
|---|---|
"""
SIGN_IN = """
## Codes of Microsoft Entra ID

If no token is issued (exit code 3):

| code | meaning | what to do |
|---|---|---|
"""


def reference() -> str:
    """Return the page."""
    exits = raised()
    ours = (
        f"| `{code}` | {', '.join(map(str, sorted(exits[code])))} | {meaning} | {_cell(remedy)} |\n"
        for code, (meaning, remedy) in ERROR_CODES.items()
    )
    azure = (f"| `{code}` | {_cell(hint)} |\n" for code, hint in HINTS.items())
    sign_in = (f"| `{code}` | {reason} | {_cell(hint)} |\n" for code, (reason, hint) in NO_TOKEN.items())
    return "".join([HEAD, *ours, AZURE, *azure, SIGN_IN, *sign_in])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def raised() -> dict[str, set[int]]:
    """Return every error code raised in the source, except in the emulator, with the errors' exit codes."""
    modules = [ast.parse(path.read_text("utf-8")) for path in SOURCE.rglob("*.py") if "emulator" not in path.parts]
    shared = {name: value for module in modules for name, value in _assigned(module.body).items() if name[0] != "_"}
    found: dict[str, set[int]] = defaultdict(set)
    for module in modules:
        constants = {**shared, **_assigned(module.body)}
        for function in ast.walk(module):
            if isinstance(function, ast.FunctionDef):
                known = {**constants, **_assigned(ast.walk(function))}
                for call in ast.walk(function):
                    error = _error_of(call)
                    for code in _codes(call, known) if error else ():
                        found[code].add(error.exit_code)
    for error in filter(_is_error, vars(errors).values()):
        found[error.default_code].add(error.exit_code)
    return found


def _assigned(nodes: Iterable[ast.AST]) -> dict[str, ast.expr]:
    """Return the expressions assigned to each name."""
    return {
        target.id: node.value
        for node in nodes
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _is_error(thing: object) -> bool:
    return isinstance(thing, type) and issubclass(thing, errors.MlflowAzureError)


def _error_of(call: ast.AST) -> Any:
    """Return the class of the error that an expression creates; None for any other expression."""
    name = call.func.id if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) else ""
    return error if _is_error(error := getattr(errors, name, None)) else None


def _codes(call: Any, known: Mapping[str, ast.expr]) -> set[str]:
    """Return an error's possible codes: literals, constants, variables, and the keys of the hints it looks up."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if "code" not in given:
        return set()
    hint = given.get("hint")
    return _texts(given["code"], known) | (_texts(hint.value, known) if isinstance(hint, ast.Subscript) else set())


def _texts(expression: ast.expr, known: Mapping[str, ast.expr]) -> set[str]:
    """Return the codes that an expression may evaluate to."""
    texts: set[str] = set()
    for node in ast.walk(expression):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _CODE.fullmatch(node.value):
            texts.add(node.value)
        elif isinstance(node, ast.Name) and node.id in known:
            texts |= _texts(known[node.id], {name: value for name, value in known.items() if name != node.id})
    return texts
