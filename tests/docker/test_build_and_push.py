"""Building with the local engine and pushing to a real registry, and what happens when that fails."""

from __future__ import annotations

import io
import os
import re
import socket
import struct
import tarfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mlflow_azure.deadline import Deadline
from mlflow_azure.errors import AzureRefusedError, ContainerEngineError, MlflowAzureError, TimedOutError
from mlflow_azure.image.context import BuildContext
from mlflow_azure.image.docker_engine import engine_available
from mlflow_azure.image.local_builder import LocalBuilder
from tests.support.tcp_proxy import TcpProxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from docker import DockerClient

    from tests.support.real_registry import RealRegistry

pytestmark = pytest.mark.docker

SOCKET = "/var/run/docker.sock"
MEGABYTE = 1_000_000


class Reports(list[tuple[str, float | None]]):
    """What was told of the progress; `when` may do something about it."""

    def __init__(self, when: Callable[[str, float | None], None] = lambda *_: None) -> None:
        super().__init__()
        self._when = when

    def __call__(self, message: str, fraction: float | None) -> None:
        self.append((message, fraction))
        self._when(message, fraction)

    @property
    def fractions(self) -> list[float]:
        return [fraction for _, fraction in self if fraction is not None]


@pytest.fixture
def context(tmp_path: Path) -> BuildContext:
    """A build context without a base image, with two layers of 20 MB of noise."""
    directory = tmp_path / "context"
    directory.mkdir()
    (directory / "Dockerfile").write_text("FROM scratch\nCOPY one /one\nCOPY two /two\n")
    for name in ("one", "two"):
        (directory / name).write_bytes(os.urandom(20 * MEGABYTE))
    return BuildContext(directory)


@pytest.fixture
def images(engine: DockerClient, context: BuildContext) -> Iterator[list[str]]:
    """The names under which an image is stored: those of a deploy. The engine forgets them after the test."""
    repository = f"tests/mlflow-{uuid.uuid4().hex[:8]}"
    yield [f"{repository}:latest", f"{repository}:{context.tag}"]
    for image in engine.api.images():
        if any(repository in tag for tag in image["RepoTags"] or []):
            engine.images.remove(image["Id"], force=True)


def dockerfile(tmp_path: Path, text: str, **arguments: str) -> BuildContext:
    directory = tmp_path / uuid.uuid4().hex
    directory.mkdir()
    (directory / "Dockerfile").write_text(text)
    return BuildContext(directory, arguments)


def test_an_image_arrives_under_all_its_names_with_one_digest(
    registry: RealRegistry, context: BuildContext, images: list[str]
) -> None:
    reports = Reports()
    LocalBuilder(Deadline())(registry.client(), context, images, reports)
    repository = images[0].partition(":")[0]
    digests = {registry.client().digest(repository, tag) for tag in ("latest", context.tag)}
    assert len(digests) == 1
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", digests.pop() or "")


def test_progress_is_told_by_instruction_and_by_byte(
    registry: RealRegistry, context: BuildContext, images: list[str]
) -> None:
    reports = Reports()
    LocalBuilder(Deadline())(registry.client(), context, images[:1], reports)
    assert "Step 2/3 : COPY one /one" in [message for message, _ in reports]
    assert all(0 <= fraction <= 1 for fraction in reports.fractions)
    assert reports[-1] == ("pushed 40 of 40 MB", 1.0)
    assert len({fraction for fraction in reports.fractions if 0 < fraction < 1}) > 5


def test_credentials_do_not_get_into_the_engines_configuration(
    registry: RealRegistry, context: BuildContext, images: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    LocalBuilder(Deadline())(registry.client(), context, images, Reports())
    assert not (tmp_path / "docker").exists()


def test_without_an_engine_the_error_says_where_none_answers(
    context: BuildContext, registry: RealRegistry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    there, why = engine_available()
    assert not there
    assert f"{tmp_path}/none.sock: none responds (No such file or directory)" in why
    with pytest.raises(ContainerEngineError, match="none responds") as failure:
        LocalBuilder(Deadline())(registry.client(), context, ["a:b"], Reports())
    assert failure.value.code == "NoContainerEngine"
    assert "--build remote" in failure.value.hint


def test_an_engine_that_answers_is_named(engine: DockerClient) -> None:
    assert engine_available() == (True, f"Docker Engine {engine.version()['Version']}")


def failing_build(registry: RealRegistry, context: BuildContext) -> MlflowAzureError:
    with pytest.raises(MlflowAzureError) as failure:
        LocalBuilder(Deadline())(registry.client(), context, [f"tests/failing-{uuid.uuid4().hex[:8]}:x"], Reports())
    assert failure.value.hint
    return failure.value


def test_a_base_image_that_cannot_be_pulled_is_named(registry: RealRegistry, tmp_path: Path) -> None:
    error = failing_build(registry, dockerfile(tmp_path, "FROM localhost:1/none:1\nRUN true\n"))
    assert (error.code, error.exit_code) == ("BaseImageUnavailable", 5)
    assert error.message.startswith("building the image, at FROM localhost:1/none:1: ")


def test_a_failed_instruction_is_told_with_its_last_lines_and_leaves_no_container(
    engine: DockerClient, registry: RealRegistry, tmp_path: Path, base_image: str
) -> None:
    mark = uuid.uuid4().hex
    text = f"FROM {base_image}\nRUN for i in 1 2 3 4 5 6 7; do echo line $i; done; exit 3  # {mark}\n"
    error = failing_build(registry, dockerfile(tmp_path, text))
    assert (error.code, error.exit_code) == ("BuildFailed", 5)
    assert ": it exited with code 3\n" in error.message
    assert error.message.endswith("line 3\nline 4\nline 5\nline 6\nline 7")
    left = [container.attrs["Command"] for container in engine.containers.list(all=True, sparse=True)]
    assert not [command for command in left if mark in command]


def test_a_certificate_that_the_build_does_not_trust_is_told(
    registry: RealRegistry, tmp_path: Path, base_image: str
) -> None:
    pip = "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"
    error = failing_build(registry, dockerfile(tmp_path, f'FROM {base_image}\nRUN echo "{pip}" >&2; exit 1\n'))
    assert (error.code, error.exit_code) == ("UntrustedCertificate", 5)
    assert "--build-ca" in error.hint


def test_a_full_disk_is_told(registry: RealRegistry, tmp_path: Path, base_image: str) -> None:
    error = failing_build(registry, dockerfile(tmp_path, f"FROM {base_image}\nRUN cp /etc/passwd /dev/full\n"))
    assert (error.code, error.exit_code) == ("DiskFull", 5)
    assert "docker system prune" in error.hint


def test_programs_of_another_platform_are_told(engine: DockerClient, registry: RealRegistry, tmp_path: Path) -> None:
    elf = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHI", 2, 183, 1) + bytes(40)  # for AArch64
    shell = tarfile.TarInfo("bin/sh")
    shell.size, shell.mode = len(elf), 0o755
    root = io.BytesIO()
    with tarfile.open(fileobj=root, mode="w") as tar:
        tar.addfile(shell, io.BytesIO(elf))
    foreign = f"mlflow-azure-tests-foreign:{uuid.uuid4().hex[:8]}"
    engine.api.import_image_from_data(root.getvalue(), *foreign.split(":"))
    try:
        error = failing_build(registry, dockerfile(tmp_path, f"FROM {foreign}\nRUN true\n"))
    finally:
        engine.images.remove(foreign)
    assert (error.code, error.exit_code) == ("WrongPlatform", 5)


def test_a_malformed_dockerfile_is_told(registry: RealRegistry, tmp_path: Path) -> None:
    error = failing_build(registry, dockerfile(tmp_path, "FORM scratch\n"))
    assert error.exit_code == 5
    assert "FORM" in error.message


def test_a_wrong_password_is_refused_by_the_registry(
    registry: RealRegistry, context: BuildContext, images: list[str]
) -> None:
    with pytest.raises(AzureRefusedError, match=f"pushing .* to {registry.server}: the registry refused") as failure:
        LocalBuilder(Deadline())(registry.client("wrong"), context, images, Reports())
    assert failure.value.exit_code == 4
    assert "wrong" not in str(failure.value)


def test_a_registry_that_is_down_is_told_and_the_next_run_recovers(
    registry: RealRegistry, context: BuildContext, images: list[str]
) -> None:
    registry.stop()
    with pytest.raises(ContainerEngineError, match="connection refused") as failure:
        LocalBuilder(Deadline())(registry.client(), context, images, Reports())
    assert failure.value.code == "PushFailed"
    registry.start()
    LocalBuilder(Deadline())(registry.client(), context, images, Reports())


@pytest.mark.slow
def test_a_push_that_is_cut_is_told_and_the_next_run_recovers(
    registry: RealRegistry, context: BuildContext, images: list[str]
) -> None:
    proxy = TcpProxy(lambda: socket.create_connection(("127.0.0.1", registry.port)))
    client = registry.client(server=f"localhost:{proxy.port}")

    def cut(message: str, fraction: float | None) -> None:
        if message.startswith("pushed") and fraction is not None and fraction > 0.1:
            proxy.cut()

    with pytest.raises(ContainerEngineError) as failure:
        LocalBuilder(Deadline())(client, context, images, Reports(cut))
    assert failure.value.code == "PushFailed"
    LocalBuilder(Deadline())(registry.client(), context, images, Reports())


@pytest.mark.parametrize("moment", ["Step 2/3", "pushed"])
def test_an_engine_that_goes_away_is_told(
    registry: RealRegistry, context: BuildContext, images: list[str], moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def to_engine() -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(SOCKET)
        return connection

    proxy = TcpProxy(to_engine)

    def cut(message: str, _: float | None) -> None:
        if message.startswith(moment):
            proxy.cut()

    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{proxy.port}")
    with pytest.raises(ContainerEngineError) as failure:
        LocalBuilder(Deadline())(registry.client(), context, images, Reports(cut))
    assert failure.value.exit_code == 5
    assert failure.value.hint


def test_a_deadline_ends_a_build(registry: RealRegistry, tmp_path: Path, base_image: str) -> None:
    with pytest.raises(TimedOutError):
        LocalBuilder(Deadline(0))(
            registry.client(), dockerfile(tmp_path, f"FROM {base_image}\nRUN sleep 1\n"), ["a:b"], Reports()
        )
