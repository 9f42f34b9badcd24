"""A session in the container of a web app, over the tunnel: a shell in the terminal, or one command."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from mlflow_azure.errors import MlflowAzureError
from mlflow_azure.kudu.tunnel import tunnel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from paramiko import Channel, Transport

    from mlflow_azure.deadline import Deadline
    from mlflow_azure.kudu.scm_site import Kudu
    from mlflow_azure.kudu.tunnel import TunnelSocket

USER = "root"
PASSWORD = "Docker!"  # noqa: S105 - public: App Service knows no other, and only its tunnel reaches the port
KEEPALIVE_SECONDS = 30
"""App Service closes connections after 230 idle seconds."""
HANDSHAKE_SECONDS = 30.0
KILLED = 255
"""Exit status if the container reports none, as in OpenSSH: a signal ended the command."""

_WAKE = 0.2
_CHUNK = 32 * 1024


class Terminal(Protocol):
    """The input and output of a session."""

    def size(self) -> tuple[int, int]:
        """Columns and lines."""

    def read(self) -> bytes:
        """Wait for the next input and return it; empty at its end."""

    def write(self, data: bytes) -> None:
        """Write output."""

    def write_error(self, data: bytes) -> None:
        """Write error output."""


class Session:
    """An SSH connection to the container."""

    def __init__(self, transport: Transport, deadline: Deadline) -> None:
        self._transport = transport
        self._deadline = deadline

    def shell(self, terminal: Terminal, kind: str) -> int:
        """Run a login shell in the terminal, whose type (TERM) is `kind`, and return its exit status."""
        size = terminal.size()

        def begin(channel: Channel) -> None:
            channel.get_pty(kind, *size)
            channel.invoke_shell()

        return self._attend(self._channel(begin), terminal, size)

    def run(self, command: str, terminal: Terminal) -> int:
        """Run a line of the container's shell, and return its exit status."""
        return self._attend(self._channel(lambda channel: channel.exec_command(command)), terminal, None)

    def _channel(self, begin: Callable[[Channel], None]) -> Channel:
        """Return a channel on which something was started. paramiko itself would wait for the server for an hour."""

        def begun() -> Channel:
            channel = self._transport.open_session()
            begin(channel)
            return channel

        return self._deadline.call(begun)

    def _attend(self, channel: Channel, terminal: Terminal, size: tuple[int, int] | None) -> int:
        """Forward input, output and changes of the terminal's size until the end.

        The input thread is not joined: a blocked read of a terminal cannot be interrupted.
        """
        _start(_feed, channel, terminal)
        outputs = [
            _start(_drain, channel.recv, terminal.write),
            _start(_drain, channel.recv_stderr, terminal.write_error),
        ]
        while any(output.is_alive() for output in outputs):
            self._deadline.check()
            if size and (now := terminal.size()) != size:
                size = now
                channel.resize_pty(*size)
            outputs[0].join(_WAKE)
        return self._exit_status(channel)

    def _exit_status(self, channel: Channel) -> int:
        status = self._deadline.call(channel.recv_exit_status)
        if status >= 0:
            return status
        if self._transport.is_active():
            return KILLED
        raise MlflowAzureError(
            "the connection to the container was lost",
            hint="The container may have been restarted. See: mlflow-azure logs",
            code="ConnectionLost",
        )


@contextmanager
def session(kudu: Kudu, deadline: Deadline, tell: Callable[[str], None]) -> Iterator[Session]:
    """Open the tunnel, and log in to the container; `tell` is called with what it is waiting for.

    The server's key is not checked: every container has a new one, and the tunnel leads to this container only.

    Raises:
        MlflowAzureError: The SSH server cannot be reached, or refuses the login.

    """
    with tunnel(kudu, deadline, tell) as socket, _transport(socket, kudu, deadline) as transport:
        yield Session(transport, deadline)


@contextmanager
def _transport(socket: TunnelSocket, kudu: Kudu, deadline: Deadline) -> Iterator[Transport]:
    from paramiko import SSHException, Transport

    transport = Transport(socket)  # type: ignore[arg-type] # it takes whatever has a socket's methods
    try:
        deadline.call(lambda: transport.start_client(timeout=HANDSHAKE_SECONDS))
        deadline.call(lambda: transport.auth_password(USER, PASSWORD))
        transport.set_keepalive(KEEPALIVE_SECONDS)
        yield transport
    except (SSHException, EOFError) as error:
        raise MlflowAzureError(
            f"logging in to the container of web app {kudu.site}: {error or 'its SSH server closed the connection'}",
            hint="It must accept root with the password that App Service uses, see "
            "https://learn.microsoft.com/azure/app-service/configure-custom-container#enable-ssh. "
            f"Or use the shell in the browser: {kudu.web_shell}",
            code="SshFailed",
        ) from error
    finally:
        transport.close()


def _start(work: Callable[..., None], *arguments: object) -> threading.Thread:
    thread = threading.Thread(target=work, args=arguments, daemon=True, name=work.__name__)
    thread.start()
    return thread


def _feed(channel: Channel, terminal: Terminal) -> None:
    """Forward the input until its end or the end of the session."""
    while data := terminal.read():
        try:
            channel.sendall(data)
        except OSError:  # closed
            return
    channel.shutdown_write()


def _drain(receive: Callable[[int], bytes], write: Callable[[bytes], None]) -> None:
    while data := receive(_CHUNK):
        write(data)
