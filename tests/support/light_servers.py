"""Servers that take the place of MLflow and of Azurite in the emulator: they start at once, and answer what is asked.

The image, its startup script, its settings and its container are those of a deployment. Only what serves MLflow
(`gunicorn`, or the `python` of MLflow 3) is another program; and so is what the emulator's front of a storage account,
which checks keys and tokens, leads to. How MLflow itself takes a command is what other tests are about.
"""

from __future__ import annotations

import hashlib
import platform
import sys
from pathlib import Path

from mlflow_azure.emulator.runtime.blobs.azurite import ENTRY, NAME
from mlflow_azure.emulator.runtime.cache import cache_directory

CONTEXT = Path(__file__).parents[2] / "docker"
_PROGRAM = """#!{python} -IS
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

if {tasks!r} and os.environ.get("MLFLOW_SERVER_MIGRATION_TOKEN"):
    os.execv({tasks!r}, [{tasks!r}, *sys.argv[1:]])
TOLD = {{"MLflow-Azure-Image": "MLFLOW_AZURE_IMAGE_DIGEST", "MLflow-Azure-Keys-Rotated": "MLFLOW_AZURE_KEYS_ROTATED"}}


class Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"{{}}"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        for header, setting in TOLD.items():
            if os.environ.get(setting):
                self.send_header(header, os.environ[setting])
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("127.0.0.1", int(os.environ["MLFLOW_SERVER_PORT"])), Answers).serve_forever()
"""

_BLOBS = """
const http = require("http");
const LIST = "<EnumerationResults><Containers/><Blobs/><NextMarker/></EnumerationResults>";
const STATUS = { PUT: 201, DELETE: 202 };
const server = http.createServer((request, response) => {
  const headers = { ETag: '"0x1"', "Last-Modified": new Date().toUTCString(), "Content-Type": "application/xml" };
  response.writeHead(STATUS[request.method] || 200, headers);
  response.end(request.method === "GET" && request.url.includes("comp=list") ? LIST : "");
});
server.listen(0, "127.0.0.1", () => console.log(`It listens on http://127.0.0.1:${server.address().port}`));
"""


def make_cache(directory: Path, *, stores: bool = False) -> dict[str, str]:
    """A cache of the emulator's with that server for the packages of the image; the environment that names it.

    Args:
        stores: Whether Azurite serves the blobs after all, and MLflow 3's own packages do the tasks of a temporary web
            app, since it matters what is stored. A deploy of MLflow 3 to an emulator has to have installed them.

    """
    directory.mkdir()
    for kept in cache_directory().glob("*"):
        if kept.name != "environments" and (stores or kept.name != NAME):
            (directory / kept.name).symlink_to(kept)
    (cache_directory() / "ports").mkdir(parents=True, exist_ok=True)  # all homes share it, so that no two ports collide
    if not (directory / "ports").exists():
        (directory / "ports").symlink_to(cache_directory() / "ports")
    if not stores:
        blobs = directory / NAME / ENTRY
        blobs.parent.mkdir(parents=True)
        blobs.write_text(_BLOBS)
        (directory / NAME / ".complete").touch()
    for lock, program in (
        (CONTEXT / "requirements.lock", "gunicorn"),
        (CONTEXT / "mlflow3/requirements.lock", "python"),
    ):
        digest = hashlib.sha256(lock.read_bytes() + platform.platform().encode()).hexdigest()[:24]
        programs = directory / "environments" / digest / "bin"
        programs.mkdir(parents=True)
        (programs.parent / ".complete").touch()
        server = programs / program
        tasks = str(cache_directory() / "environments" / digest / "bin/python") if stores else ""
        server.write_text(_PROGRAM.format(python=sys.executable, tasks=tasks))
        server.chmod(0o755)
    return {"MLFLOW_AZURE_EMULATOR_CACHE": str(directory)}
