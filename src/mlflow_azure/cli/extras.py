"""The commands that install a missing extra from the same place as the package."""

from __future__ import annotations

import json
import shlex
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from mlflow_azure.cli.names import PROGRAM


def install(extra: str) -> str:
    """The install command for each of the usual installers, one per line."""
    what = shlex.quote(f"{_origin()}[{extra}]")
    return (
        f"pipx install --force {what}\nWith uv: uv tool install --force {what}\n"
        f"In a virtual environment: pip install {what}"
    )


def _origin() -> str:
    """The wheel or checkout that this was installed from, or else its name in an index.

    https://packaging.python.org/en/latest/specifications/direct-url/
    """
    try:
        recorded = metadata.distribution(PROGRAM).read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        recorded = None
    url = urlsplit(json.loads(recorded)["url"] if recorded else "")
    file = Path(url2pathname(url.path))
    return str(file) if url.scheme == "file" and file.exists() else PROGRAM
