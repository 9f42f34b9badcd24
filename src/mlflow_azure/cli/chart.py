"""The file of `--timeline`, which is written whether the run succeeds or not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlflow_azure.errors import SettingsError

if TYPE_CHECKING:
    from mlflow_azure.console.timeline import Timeline

TimelineOption = Annotated[
    Path | None,
    typer.Option("--timeline", metavar="FILE.svg", help="Draw when each step began and ended.", show_default=False),
]


class Chart:
    """Writes the chart of what is done within `with`; what cannot be written is refused before anything is done."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.timeline: Timeline | None = None
        if path is not None:
            from mlflow_azure.console.timeline import Timeline

            self.timeline = Timeline()
            self._write(path, self.timeline)

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, *_: object) -> None:
        """Write what was drawn so far."""
        if self._path is not None and self.timeline is not None:
            self._write(self._path, self.timeline)

    def _write(self, path: Path, timeline: Timeline) -> None:
        try:
            path.write_text(timeline.svg(), encoding="utf-8")
        except OSError as error:
            raise SettingsError(
                f"writing {path}: {error.strerror}", hint="Name a file that can be written: --timeline FILE.svg"
            ) from error
