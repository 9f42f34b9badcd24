"""Leaves out of the start what MLflow imports or prepares, and a tracking server does not need to answer.

MLflow loads nearly all of itself before its first answer. What is used all the same is loaded when it is.
"""

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from importlib.abc import MetaPathFinder
from types import ModuleType
from typing import Any

import pydantic
from fastapi import APIRouter
from werkzeug.routing.rules import Rule

_ASSISTANT_AND_JOBS = {"mlflow.server.assistant.api": "assistant_router", "mlflow.server.job_api": "job_api_router"}
_GATEWAY = {"mlflow.server.gateway_api": "gateway_router"}


@contextmanager
def sparing(*, gateway: bool) -> Iterator[None]:
    """Within it, import MLflow's application; with `gateway`, its AI gateway is to be served, too."""
    not_served = _ASSISTANT_AND_JOBS if gateway else _ASSISTANT_AND_JOBS | _GATEWAY
    for name, router in not_served.items():
        sys.modules[name] = _without_routes(name, router)
    sys.modules.setdefault("aiohttp", _Later("aiohttp"))
    pydantic.BaseModel.model_config["defer_build"] = True  # https://docs.pydantic.dev/latest/api/config/
    Rule._compile_builder = _on_first_use(Rule._compile_builder)  # noqa: SLF001 - no hook is offered
    find, metadata.entry_points = metadata.entry_points, metadata.entry_points().select  # each time it reads them all
    # MLflow goes without where there is no pandas: its package mlflow-skinny has none.
    hidden = _Hidden("pandas")
    sys.meta_path.insert(0, hidden)
    try:
        yield
    finally:
        sys.meta_path.remove(hidden)
        metadata.entry_points = find
        pydantic.BaseModel.model_config.pop("defer_build")
        for name in not_served:
            del sys.modules[name]


def _without_routes(name: str, router: str) -> ModuleType:
    """A module in the place of one whose routes are not to be served: none of its code is loaded."""
    module = ModuleType(name)
    setattr(module, router, APIRouter())
    return module


class _Later(ModuleType):
    """A module that is imported when something of it is used; its version is known before."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__version__ = metadata.version(name)

    def __getattr__(self, attribute: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), attribute)


class _Hidden(MetaPathFinder):
    """Lets a package seem not to be installed."""

    def __init__(self, package: str) -> None:
        self._package = package

    def find_spec(self, fullname: str, _path: object, _target: object = None) -> None:
        """Nothing, or ModuleNotFoundError."""
        if fullname == self._package:
            raise ModuleNotFoundError(f"{fullname} is imported later", name=fullname)


def _on_first_use(compile_builder: Callable[..., Callable[..., Any]]) -> Callable[..., Callable[..., Any]]:
    """Let a Flask route compile what makes its URL, twice two hundred functions, when a URL is made, which is never."""

    def compile_later(rule: Rule, *arguments: Any, **options: Any) -> Callable[..., Any]:
        made: list[Callable[..., Any]] = []

        def build(*values: Any, **named: Any) -> Any:
            if not made:
                made.append(compile_builder(rule, *arguments, **options))
            return made[0](*values, **named)

        return build

    return compile_later
