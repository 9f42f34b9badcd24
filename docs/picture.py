"""Record a real run in a terminal, and draw the final screen.

python docs/picture.py docs/deploy.svg mlflow-azure deploy --cloud emulator
"""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from io import StringIO
from itertools import groupby
from pathlib import Path
from typing import Any

import pyte
from rich.console import Console
from rich.text import Text

COLUMNS, ROWS = 96, 60


def recorded(command: list[str]) -> pyte.Screen:
    """Run the command in a terminal of its own, and return the final screen."""
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    environ = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS)}
    environ.pop("NO_COLOR", None)
    with subprocess.Popen(command, stdin=follower, stdout=follower, stderr=follower, env=environ) as process:
        os.close(follower)
        while chunk := _read(leader):
            stream.feed(chunk)
        if process.wait():
            sys.exit(f"{' '.join(command)}: exit code {process.returncode}\n" + "\n".join(screen.display))
    return screen


def _read(leader: int) -> bytes:
    try:
        return os.read(leader, 65536)
    except OSError:  # raised by Linux once the other end is closed
        return b""


def drawn(screen: pyte.Screen, title: str) -> str:
    """Return the screen as an SVG image."""
    console = Console(width=COLUMNS, record=True, file=StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text("$ ", style="bold green") + Text(title, style="bold"))
    lines = [_line(screen.buffer[row]) for row in range(ROWS)]
    while lines and not lines[-1].plain.strip():
        lines.pop()
    for line in lines:
        console.print(line, no_wrap=True)
    return console.export_svg(title="mlflow-azure", unique_id="deploy")


def _line(row: Any) -> Text:
    line = Text()
    for style, cells in groupby((row[column] for column in range(COLUMNS)), key=_style):
        line.append("".join(cell.data for cell in cells), style=style)
    line.rstrip()
    return line


def _style(cell: Any) -> str:
    """Return the style of a cell, for rich."""
    colour = "" if cell.fg == "default" else f"#{cell.fg}" if _is_hex(cell.fg) else cell.fg.replace("brown", "yellow")
    return " ".join(filter(None, ["bold" if cell.bold else "", "italic" if cell.italics else "", colour])) or "none"


def _is_hex(colour: str) -> bool:
    return len(colour) == len("ffffff") and not set(colour) - set("0123456789abcdef")


if __name__ == "__main__":
    file, *words = sys.argv[1:]
    Path(file).write_text(drawn(recorded(words), " ".join(words)), encoding="utf-8")
