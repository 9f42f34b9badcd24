"""Builds the image with the container engine on this machine."""

from __future__ import annotations

import io
import re
from collections import deque
from typing import TYPE_CHECKING, Any

from mlflow_azure.errors import ContainerEngineError
from mlflow_azure.image.context import PLATFORM
from mlflow_azure.image.docker_engine import talking

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docker import DockerClient

    from mlflow_azure.deadline import Deadline
    from mlflow_azure.events import Report
    from mlflow_azure.image.context import BuildContext

_STEP = re.compile(r"Step (\d+)/(\d+) : (.*)")
_BUILT = re.compile(r"Successfully built ([0-9a-f]+)")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_NOISE = (" ---> ", "Removing intermediate container")
_OUTPUT_LINES, _LINE, _INSTRUCTION = 5, 200, 70  # limits of quoted output: lines, characters per line
_ENDED = re.compile(r"The command '.*' returned a non-zero code: (\d+)", re.DOTALL)
_CODES = {
    "no space left on device": "DiskFull",
    "exec format error": "WrongPlatform",
    "certificate_verify_failed": "UntrustedCertificate",
}
_ELSEWHERE = "or build it in the registry: mlflow-azure deploy --build remote"
_HINTS = {
    "DiskFull": "Free some space, for example with: docker system prune. Then run the command again.",
    "WrongPlatform": f"The engine cannot run {PLATFORM} programs. Enable that with: docker run --privileged --rm "
    f"tonistiigi/binfmt --install amd64, {_ELSEWHERE}",
    "BaseImageUnavailable": "Pull it yourself to see why (docker pull), use a copy in a registry that the engine can "
    f"reach: --docker-base-image IMAGE, {_ELSEWHERE}",
    "UntrustedCertificate": f"A proxy inspects TLS on the way. Give the file with its certificates: --build-ca FILE, "
    f"{_ELSEWHERE}",
    "BuildFailed": f"Read the lines above, {_ELSEWHERE}",
}


def build(
    engine: DockerClient,
    context: BuildContext,
    tag: str,
    report: Report,
    *,
    deadline: Deadline,
    build_ca: bytes | None = None,
) -> None:
    """Build `context` for App Service's platform and tag the result with `tag` ("server/repository:tag").

    Args:
        engine: The engine that builds it.
        tag: The name of the image.
        report: Called with each instruction of the Dockerfile and the fraction done.
        build_ca: Certificates (PEM) that the build stage trusts. They are not part of the image.

    Raises:
        ContainerEngineError: The build failed; its last lines are in the message.
        TimedOutError: The deadline passed.

    """
    archive = context.archive({"build-ca.pem": build_ca} if build_ca else None)
    progress = _Progress(report)
    with talking("building the image"):
        answers = engine.api.build(
            fileobj=io.BytesIO(archive),
            custom_context=True,
            encoding="gzip",
            tag=tag,
            dockerfile=context.dockerfile,
            buildargs=dict(context.arguments),
            platform=PLATFORM,
            rm=True,
            forcerm=True,  # remove the container of a failed step
            decode=True,
        )
        for answer in answers:
            progress.take(answer)
            deadline.check()
        built = engine.images.get(progress.built()).attrs
    if (platform := f"{built['Os']}/{built['Architecture']}") != PLATFORM:
        raise ContainerEngineError(
            f"building the image: the engine made one for {platform}, but App Service runs {PLATFORM}",
            hint=f"Remove the local copy of the base image, which is for another platform (docker image ls), "
            f"and run the command again, {_ELSEWHERE}",
            code="WrongPlatform",
        )


class _Progress:
    """Follow the stream of a build: report its instructions, and raise its error."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._image: str | None = None
        self._instruction = ""
        self._fraction: float | None = None
        self._output: deque[str] = deque(maxlen=_OUTPUT_LINES)

    def take(self, answer: Mapping[str, Any]) -> None:
        if "error" in answer:
            raise self._failed(str(answer["error"]))
        for line in _COLOUR.sub("", str(answer.get("stream", ""))).splitlines():
            if line.strip() and not line.startswith(_NOISE):
                self._line(line.strip())
        if answer.get("status") and answer.get("id"):
            self._report(f"{answer['status']} {answer['id']}", self._fraction)

    def built(self) -> str:
        """Return the id of the image. If the engine is stopped, the stream simply ends."""
        if self._image is None:
            raise self._failed("the engine ended the build without an image")
        return self._image

    def _line(self, line: str) -> None:
        if done := _BUILT.fullmatch(line):
            self._image = done[1]
        if step := _STEP.fullmatch(line):
            number, count, self._instruction = int(step[1]), int(step[2]), step[3]
            self._fraction = (number - 1) / count
            self._output.clear()
        else:
            self._output.append(line)
        self._report(line, self._fraction)

    def _failed(self, reason: str) -> ContainerEngineError:
        reason = _ENDED.sub(r"it exited with code \1", reason)
        tail = "".join(f"\n{_short(line, _LINE)}" for line in self._output)
        code = self._code(f"{reason}{''.join(self._output)}".lower())
        at = f", at {_short(self._instruction, _INSTRUCTION)}" if self._instruction else ""
        return ContainerEngineError(f"building the image{at}: {reason}{tail}", hint=_HINTS[code], code=code)

    def _code(self, text: str) -> str:
        known = next((code for words, code in _CODES.items() if words in text), None)
        if known:
            return known
        return "BaseImageUnavailable" if self._instruction.startswith("FROM ") else "BuildFailed"


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
