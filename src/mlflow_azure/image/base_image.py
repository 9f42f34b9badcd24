"""The base image of the server's image: its name, and where a registry can import it from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow_azure.image.context import BuildContext

ARGUMENT = "BASE_IMAGE"
DOCKER_HUB = "docker.io"
_DEFAULT = re.compile(rf"^ARG {ARGUMENT}=(\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class HubImage:
    """An image on Docker Hub, by its full name there: "library/python:3.11-slim-bookworm"."""

    name: str

    @property
    def copy(self) -> str:
        """The name of its copy in another registry."""
        return f"base/{self.name.removeprefix('library/')}"


def hub_base(context: BuildContext) -> HubImage | None:
    """Return the base image of a build context; None if it is from another registry, by digest, or unknown."""
    default = _DEFAULT.search((context.directory / "Dockerfile").read_text(encoding="utf-8"))
    image = context.arguments.get(ARGUMENT) or (default[1] if default else "")
    image = image.removeprefix(f"{DOCKER_HUB}/")
    host, slash, _ = image.partition("/")
    if not image or "@" in image or (slash and ("." in host or ":" in host or host == "localhost")):
        return None
    return HubImage(image if slash else f"library/{image}")
