"""The messages of PostgreSQL's protocol before a session, and queries on our own connection.

https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PROTOCOL, CANCEL_REQUEST, SSL_REQUEST, GSS_REQUEST = 3 << 16, 80877102, 80877103, 80877104
# What PostgreSQL itself accepts before it knows the client: MAX_STARTUP_PACKET_LENGTH, PG_MAX_AUTH_TOKEN_LENGTH.
_LONGEST_STARTUP, _LONGEST_PASSWORD = 10_000, 65_535
# A message begins with its kind (not the first message of a client), and its length including itself.
_LENGTH, _LENGTH_AND_CODE = 4, 8
ASK_PASSWORD = struct.pack("!cII", b"R", 8, 3)

Rows = list[list[str | None]]


class ProtocolError(Exception):
    """The other side violates the protocol."""


class SqlError(Exception):
    """PostgreSQL refused a statement."""

    def __init__(self, sqlstate: str, message: str) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


@dataclass(frozen=True)
class Refusal:
    """Why a client may not connect, in PostgreSQL's terms."""

    sqlstate: str
    message: str

    def encoded(self) -> bytes:
        """The ErrorResponse that ends a connection."""
        fields = {"S": "FATAL", "V": "FATAL", "C": self.sqlstate, "M": self.message}
        body = b"".join(f"{name}{value}\0".encode() for name, value in fields.items()) + b"\0"
        return b"E" + struct.pack("!I", len(body) + 4) + body


@dataclass(frozen=True)
class Startup:
    """The first message of a client: its request (`code`), and for a session its parameters."""

    code: int
    raw: bytes = field(repr=False)

    @property
    def is_session(self) -> bool:
        """Whether it requests a session, with any 3.x version of the protocol."""
        return self.code >> 16 == PROTOCOL >> 16

    @property
    def parameters(self) -> dict[str, str]:
        """`user`, `database`, and the settings of the session."""
        parts = self.raw[8:].decode(errors="replace").split("\0")
        found = dict(zip(parts[::2], parts[1::2], strict=False))
        found.pop("", None)
        return found


async def read_startup(reader: asyncio.StreamReader) -> Startup:
    """Return the next message of a client that has not signed in. Raises ProtocolError, asyncio.IncompleteReadError."""
    head = await reader.readexactly(_LENGTH_AND_CODE)
    length, code = struct.unpack("!II", head)
    if not _LENGTH_AND_CODE <= length <= _LONGEST_STARTUP:
        raise ProtocolError(f"invalid length of startup packet: {length}")
    return Startup(code, head + await reader.readexactly(length - _LENGTH_AND_CODE))


async def read_password(reader: asyncio.StreamReader) -> str:
    """Return the response to `ASK_PASSWORD`. Raises ProtocolError, asyncio.IncompleteReadError."""
    kind, length = struct.unpack("!cI", await reader.readexactly(5))
    if kind != b"p" or not _LENGTH <= length <= _LONGEST_PASSWORD:
        raise ProtocolError("expected a password")
    return (await reader.readexactly(length - _LENGTH)).rstrip(b"\0").decode(errors="replace")


async def query(socket: Path, user: str, database: str, statement: str) -> Rows:
    """Return the result of a trusted user's statement in PostgreSQL behind `socket`.

    Raises:
        SqlError: It refuses the connection or the statement.

    """
    reader, writer = await asyncio.open_unix_connection(socket)
    try:
        writer.write(_startup({"user": user, "database": database}))
        await _answers(reader)
        writer.write(_message(b"Q", statement.encode() + b"\0"))
        return await _answers(reader)
    finally:
        writer.close()


def identifier(name: str) -> str:
    """Return a name quoted for a statement."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """Return a string quoted for a statement."""
    return "'" + value.replace("'", "''") + "'"


def _startup(parameters: dict[str, str]) -> bytes:
    body = b"".join(f"{name}\0{value}\0".encode() for name, value in parameters.items()) + b"\0"
    return struct.pack("!II", len(body) + 8, PROTOCOL) + body


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


async def _answers(reader: asyncio.StreamReader) -> Rows:
    """Return the rows until the server is ready for the next statement, or raise its error."""
    rows: Rows = []
    error: SqlError | None = None
    while True:
        try:
            kind, length = struct.unpack("!cI", await reader.readexactly(5))
        except asyncio.IncompleteReadError as ended:
            raise error or SqlError("08006", "the server closed the connection") from ended
        body = await reader.readexactly(length - _LENGTH)
        if kind == b"D":
            rows.append(_row(body))
        elif kind == b"E":
            parts = {part[:1]: part[1:].decode() for part in body.split(b"\0")}
            error = SqlError(parts[b"C"], parts[b"M"])
        elif kind == b"Z":
            if error:
                raise error
            return rows


def _row(body: bytes) -> list[str | None]:
    """Return the columns of a DataRow as text."""
    (count,) = struct.unpack_from("!H", body)
    at, columns = 2, list[str | None]()
    for _ in range(count):
        (length,) = struct.unpack_from("!i", body, at)
        at += 4
        columns.append(None if length < 0 else body[at : at + length].decode())
        at += max(length, 0)
    return columns
