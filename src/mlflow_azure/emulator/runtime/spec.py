"""The values passed between Resource Manager and the runtime. Plain data, no behaviour."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class RuntimeFaultError(Exception):
    """A request to the runtime failed; the text says what, why and the next step."""


@dataclass(frozen=True)
class TlsMaterial:
    """PEM files of the emulator's certificate authority and of its server certificate for `localhost`."""

    ca_file: Path
    cert_file: Path
    key_file: Path


@dataclass(frozen=True)
class Mount:
    """A file share (`directory` on this machine) mounted at `mount_path` in the web app."""

    name: str
    directory: Path
    mount_path: str


@dataclass(frozen=True)
class IdentityAccess:
    """The endpoint for tokens of a web app's managed identities, and the header that identifies the web app."""

    url: str
    header: str = field(repr=False)


@dataclass(frozen=True)
class SiteSpec:
    """The desired web app.

    `image` is `<login server>/<repository>:<tag>`. `port` serves the site over http, `scm_port` its Kudu site over
    https. `start_limit` is WEBSITES_CONTAINER_START_TIME_LIMIT in seconds. `access_rules` are
    `siteConfig.ipSecurityRestrictions` in Azure's format. `publishing_credentials` are user name and password of the
    Kudu site, None while its basic authentication is off. `pull_identity` is the object id of the managed identity that
    pulls the image, instead of the registry's user name and password. `identity` is None for a web app without one.
    `broken_mounts` are the names of broken mounts.
    `instances` is the desired number, and `instance` the index of one of them, from 0.
    """

    name: str
    image: str | None
    registry_username: str | None
    registry_password: str | None = field(repr=False)
    app_settings: Mapping[str, str] = field(repr=False)
    mounts: tuple[Mount, ...]
    command: str | None
    enabled: bool
    start_limit: float
    access_rules: tuple[Mapping[str, Any], ...]
    port: int
    scm_port: int
    publishing_credentials: tuple[str, str] | None = field(default=None, repr=False)
    pull_identity: str | None = None
    identity: IdentityAccess | None = None
    instances: int = 1
    instance: int = 0
    health_check_path: str | None = None
    broken_mounts: tuple[str, ...] = ()

    @property
    def instance_id(self) -> str:
        """App Service's name for the instance."""
        return hashlib.sha256(f"{self.name}/{self.instance}".encode()).hexdigest()

    def same_container(self, other: SiteSpec) -> bool:
        """Whether both would run the same container: other changes need no restart."""
        return self._container() == other._container()

    def _container(self) -> tuple[object, ...]:
        credentials = (self.registry_username, self.registry_password, self.pull_identity)
        given = (dict(self.app_settings), self.identity)
        return self.image, credentials, given, self.mounts, self.broken_mounts, self.command, self.enabled


SiteState = Literal["Stopped", "Starting", "Running", "Failed"]


@dataclass(frozen=True)
class InstanceState:
    """An instance of a web app: its id, the state of its container, and its health."""

    id: str
    state: SiteState
    healthy: bool


@dataclass(frozen=True)
class BuildRequest:
    """One run of ACR Tasks: a Docker build of an uploaded source archive, pushed to `registry`.

    `image_names` are `<repository>:<tag>` without the login server, as in `DockerBuildRequest.imageNames`.
    """

    run_id: str
    registry: str
    source: Path
    log_path: Path
    dockerfile: str = "Dockerfile"
    image_names: tuple[str, ...] = ()
    arguments: Mapping[str, str] = field(default_factory=dict, repr=False)
    platform: str = "linux/amd64"
    push: bool = True
    timeout: float = 3600.0


@dataclass(frozen=True)
class BuildResult:
    """How a run ended; `digests` maps each pushed `<repository>:<tag>` to its manifest digest."""

    status: Literal["Succeeded", "Failed", "Timeout"]
    digests: Mapping[str, str]
    log_path: Path
    message: str = ""
