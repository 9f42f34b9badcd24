"""The package as it is published: built from the source archive, installed far from the checkout, and run there."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mlflow_azure import __version__
from tests.support.command import Result
from tests.support.environments import environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.command import Command

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

CHECKOUT = Path(__file__).parents[2]


def run(*arguments: str | Path, **options: object) -> Result:
    done = subprocess.run([str(each) for each in arguments], capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
    return Result(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source archive, and the wheel that was built from it."""
    out = tmp_path_factory.mktemp("dist")
    built = run(environment("release") / "python", "-m", "build", "--outdir", out, CHECKOUT, cwd=out)
    assert built.exit_code == 0, built.stdout + built.stderr
    return out


@pytest.fixture(scope="module")
def installed(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of an environment that has the wheel, and of the development environment what the wheel needs."""
    venv = tmp_path_factory.mktemp("installed") / "venv"
    assert run(sys.executable, "-m", "venv", venv).exit_code == 0
    (wheel,) = dist.glob("*.whl")
    assert run(venv / "bin" / "pip", "install", "--no-deps", "--no-index", wheel).exit_code == 0
    packages = venv / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages"
    # An added folder is searched last, and its own .pth files, of the checkout's editable install, are not read.
    (packages / "needed.pth").write_text(sysconfig.get_path("purelib"))
    return venv / "bin"


@pytest.fixture
def away(cli: Command, installed: Path) -> Iterator[Command]:
    yield cli
    run(installed / "mlflow-azure", "emulator", "stop", env=cli.environment(), cwd=cli.directory)


def test_the_installed_command_plans_a_deploy_without_the_checkout(away: Command, installed: Path) -> None:
    options = {"env": away.environment(), "cwd": away.directory}
    where = run(installed / "python", "-c", "import mlflow_azure; print(mlflow_azure.__file__)", **options)
    assert Path(where.stdout.strip()).is_relative_to(installed.parent)
    assert run(installed / "mlflow-azure", "--version", **options).stdout == f"mlflow-azure {__version__}\n"
    planned = run(
        *(installed / "mlflow-azure", "deploy", "--cloud", "emulator", "--dry-run", "--output", "json"), **options
    )
    assert {change["action"] for change in planned.data["changes"]} == {"create", "update"}


def test_the_wheel_brings_the_man_page_and_the_completions(installed: Path) -> None:
    share = CHECKOUT / "share"
    files = [path.relative_to(share) for path in share.rglob("*") if path.is_file()]
    assert files
    assert [
        path for path in files if (installed.parent / "share" / path).read_bytes() != (share / path).read_bytes()
    ] == []


def test_the_source_archive_has_what_the_wheel_and_the_tests_are_made_of(dist: Path) -> None:
    (archive,) = dist.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    needed = (
        "docker/Dockerfile",
        "share/man/man1/mlflow-azure.1",
        "requirements-dev.lock",
        "tests/conftest.py",
        "LICENSE",
    )
    assert names.issuperset(needed)
    assert not [name for name in names if ".venv" in name or name.endswith((".pyc", ".env.local"))]


def test_the_workflow_files_and_those_of_the_pages_are_yaml(image_bin: Path, tmp_path: Path) -> None:
    files = sorted((CHECKOUT / ".github" / "workflows").glob("*.yml"))
    for page in sorted((CHECKOUT / "docs" / "how-to").glob("*.md")):
        for number, block in enumerate(
            re.findall(r"^```yaml\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)
        ):
            files.append(tmp_path / f"{page.stem}-{number}.yml")
            files[-1].write_text(block, encoding="utf-8")
    read = "import sys, yaml\nfor file in sys.argv[1:]: print(type(yaml.safe_load(open(file))).__name__)"
    done = run(image_bin / "python", "-c", read, *files)  # MLflow 1.5.0 brings a parser along
    assert done.exit_code == 0, done.stderr
    assert len(files) > 4
    assert set(done.stdout.split()) <= {"dict", "list"}
