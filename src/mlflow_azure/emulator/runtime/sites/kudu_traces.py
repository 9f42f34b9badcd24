"""Kudu's own traces, which its log stream contains too: it follows every .txt, .log and .htm in LogFiles.

Seen: github.com/microsoft/vscode-azureappservice/issues/2580. Told: github.com/MicrosoftDocs/azure-docs/issues/113640.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import Request


def head(request: Request) -> str:
    """Return the start of the stream: a welcome, then the last lines of Kudu's own files, each after its name."""
    trace = f"kudu/trace/{uuid.uuid4().hex[:12]}-{uuid.uuid4()}.txt"
    files = {
        "__lastCheckTime.txt": f"{datetime.now(UTC):%m/%d/%Y %H:%M:%S}\n",
        trace: of_request(request.method, request.url.path)
        + _stamped("  Outgoing response, type: response, statusCode: 404"),
    }
    shown = (
        f"/home/LogFiles/{name}  ({request.base_url}api/vfs/LogFiles/{name})\n{last}" for name, last in files.items()
    )
    welcome = _stamped("Welcome, you are now connected to log-streaming service.")
    return "\n".join([welcome, "Starting Log Tail -n 10 of existing logs ----\n", *shown, ""])


def of_request(method: str, path: str) -> str:
    """Return the trace line of a request to Kudu."""
    return _stamped(f"Startup Request, url: {path}, method: {method}, type: request, pid: 776,1,5, ScmType: None")


def _stamped(text: str) -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}  {text}\n"
