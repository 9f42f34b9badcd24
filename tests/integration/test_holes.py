"""No package is locked that has a known hole which nobody has accepted."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]


def check(checkout: Path) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, str(checkout / ".ci" / "holes.py"), "check"]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def test_what_is_locked_has_no_known_hole_but_those_that_are_accepted() -> None:
    found = check(CHECKOUT)
    assert found.returncode == 0, found.stdout


def test_a_version_with_a_known_hole_is_found_by_name(tmp_path: Path) -> None:
    shutil.copytree(CHECKOUT / ".ci", tmp_path / ".ci")
    for lock in CHECKOUT.glob("**/requirements*.lock"):
        if not lock.relative_to(CHECKOUT).parts[0].startswith("."):
            copy = tmp_path / lock.relative_to(CHECKOUT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(re.sub(r"^cryptography==\S+", "cryptography==41.0.0", lock.read_text(), flags=re.MULTILINE))
    found = check(tmp_path)
    assert found.returncode == 1
    assert "cryptography 41.0.0: PYSEC-" in found.stdout


def test_security_md_names_each_hole_that_is_accepted() -> None:
    told = (CHECKOUT / "SECURITY.md").read_text()
    known = json.loads((CHECKOUT / ".ci" / "advisories.json").read_text())
    accepted = json.loads((CHECKOUT / ".ci" / "accepted.json").read_text())
    names = {each["id"]: each["aliases"] for found in known["advisories"].values() for each in found}
    for hole in accepted:
        [cve] = [alias for alias in names[hole] if alias.startswith("CVE-")]
        assert re.search(rf"CVE-{cve[4:8]}[^.]*-{cve[9:]}\b", told), cve
