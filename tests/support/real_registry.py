"""A real registry on this machine (docker-registry), over TLS, for one user."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import requests
import trustme

from mlflow_azure.azure.clouds import PUBLIC
from mlflow_azure.emulator.runtime.listener import free_port
from mlflow_azure.image.registry_api import RegistryClient
from mlflow_azure.secret import Secret

if TYPE_CHECKING:
    from pathlib import Path

# docker-registry takes bcrypt only.
_HTPASSWD = "user:$2b$05$0Hi9hsKMnkJl6Hbh5ou8hOhOyvmmI5SYqaJCAWdVDdZAr8X30wlh6\n"


class RealRegistry:
    """Listens on `server`, "localhost:PORT", from `start` until `stop`; keeps what was pushed."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        self.port = free_port()
        self.server = f"localhost:{self.port}"
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        authority = trustme.CA()
        certificate = authority.issue_cert("localhost")
        authority.cert_pem.write_to_path(directory / "ca.pem")
        certificate.private_key_and_cert_chain_pem.write_to_path(directory / "server.pem")
        (directory / "htpasswd").write_text(_HTPASSWD)
        (directory / "config.yml").write_text(json.dumps(self._configuration()))

    def client(self, password: str = "right", server: str | None = None) -> RegistryClient:
        """A client with the right password, or another one; of this registry, or of what stands before it."""
        cloud = replace(PUBLIC, ca_file=str(self._directory / "ca.pem"))
        return RegistryClient(cloud, server or self.server, "user", Secret(password))

    def start(self) -> None:
        with (self._directory / "log").open("ab") as log:
            command = ["docker-registry", "serve", str(self._directory / "config.yml")]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        while not self._answers():
            assert self._process.poll() is None, (self._directory / "log").read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            requests.get(f"https://{self.server}/v2/", verify=str(self._directory / "ca.pem"), timeout=60)
        except requests.ConnectionError:
            return False
        return True

    def _configuration(self) -> dict[str, object]:
        file = str(self._directory / "server.pem")
        return {
            "version": "0.1",
            "storage": {"filesystem": {"rootdirectory": str(self._directory / "data")}},
            "http": {"addr": self.server, "tls": {"certificate": file, "key": file}},
            "auth": {"htpasswd": {"realm": "tests", "path": str(self._directory / "htpasswd")}},
        }
