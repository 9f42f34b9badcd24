"""Pages in the user's browser."""

from __future__ import annotations

import webbrowser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow_azure.cli.invocation import Invocation


def show_in_browser(run: Invocation, url: str) -> bool:
    """Open the page in the browser, or say that there is none."""
    opened = webbrowser.open(url)
    if not opened:
        run.console.warn("No browser was found.", f"Open it on another machine: {url}")
    return opened
