"""Each import contract of pyproject.toml fails when it is broken, in a copy of the package."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).parents[2]
PACKAGE = "mlflow_azure"
CONTRACTS: dict[str, dict[str, Any]] = {
    contract["name"]: contract
    for contract in tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
}
ONE_WAY = "Imports point one way, and packages side by side know nothing of each other"
EMULATOR = "The emulator knows nothing of what it is to test"
TALK = "Only the commands talk to the user"
BESIDE = "What runs beside MLflow brings nothing along"
RESOURCES = "Resources are layered like the services they belong to"
DEPLOYMENT = "A deployment is its features on its foundation"
DATA = "A backup knows kinds of data by what they promise"


@dataclass(frozen=True)
class Copy:
    """A copy of the package and of its contracts."""

    directory: Path

    def add_import(self, importer: str, imported: str) -> None:
        """A line more at the end of a module, or of a package's `__init__`."""
        path = self.directory.joinpath(PACKAGE, *importer.split("."))
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        file.write_text(f"{file.read_text()}\nimport {PACKAGE}.{imported}\n")

    def broken(self) -> tuple[set[str], str]:
        """The names of the contracts that import-linter says are broken, and all that it says."""
        done = subprocess.run(
            [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
            cwd=self.directory,  # import-linter looks for the package there first
            env={"COLUMNS": "200", "PYTHONPATH": str(self.directory)},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        verdicts = dict(re.findall(r"^(.*) (KEPT|BROKEN)", done.stdout, re.MULTILINE))
        assert set(verdicts) == set(CONTRACTS), done.stdout + done.stderr
        return {name for name, verdict in verdicts.items() if verdict == "BROKEN"}, done.stdout


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    shutil.copytree(CHECKOUT / "src" / PACKAGE, tmp_path / PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(CHECKOUT / "pyproject.toml", tmp_path)
    return Copy(tmp_path)


def test_a_copy_that_nobody_changed_keeps_every_contract(copy: Copy) -> None:
    assert copy.broken()[0] == set()


@pytest.mark.parametrize(
    ("importer", "imported", "contract"),
    [
        ("engine.walk", "resources.web.web_app", ONE_WAY),
        ("engine.walk", "azure.clients", ONE_WAY),
        ("engine.walk", "console.text", ONE_WAY),
        ("console.text", "azure.clouds", ONE_WAY),
        ("settings.naming", "azure.clouds", ONE_WAY),
        ("azure.rest", "engine.node", ONE_WAY),
        ("kudu.logs", "image.context", ONE_WAY),
        ("local.run", "resources.arm", ONE_WAY),
        ("deployment.stack", "emulator.launcher", ONE_WAY),
        ("deployment.stack", "cli.main", ONE_WAY),
        ("errors", "events", ONE_WAY),
        ("emulator.state", "settings.naming", EMULATOR),
        ("resources.web.web_app", "console.text", TALK),
        ("client.environment", "secret", BESIDE),
        ("resources.arm", "resources.base", RESOURCES),
        ("resources.storage.file_share", "resources.web.web_app", RESOURCES),
        ("resources.registry.webhook", "resources.entra.client_secret", RESOURCES),
        ("deployment.features.sign_in", "deployment.stack", DEPLOYMENT),
        ("deployment.status", "deployment.destroy", DEPLOYMENT),
        ("data.crew", "resources.arm", ONE_WAY),
        ("data.backup", "console.text", TALK),
        ("data.parts", "data.share_files", DATA),
        ("data.blobs", "data.share_files", DATA),
    ],
)
def test_an_import_in_the_wrong_direction_breaks_its_contract(
    copy: Copy, importer: str, imported: str, contract: str
) -> None:
    copy.add_import(importer, imported)
    broken, said = copy.broken()
    assert contract in broken, said
    assert f"{PACKAGE}.{importer} -> {PACKAGE}.{imported}" in said


@pytest.mark.parametrize("contract", [name for name, each in CONTRACTS.items() if each["type"] == "forbidden"])
def test_everything_that_is_forbidden_is_found_where_it_is_done(copy: Copy, contract: str) -> None:
    sources, forbidden = CONTRACTS[contract]["source_modules"], CONTRACTS[contract]["forbidden_modules"]
    pairs = [(source, target) for source in sources for target in forbidden]
    for source, target in pairs:
        copy.add_import(source.removeprefix(f"{PACKAGE}."), target.removeprefix(f"{PACKAGE}."))
    broken, said = copy.broken()
    assert contract in broken
    for source, target in pairs:
        assert f"{source} is not allowed to import {target}:" in said


@pytest.mark.parametrize(
    ("module", "contract"),
    [
        ("helpers", ONE_WAY),
        ("resources.helpers", RESOURCES),
        ("deployment.helpers", DEPLOYMENT),
        ("data.helpers", DATA),
    ],
)
def test_a_new_module_without_a_place_breaks_the_contract_that_has_to_name_it(
    copy: Copy, module: str, contract: str
) -> None:
    copy.directory.joinpath(PACKAGE, *module.split(".")).with_suffix(".py").touch()
    broken, said = copy.broken()
    assert broken == {contract}, said
    assert "helpers" in said


def test_every_contract_is_broken_here() -> None:
    """A contract that is added gets its line above."""
    assert set(CONTRACTS) == {ONE_WAY, EMULATOR, TALK, BESIDE, RESOURCES, DEPLOYMENT, DATA}
