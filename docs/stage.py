"""Gather the pages of the site in a folder: python docs/stage.py build/docs.

The pages of the top folder join those of docs/, and a link to what is no page leads to GitHub. So the Markdown files
have links that work in a checkout, on GitHub and in the site.
"""

from __future__ import annotations

import posixpath
import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
TOP = ("SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md")
REPOSITORY = "https://github.com/mlflow-azure/mlflow-azure"
_LINK = re.compile(r"(\]\()([^)\s#]+)((?:#[^)\s]*)?\))")


def stage(folder: Path) -> None:
    """Write everything that the site is made of to a folder, anew."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "docs", folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for name in TOP:
        shutil.copy(ROOT / name, folder)
    for page in folder.rglob("*.md"):
        place = page.relative_to(folder).as_posix()
        page.write_text(relinked(page.read_text("utf-8"), place), encoding="utf-8")


def relinked(markdown: str, place: str) -> str:
    """A page whose links lead to where things are in the site, or on GitHub; `place` is the page's path in the site."""
    folder = posixpath.dirname(place)

    def moved(link: re.Match[str]) -> str:
        before, path, after = link.groups()
        if re.match(r"[a-z]+:", path):
            return link[0]
        target = posixpath.normpath(posixpath.join("" if place in TOP else f"docs/{folder}", path))
        if target.startswith("docs/") and (ROOT / target).is_file() and not target.endswith(".py"):
            path = posixpath.relpath(target, posixpath.join("docs", folder))
        elif target in TOP:
            path = posixpath.relpath(target, folder or ".")
        elif (ROOT / target).exists():
            path = f"{REPOSITORY}/{'tree' if (ROOT / target).is_dir() else 'blob'}/main/{target}"
        return f"{before}{path}{after}"

    return _LINK.sub(moved, markdown)


if __name__ == "__main__":
    stage(Path(sys.argv[1]))
