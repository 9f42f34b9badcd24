"""Reads the image configuration of a Dockerfile's last stage: ENV and LABEL, with ARG substituted."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)(?::-(?P<default>[^}]*))?\}|(?P<bare>\w+))")


@dataclass
class ImageConfiguration:
    """The last stage's configuration; `labels` and `env` as in `docker inspect`."""

    env: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)


def read_dockerfile(text: str, arguments: Mapping[str, str]) -> ImageConfiguration:
    """Evaluate the ARG, ENV and LABEL instructions with the given build arguments."""
    stages: dict[str, ImageConfiguration] = {}
    configuration, scope = ImageConfiguration(), dict[str, str]()
    before_stages = scope
    for instruction, rest in _instructions(text):
        if instruction == "FROM":
            configuration, scope = _new_stage(rest, stages), {}
        elif instruction == "ARG":
            name, _, default = rest.partition("=")
            inherited = before_stages.get(name, "")
            scope[name] = arguments.get(name, _unquoted(_fill(default, scope)) or inherited)
        elif instruction in {"ENV", "LABEL"}:
            target = configuration.env if instruction == "ENV" else configuration.labels
            target.update(_pairs(_fill(rest, scope | configuration.env)))
    return configuration


def base_images(text: str, arguments: Mapping[str, str]) -> list[str]:
    """Return the base images of the stages, except other stages and `scratch`."""
    found, stages, scope = list[str](), {"scratch"}, dict[str, str]()
    for instruction, rest in _instructions(text):
        if instruction == "ARG" and not found:
            name, _, default = rest.partition("=")
            scope[name] = arguments.get(name, _unquoted(_fill(default, scope)))
        elif instruction == "FROM":
            words = [word for word in _fill(rest, scope).split() if not word.startswith("--")]
            if words[0] not in stages:
                found.append(words[0])
            stages.update(words[2:3])
    return found


def is_of_docker_hub(image: str) -> bool:
    """Whether an image has no registry in its name: "python:3.11", "library/python", but not "mcr.microsoft.com/…"."""
    host, slash, _ = image.partition("/")
    return host == "docker.io" or not slash or not ("." in host or ":" in host or host == "localhost")


def _new_stage(rest: str, stages: dict[str, ImageConfiguration]) -> ImageConfiguration:
    base, _, name = re.sub(r"\s+as\s+", " AS ", rest, flags=re.IGNORECASE).partition(" AS ")
    inherited = stages.get(base.split()[-1], ImageConfiguration())
    stages[name] = ImageConfiguration(dict(inherited.env), dict(inherited.labels))
    return stages[name]


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in re.sub(r"\\\s*\n", " ", "\n".join(lines)).splitlines():
        instruction, _, rest = line.strip().partition(" ")
        if instruction:
            yield instruction.upper(), rest.strip()


def _fill(text: str, scope: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        return scope.get(match["braced"] or match["bare"]) or match["default"] or ""

    return _VARIABLE.sub(value, text)


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for word in shlex.split(text):
        name, _, value = word.partition("=")
        yield name, value


def _unquoted(text: str) -> str:
    return " ".join(shlex.split(text))
