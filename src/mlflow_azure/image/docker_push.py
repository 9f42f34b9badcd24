"""Pushes an image from the container engine on this machine to a registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlflow_azure.errors import AzureRefusedError, ContainerEngineError, MlflowAzureError
from mlflow_azure.image.docker_engine import talking

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docker import DockerClient

    from mlflow_azure.deadline import Deadline
    from mlflow_azure.events import Report
    from mlflow_azure.image.registry_api import RegistryClient

_REFUSED = ("unauthorized", "no basic auth credentials", "denied", "authentication required")
_MEGABYTE = 1_000_000


def push(engine: DockerClient, registry: RegistryClient, image: str, report: Report, *, deadline: Deadline) -> str:
    """Push `image` ("repository:tag"), which the engine has as "server/repository:tag"; return its digest.

    The credentials are sent with this request only, and not stored in the engine's configuration.

    Raises:
        AzureRefusedError: The registry does not accept the credentials.
        ContainerEngineError: The push was cut short, or the registry cannot be reached or ends up with another digest.
        TimedOutError: The deadline passed.

    """
    repository, _, tag = image.rpartition(":")
    with talking(f"pushing {image} to {registry.server}"):
        sizes = _layer_sizes(engine, f"{registry.server}/{image}")
        progress = _Progress(f"pushing {image} to {registry.server}", sizes, report)
        answers = engine.api.push(
            f"{registry.server}/{repository}",
            tag=tag,
            auth_config={"username": registry.username, "password": registry.password.reveal()},
            stream=True,
            decode=True,
        )
        for answer in answers:
            progress.take(answer)
            deadline.check()
    if progress.digest is None or registry.digest(repository, tag) != progress.digest:
        raise progress.failed("the registry does not have what was pushed")
    return progress.digest


def _layer_sizes(engine: DockerClient, name: str) -> dict[str, int]:
    """Return the sizes in bytes of an image's layers, by the ids that the engine reports."""
    image = engine.images.get(name)
    ids = [layer.removeprefix("sha256:")[:12] for layer in image.attrs["RootFS"]["Layers"]]
    sizes = [entry["Size"] for entry in reversed(image.history()) if entry["Size"]]
    if len(sizes) != len(ids):  # an empty layer looks like an instruction without a layer
        sizes = [image.attrs["Size"] // len(ids)] * len(ids)
    return dict(zip(ids, sizes, strict=True))


class _Progress:
    """Follow the stream of a push, which never fails itself: its last line has the error or the digest."""

    def __init__(self, what: str, sizes: dict[str, int], report: Report) -> None:
        self.digest: str | None = None
        self._what = what
        self._report = report
        self._sizes = sizes  # of the layers to send
        self._sent: dict[str, float] = {}

    def take(self, answer: Mapping[str, Any]) -> None:
        if "error" in answer:
            raise self.failed(str(answer["error"]))
        self.digest = answer.get("aux", {}).get("Digest", self.digest)
        if (layer := answer.get("id")) in self._sizes:
            self._layer(layer, answer["status"], answer.get("progressDetail") or {})

    def _layer(self, layer: str, status: str, detail: Mapping[str, int]) -> None:
        if status == "Pushed":
            self._sent[layer] = self._sizes[layer]
        elif status == "Layer already exists" or status.startswith("Mounted from"):
            del self._sizes[layer]
        elif detail.get("total"):
            self._sent[layer] = self._sizes[layer] * min(1.0, detail["current"] / detail["total"])
        sent, total = sum(self._sent.values()), sum(self._sizes.values())
        message = f"pushed {sent / _MEGABYTE:.0f} of {total / _MEGABYTE:.0f} MB"
        if status.startswith("Retrying"):
            message += f"; the registry does not respond, {status.lower()}"
        self._report(message, sent / total if total else 1.0)

    def failed(self, reason: str) -> MlflowAzureError:
        """Return the error for a message of the engine or the registry."""
        if any(words in reason.lower() for words in _REFUSED):
            return AzureRefusedError(
                f"{self._what}: the registry refused: {reason}",
                hint="Its password may have just changed. Run the command again.",
                code="RegistryUnauthorized",
            )
        return ContainerEngineError(
            f"{self._what}: {reason}",
            hint="Check the network and the registry's firewall, then run the command again: "
            "pushed layers are not sent again.",
            code="PushFailed",
        )
