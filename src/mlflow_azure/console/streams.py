"""The two output streams, made safe: neither a closed pipe nor an old encoding ends a command."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

from mlflow_azure.errors import MlflowAzureError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_FANCY = "✓✗·…→━─⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_ASCII = str.maketrans(dict(zip(_FANCY, ["+", "x", ".", "~", "->", "=", "-", *"|/-\\|/-\\|/"], strict=True)))


def discard(stream: TextIO) -> None:
    """Discard what is still buffered; otherwise the interpreter complains when it exits.

    See "Note on SIGPIPE" in https://docs.python.org/3/library/signal.html.
    """
    with suppress(OSError):  # no descriptor
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)


def lost_answer(error: OSError) -> MlflowAzureError:
    """Return the error for an answer on a full disk."""
    return MlflowAzureError(
        f"writing the output: {error.strerror}",
        hint="Free some space where the output goes, then run the command again.",
        code="OutputLost",
    )


class OutputStream:
    """A text stream whose reader may disappear, and whose encoding may be an old one.

    Characters that the encoding lacks are written in ASCII. Once the reader is gone (`| head`), writes do
    nothing and `abandoned` is true. Text is flushed immediately, so that a pipe shows it at once. All of it
    goes through `edit` first. Any other write failure is an error for an answer only.
    """

    def __init__(
        self,
        stream: TextIO | None,
        environ: Mapping[str, str],
        *,
        edit: Callable[[str], str] = str,
        answers: bool = False,
    ) -> None:
        self._edit = edit
        self._answers = answers
        self._stream = stream  # None if the process was started without it (`>&-`)
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self._speaks_unicode = _can_encode(_FANCY, self._encoding)
        self.abandoned = stream is None
        self.is_terminal = self.isatty() and environ.get("TERM") not in {"dumb", "unknown"}

    @property
    def encoding(self) -> str:
        """The encoding of the underlying stream; needed by rich."""
        return self._encoding

    def isatty(self) -> bool:
        """Whether the stream is a terminal."""
        return self._stream is not None and self._stream.isatty()

    def fileno(self) -> int:
        """Return the stream's file descriptor; rich drives old Windows consoles through it.

        Raises:
            OSError: The stream has none.

        """
        if self._stream is None:
            raise OSError(errno.EBADF, "the stream is closed")
        return self._stream.fileno()

    def write(self, text: str) -> int:
        """Write text, and return its number of characters.

        Raises:
            MlflowAzureError: It is an answer, and the disk is full.

        """
        if self._stream is not None and not self.abandoned:
            try:
                self._stream.write(self._expressible(self._edit(text)))
                self._stream.flush()
            except OSError as error:
                self.abandoned = True
                discard(self._stream)
                if self._answers and not _reader_left(error):
                    raise lost_answer(error) from error
        return len(text)

    def flush(self) -> None:
        """Do nothing: every write is flushed."""

    def _expressible(self, text: str) -> str:
        if not self._speaks_unicode:
            text = text.translate(_ASCII)
        return text.encode(self._encoding, "replace").decode(self._encoding)


def _can_encode(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _reader_left(error: OSError) -> bool:
    # Windows reports a closed pipe as EINVAL: https://github.com/python/cpython/issues/79935
    return isinstance(error, BrokenPipeError) or (os.name == "nt" and error.errno == errno.EINVAL)
