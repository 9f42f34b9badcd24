"""The page that shows what was measured."""

from __future__ import annotations

import os
import platform
import re
import sys
import time
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"


def machine(load: float, seconds: float) -> str:
    """When and where something was measured, with which `load` before it, and how long that took."""
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    loads = f"{load:.1f} before and {os.getloadavg()[0]:.1f} after"
    return f"{time.strftime('%Y-%m-%d')}: {system}, load {loads}, {seconds / 60:.1f} minutes."


def write(part: str, text: str) -> None:
    """Put a part between its marks."""
    begin, end = f"<!-- {part} -->", f"<!-- end of {part} -->"
    page, count = re.subn(
        f"{begin}.*{end}", lambda _: f"{begin}\n{text}\n{end}", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL
    )
    if not count:
        sys.exit(f"{PAGE} has no marks for {part}")
    PAGE.write_text(page, encoding="utf-8")
