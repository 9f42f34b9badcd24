"""Known holes in the packages that are locked: holes.py check | holes.py update CLONE.

`check` needs no network: it compares the locks with advisories.json, the part of the Python Packaging Advisory Database
that is about them (https://github.com/pypa/advisory-database, CC BY 4.0). It ends with 1 where it finds a hole that is
not in accepted.json with a reason. What became known after the date in advisories.json it cannot find; `update` takes
that from a clone of the database, and needs PyYAML.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from packaging.version import Version

HERE = Path(__file__).parent
KNOWN, ACCEPTED = HERE / "advisories.json", HERE / "accepted.json"
SOURCE = "https://github.com/pypa/advisory-database"
LOCKS = (
    "docker/requirements.lock",
    "docker/mlflow3/requirements.lock",
    "requirements-dev.lock",
    "requirements-release.lock",
    "examples/requirements.lock",
)
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)


def pins() -> dict[tuple[str, str], list[str]]:
    """Name and version of everything that is locked, with the locks that name it."""
    found: dict[tuple[str, str], list[str]] = {}
    for lock in LOCKS:
        for name, version in _PIN.findall((HERE.parent / lock).read_text(encoding="utf-8")):
            found.setdefault((re.sub(r"[-_.]+", "-", name).lower(), version), []).append(lock)
    return found


def is_hit(version: str, advisory: dict[str, Any]) -> bool:
    """Whether the version lies in one of the ranges: from `introduced` up to, not including, `fixed`."""
    given = Version(version)
    return any(
        Version(each["introduced"]) <= given
        and not ("fixed" in each and given >= Version(each["fixed"]))
        and not ("last_affected" in each and given > Version(each["last_affected"]))
        for each in advisory["ranges"]
    )


def check() -> int:
    """Compare; 1 where a hole is known and not accepted, or accepted and not there any more."""
    known, accepted = json.loads(KNOWN.read_text()), json.loads(ACCEPTED.read_text())
    hits = {
        (f"{name} {version}", each["id"]): locks
        for (name, version), locks in pins().items()
        for each in known["advisories"].get(name, [])
        if is_hit(version, each)
    }
    told = {each["id"]: each for found in known["advisories"].values() for each in found}
    new = [(package, hole) for package, hole in hits if hole not in accepted]
    for package, hole in new:
        print(f"{package}: {hole} ({', '.join(told[hole]['aliases'])}) in {', '.join(hits[package, hole])}")
    gone = sorted(set(accepted) - {hole for _, hole in hits})
    for hole in gone:
        print(f"{hole} is accepted, but in no lock any more: remove it from {ACCEPTED.name}")
    print(
        f"{len(pins())} locked packages, {len(hits)} known holes in them, {len(new)} of them not accepted "
        f"(advisories of {known['date']})"
    )
    return 1 if new or gone else 0


def update(clone: Path) -> None:
    """Take what is about our packages from a clone of the database."""
    import yaml  # here: the check must need no more than the release environment has

    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", str(clone), *words], capture_output=True, text=True, check=True)
        return done.stdout

    names = sorted({name for name, _ in pins()})
    files = git("ls-tree", "-r", "--name-only", "HEAD", "vulns/").split()
    advisories: dict[str, list[dict[str, Any]]] = {}
    for file in files:
        name = file.split("/")[1]
        if name not in names:
            continue
        read = yaml.safe_load(git("show", f"HEAD:{file}"))
        ranges = [
            {event: version for each in found["events"] for event, version in each.items()}
            for affected in read["affected"]
            for found in affected.get("ranges", [])
            if found["type"] == "ECOSYSTEM"
        ]
        if ranges and "withdrawn" not in read:
            kept = {"id": read["id"], "aliases": read.get("aliases", []), "ranges": ranges}
            advisories.setdefault(name, []).append(kept)
    commit, date = git("log", "-1", "--format=%H %cs").split()
    content = {"source": SOURCE, "licence": "CC-BY-4.0", "commit": commit, "date": date, "advisories": advisories}
    KNOWN.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["check"]:
            sys.exit(check())
        case ["update", clone]:
            update(Path(clone))
        case _:
            sys.exit(__doc__)
