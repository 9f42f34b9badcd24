"""Importing this imports all that the command line may import, so that processes forked afterwards need not."""

from __future__ import annotations

import ast
import gc
import importlib
import pkgutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import mlflow_azure

if TYPE_CHECKING:
    from collections.abc import Iterator


def _imported(module: str) -> Iterator[str]:
    """The modules that a module of ours imports anywhere, also within a function."""
    spec = importlib.import_module(module).__spec__
    assert spec is not None
    assert spec.origin is not None
    for node in ast.walk(ast.parse(Path(spec.origin).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


_OURS = pkgutil.walk_packages(mlflow_azure.__path__, f"{mlflow_azure.__name__}.")

for _ours in _OURS:
    if _ours.name.endswith(".__main__"):  # is run, not imported
        continue
    for _name in _imported(_ours.name):
        with suppress(ImportError):  # what is there with an extra, or on another system
            importlib.import_module(_name)
gc.freeze()  # a search for garbage would copy what the processes share
