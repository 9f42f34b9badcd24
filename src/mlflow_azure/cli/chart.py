"""The SVG images of `--timeline`, written even if the run fails, and of `--graph`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlflow_azure.errors import SettingsError

if TYPE_CHECKING:
    from mlflow_azure.console.timeline import Timeline

TimelineOption = Annotated[
    Path | None,
    typer.Option("--timeline", metavar="FILE.svg", help="Draw when each step started and ended.", show_default=False),
]

GraphOption = Annotated[
    Path | None,
    typer.Option("--graph", metavar="FILE.svg", help="Draw the dependency graph.", show_default=False),
]


class Chart:
    """Writes the chart of what happens within `with`; an unwritable file is refused before that."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.timeline: Timeline | None = None
        if path is not None:
            from mlflow_azure.console.timeline import Timeline

            self.timeline = Timeline()
            write_image(path, self.timeline.svg(), "--timeline")

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, *_: object) -> None:
        """Write the chart as far as it goes."""
        if self._path is not None and self.timeline is not None:
            write_image(self._path, self.timeline.svg(), "--timeline")


def write_image(path: Path, svg: str, option: str) -> None:
    """Write an image to the file given by the option. Raises SettingsError."""
    try:
        path.write_text(svg, encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            f"writing {path}: {error.strerror}", hint=f"Name a writable file: {option} FILE.svg"
        ) from error
