"""The tunnel from here to the SSH server in the container of a web app: a WebSocket of its SCM site.

`az webapp ssh` uses it too; no port is opened at either end. Its protocol: `Tunnel.ashx?GetStatus` tells
whether the container's port can be reached, then each binary message of the WebSocket at `Tunnel.ashx` is a chunk of
the TCP stream. Source: azure-cli, appservice/tunnel.py; https://learn.microsoft.com/azure/app-service/configure-linux-open-ssh-session
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlflow_azure.errors import MlflowAzureError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from websockets.sync.client import ClientConnection

    from mlflow_azure.deadline import Deadline
    from mlflow_azure.kudu.scm_site import Kudu

PATH = "/AppServiceTunnel/Tunnel.ashx"
POLL_SECONDS = 1.0
START_SECONDS = 60.0


class TunnelSocket:
    """A WebSocket that an SSH client uses like a TCP socket."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._timeout: float | None = None
        self._received = b""
        self._closed = False  # the name that paramiko expects

    def settimeout(self, seconds: float | None) -> None:
        """Set how long `recv` waits."""
        self._timeout = seconds

    def send(self, data: bytes) -> int:
        """Send all of it."""
        self._connection.send(bytes(data))
        return len(data)

    def recv(self, size: int) -> bytes:
        """Return at most `size` bytes; none at the end. Raises TimeoutError."""
        from websockets.exceptions import ConnectionClosed

        if not self._received:
            try:
                message = self._connection.recv(self._timeout)
            except ConnectionClosed:
                return b""
            self._received = message.encode() if isinstance(message, str) else message
        piece, self._received = self._received[:size], self._received[size:]
        return piece

    def close(self) -> None:
        """Close the connection."""
        self._closed = True
        self._connection.close()


@contextmanager
def tunnel(kudu: Kudu, deadline: Deadline, tell: Callable[[str], None]) -> Iterator[TunnelSocket]:
    """Open the tunnel once the container can be reached.

    Args:
        kudu: The SCM site.
        deadline: When to stop waiting for a starting container.
        tell: Called when it has to wait.

    Raises:
        MlflowAzureError: The container cannot be reached; the message says why.

    """
    from websockets.exceptions import WebSocketException

    deadline.call(lambda: wait_until_reachable(kudu, deadline, tell))
    try:
        connection = deadline.call(lambda: kudu.connect(PATH))
    except (WebSocketException, OSError) as error:
        raise _no_way(
            kudu, f"the WebSocket cannot be opened: {error}", "Any proxy on the way must allow WebSockets."
        ) from error
    try:
        yield TunnelSocket(connection)
    finally:
        connection.close()


def wait_until_reachable(kudu: Kudu, deadline: Deadline, tell: Callable[[str], None]) -> None:
    """Wait for a container that may have just started.

    Kudu reads the state from a file that takes a while to appear, and the SSH server may still be generating its keys.

    Raises:
        MlflowAzureError: The container cannot be reached within a minute.

    """
    last: Obstacle | None = None

    def reachable() -> bool | None:
        nonlocal last
        now = obstacle(kudu.tunnel_state())
        if now and now != last:
            tell(f"The container {now.why}. Waiting, in case it has only just started.")
        last = now
        return None if now else True

    deadline.poll(reachable, every=POLL_SECONDS, patience=START_SECONDS)
    if last:
        raise _no_way(kudu, f"the container {last.why}", last.hint)


@dataclass(frozen=True)
class Obstacle:
    """Why the container cannot be reached, and what to do about it."""

    why: str
    hint: str


def obstacle(state: Mapping[str, Any]) -> Obstacle | None:
    """Return the obstacle to a tunnel according to the SCM site; None if there is none."""
    said = str(state.get("state") or "unknown").lower()
    if "started" not in said:
        return Obstacle(f"is not running; its state is {said}", "See why: mlflow-azure logs.")
    if state.get("canReachPort"):
        return None
    return Obstacle(
        "is running, but has no SSH server",
        "The image of mlflow-azure has an SSH server. Deploy it: mlflow-azure deploy.",
    )


def _no_way(kudu: Kudu, why: str, hint: str) -> MlflowAzureError:
    return MlflowAzureError(
        f"opening the tunnel to web app {kudu.site}: {why}",
        hint=f"{hint} Or use the shell in the browser: {kudu.web_shell}",
        code="TunnelFailed",
    )
