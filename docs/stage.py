"""Collect the pages of the site in a directory: python docs/stage.py build/docs.

The pages at the top of the repository are added to those of docs/. Links to other files point to the repository named
in pyproject.toml; until it names one, they become plain text. So the links of the Markdown files work in a checkout,
in the repository and on the site.
"""

from __future__ import annotations

import posixpath
import re
import shutil
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
TOP = ("SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md")
_LINK = re.compile(r"\[(?P<words>[^][]*)\]\((?P<path>[^)\s#]+)(?P<anchor>(?:#[^)\s]*)?)\)")


def repository() -> str | None:
    """Return the URL of the public repository; None if there is none yet."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return project.get("urls", {}).get("Repository")


def stage(folder: Path) -> None:
    """Write the site's sources to a directory, replacing its contents."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "docs", folder, ignore=shutil.ignore_patterns("*.py", "*.sh", "__pycache__"))
    for name in TOP:
        shutil.copy(ROOT / name, folder)
    source = repository()
    for page in folder.rglob("*.md"):
        place = page.relative_to(folder).as_posix()
        page.write_text(relinked(page.read_text("utf-8"), place, source), encoding="utf-8")


def relinked(markdown: str, place: str, source: str | None) -> str:
    """Return a page with its links rewritten to point into the site or the repository.

    Args:
        markdown: The page.
        place: Its path in the site.
        source: URL of the repository; without it, links to other files become plain text.

    """
    folder = posixpath.dirname(place)

    def moved(link: re.Match[str]) -> str:
        words, path, anchor = link.groups()
        if re.match(r"[a-z]+:", path):
            return link[0]
        target = posixpath.normpath(posixpath.join("" if place in TOP else f"docs/{folder}", path))
        if target.startswith("docs/") and (ROOT / target).is_file() and not target.endswith(".py"):
            path = posixpath.relpath(target, posixpath.join("docs", folder))
        elif target in TOP:
            path = posixpath.relpath(target, folder or ".")
        elif (ROOT / target).exists() and source is None:
            return words
        elif (ROOT / target).exists():
            path = f"{source}/{'tree' if (ROOT / target).is_dir() else 'blob'}/main/{target}"
        return f"[{words}]({path}{anchor})"

    return _LINK.sub(moved, markdown)


if __name__ == "__main__":
    stage(Path(sys.argv[1]))
