"""The raw terminal, for a program on another machine: input, output and size."""

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
        """Whether input and output are a terminal."""
        return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))

    @contextmanager
    def raw(self) -> Iterator[None]:
        """Pass on every key unchanged, including Ctrl+C; restore the terminal afterwards."""
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
        """Wait for the next input and return it; empty at its end."""
        if self._stdin is None:
            return b""
        if sys.platform == "win32" and os.isatty(self._stdin):
            # Python reads a console as UTF-8, and treats Ctrl+Z as the end of input; here it is an ordinary key.
            return sys.stdin.buffer.raw.read(_CHUNK) or _CTRL_Z
        return os.read(self._stdin, _CHUNK)

    def write(self, data: bytes) -> None:
        """Write output."""
        _write(sys.stdout.buffer, data)

    def write_error(self, data: bytes) -> None:
        """Write to standard error."""
        _write(sys.stderr.buffer, data)


class Capture:
    """No terminal: no input, and the output is collected."""

    def __init__(self) -> None:
        self._output = bytearray()
        self._errors = bytearray()

    @property
    def output(self) -> str:
        """The collected output."""
        return self._output.decode(errors="replace")

    @property
    def errors(self) -> str:
        """The collected error output."""
        return self._errors.decode(errors="replace")

    def size(self) -> tuple[int, int]:
        """Columns and lines of a classic terminal."""
        return _KNOWN_SIZE

    def read(self) -> bytes:
        """Nothing."""
        return b""

    def write(self, data: bytes) -> None:
        """Collect output."""
        self._output += data

    def write_error(self, data: bytes) -> None:
        """Collect error output."""
        self._errors += data


def _write(stream: BinaryIO, data: bytes) -> None:
    try:
        stream.write(data)
        stream.flush()
    except OSError:  # the reader is gone; the session ends by itself
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
    """Make the console handle keys and colours like terminals on other systems.

    https://learn.microsoft.com/windows/console/console-virtual-terminal-sequences
    """
    import ctypes

    standard_input, standard_output = -10, -11
    virtual_terminal_input = 0x0200  # this flag only: no line input, no echo, no handling of Ctrl+C
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
