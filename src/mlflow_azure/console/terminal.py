"""The terminal itself, for a program on another machine: raw input and output, and its size."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 4096
_CTRL_Z = b"\x1a"
_KNOWN_SIZE = (80, 24)


class RawTerminal:
    """The standard streams as bytes."""

    def __init__(self) -> None:
        self._stdin = sys.stdin.fileno() if sys.stdin else None

    @property
    def is_interactive(self) -> bool:
        """Whether there is a person: a terminal for input and output."""
        return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))

    @contextmanager
    def raw(self) -> Iterator[None]:
        """Within, every key goes on as it is, Ctrl+C too; afterwards the terminal is as it was."""
        if self._stdin is None:
            yield
        elif sys.platform == "win32":
            with _raw_windows_console():
                yield
        else:
            with _raw_posix_terminal(self._stdin):
                yield

    def size(self) -> tuple[int, int]:
        """Columns and lines."""
        try:
            return os.get_terminal_size(sys.__stdout__.fileno() if sys.__stdout__ else 1)
        except OSError:
            return _KNOWN_SIZE

    def read(self) -> bytes:
        """The next input, waiting for it; nothing at its end."""
        if self._stdin is None:
            return b""
        if sys.platform == "win32" and os.isatty(self._stdin):
            # Python reads a console as UTF-8, and takes Ctrl+Z, which is a key like others here, for the end.
            return sys.stdin.buffer.raw.read(_CHUNK) or _CTRL_Z
        return os.read(self._stdin, _CHUNK)

    def write(self, data: bytes) -> None:
        """Write output."""
        _write(sys.stdout.buffer, data)

    def write_error(self, data: bytes) -> None:
        """Write to standard error."""
        _write(sys.stderr.buffer, data)


class Capture:
    """No terminal: no input, and the output is kept."""

    def __init__(self) -> None:
        self._output = bytearray()
        self._errors = bytearray()

    @property
    def output(self) -> str:
        """What was written."""
        return self._output.decode(errors="replace")

    @property
    def errors(self) -> str:
        """What was written to standard error."""
        return self._errors.decode(errors="replace")

    def size(self) -> tuple[int, int]:
        """Columns and lines, as terminals once had."""
        return _KNOWN_SIZE

    def read(self) -> bytes:
        """Nothing."""
        return b""

    def write(self, data: bytes) -> None:
        """Keep output."""
        self._output += data

    def write_error(self, data: bytes) -> None:
        """Keep what is written to standard error."""
        self._errors += data


def _write(stream: BinaryIO, data: bytes) -> None:
    try:
        stream.write(data)
        stream.flush()
    except OSError:  # nobody reads it any more; the session ends by itself
        return


@contextmanager
def _raw_posix_terminal(descriptor: int) -> Iterator[None]:
    import termios
    import tty

    before = termios.tcgetattr(descriptor)
    try:
        tty.setraw(descriptor)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


@contextmanager
def _raw_windows_console() -> Iterator[None]:
    """Let the console send keys and take colours as terminals do elsewhere.

    https://learn.microsoft.com/windows/console/console-virtual-terminal-sequences
    """
    import ctypes

    standard_input, standard_output = -10, -11
    virtual_terminal_input = 0x0200  # alone: no line input, no echo, no processing of Ctrl+C
    processed_output, virtual_terminal_output = 0x0001, 0x0004
    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined,unused-ignore] # only there on Windows
    modes = {
        standard_input: virtual_terminal_input,
        standard_output: processed_output | virtual_terminal_output,
    }
    before = {}
    for number, mode in modes.items():
        handle, old = kernel.GetStdHandle(number), ctypes.c_uint32()
        if kernel.GetConsoleMode(handle, ctypes.byref(old)):
            before[handle] = old.value
            kernel.SetConsoleMode(handle, mode)
    try:
        yield
    finally:
        for handle, mode in before.items():
            kernel.SetConsoleMode(handle, mode)
