"""A company's proxy that inspects TLS: what is meant for Azure's hosts reaches an emulator.

It answers CONNECT, speaks TLS with a certificate of its own authority for whatever host the client asks for, and
passes everything on to one server.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import trustme

if TYPE_CHECKING:
    from collections.abc import Iterator

_TARGET = re.compile(rb"CONNECT ([^ :]+):(\d+) ")


class InspectingProxy:
    """Listens on loopback.

    Attributes:
        url: Where.
        hosts: Those that clients wanted to be connected to.
        authority: The certificate authority that clients have to trust.

    """

    def __init__(self, server_url: str, server_ca: str) -> None:
        server = urlsplit(server_url)
        self.url = ""
        self.hosts: set[str] = set()
        self.authority = trustme.CA()
        self._host, self._port = server.hostname, server.port
        self._trust = ssl.create_default_context(cafile=server_ca)

    async def listen(self) -> asyncio.Server:
        listening = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = "http://{}:{}".format(*listening.sockets[0].getsockname())
        return listening

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wanted = _TARGET.match(await reader.readuntil(b"\r\n\r\n"))
        assert wanted
        host = wanted.group(1).decode()
        self.hosts.add(host)
        writer.write(b"HTTP/1.1 200 Connection Established\r\n\r\n")
        with contextlib.suppress(OSError):  # the client may not trust us, and either side may hang up at any time
            await writer.start_tls(self._context(host))
            back, forth = await asyncio.open_connection(self._host, self._port, ssl=self._trust)
            await asyncio.gather(_pump(reader, forth), _pump(back, writer))

    def _context(self, host: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert(host).configure_cert(context)
        return context


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await source.read(65536):
            target.write(chunk)
            await target.drain()
    target.close()


async def _cancelled(loop: asyncio.AbstractEventLoop) -> None:
    """What still serves, or is about to close its connections, is over."""
    tasks = asyncio.all_tasks(loop) - {asyncio.current_task(loop)}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.contextmanager
def inspecting_proxy(server_url: str, server_ca: str) -> Iterator[InspectingProxy]:
    """A running proxy in front of the server at this URL, whose certificate this authority has signed."""
    proxy, loop = InspectingProxy(server_url, server_ca), asyncio.new_event_loop()
    listening = loop.run_until_complete(proxy.listen())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        listening.close()
        loop.run_until_complete(_cancelled(loop))
        loop.close()
