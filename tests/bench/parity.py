"""`make parity`: what the `az` commands made and what a deploy made, property by property, on the emulator.

    python -m tests.bench.parity [--write]

Names and secrets are shown in angle brackets. Each difference needs a reason in parity_reasons.py: one without, and a
reason without a difference, end it with exit code 1. `--write` puts the table into docs/parity.md.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from mlflow_azure import __version__
from tests.bench.az_script import AZ, AzScript
from tests.bench.cloud import Cloud, cloud
from tests.bench.measure import table
from tests.bench.parity_reasons import REASONS

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[2] / "docs" / "parity.md"
OURS, SCRIPT = "group-of-deploy", "group-of-az"
WIDTH = 60  # characters of a value that are shown
MARK = "<!-- differences -->"
TYPES = {
    "Microsoft.Storage/storageAccounts": ("storage account", "account", "2023-05-01"),
    "Microsoft.ContainerRegistry/registries": ("container registry", "registry", "2023-07-01"),
    "Microsoft.Web/serverfarms": ("App Service plan", "plan", "2023-12-01"),
    "Microsoft.Web/sites": ("web app", "site", "2023-12-01"),
}
"""Type: what it is called, what stands for its name, and the API version that it is read with."""
PARTS = (
    ("account", "GET", "/blobServices/default/containers/mlflow", "blob container"),
    ("account", "GET", "/fileServices/default/shares/mlflow", "file share"),
    ("site", "GET", "/config/web", "configuration"),
    ("site", "GET", "/config/logs", "logs"),
    ("site", "POST", "/config/appsettings/list", "app settings"),
    ("site", "POST", "/config/azurestorageaccounts/list", "mounts"),
)
# What differs between any two resources and says nothing of how they are set, and what is said twice.
_OWN = re.compile(
    r"^properties\.tags\.|(^|\.)(id|etag|name|mdmId|serverFarmId|lastModified\w*|creation\w*|createdAt|keyCreationTime\.\w+|\w*Time\w*)$"
)


@dataclass(frozen=True)
class _Deployment:
    """What is in a resource group."""

    cloud: Cloud
    group: str

    def properties(self) -> dict[str, str]:
        """All properties: `kind: path` and the value."""
        azure = self.cloud.emulator.azure
        group = azure.resources.resource_groups.get(self.group)
        found = {"resource group": group.as_dict()}
        ids = {}
        names = {self.group: "<group>", azure.subscription: "<subscription>", __version__: "<version>"}
        for resource in azure.resources.resources.list_by_resource_group(self.group):
            if resource.type in TYPES:
                kind, short, version = TYPES[resource.type]
                ids[short] = (resource.id, version)
                names[resource.name] = f"<{short}>"
                found[kind] = self._ask("GET", resource.id, version)
        for short, method, path, kind in PARTS:
            found[kind] = self._ask(method, ids[short][0] + path, ids[short][1])
        for *_, kind in PARTS:
            found[kind].pop("tags", None)  # App Service says those of the site again
        found["app settings"] = found["app settings"]["properties"]
        found["mounts"] = found["mounts"]["properties"]
        return {
            f"{kind}: {_named(path, names)}": _named(value, names)
            for kind, content in found.items()
            for path, value in _flat(content)
            if not _OWN.search(path)
        }

    def _ask(self, method: str, path: str, version: str) -> Any:
        azure = self.cloud.emulator.azure
        token = azure.credential.get_token(f"{azure.endpoint['resource_manager']}/.default").token
        with requests.Session() as session:
            session.trust_env = False
            answer = session.request(
                method,
                f"{azure.endpoint['resource_manager']}{path}",
                params={"api-version": version},
                headers={"Authorization": f"Bearer {token}"},
                verify=azure.endpoint["ca_file"],
                timeout=60,
            )
        answer.raise_for_status()
        return answer.json()


def main() -> None:
    """Make both, compare, and tell."""
    if not AZ.exists():
        sys.exit("azure-cli is not installed: make parity installs it")
    with cloud() as found:
        AzScript(found).prepare()
        AzScript(found).deploy(SCRIPT)
        # Registry and account have the same name by default: here they are to be told apart.
        replace(found, environ={**found.environ, "ACR_NAME": "ourregistry"}).command("deploy", group=OURS)
        theirs, ours = (_Deployment(found, group).properties() for group in (SCRIPT, OURS))
    names = sorted({*theirs, *ours})
    differing = [name for name in names if theirs.get(name) != ours.get(name)]
    rows = [
        [f"`{name}`", _short(theirs.get(name)), _short(ours.get(name)), _reason(name) or "**no reason**"]
        for name in differing
    ]
    counts = f"{len(names) - len(rows)} properties are identical, {len(rows)} differ."
    text = f"{counts}\n\n{table(['property', 'az', 'deploy', 'why'], rows)}"
    print(text)
    if "--write" in sys.argv:
        before = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
        PAGE.write_text(f"{before}{MARK}\n{text}\n", encoding="utf-8")
    faults = [f"no reason for {name}" for name in differing if _reason(name) is None]
    idle = [pattern for pattern in REASONS if not any(re.fullmatch(pattern, name) for name in differing)]
    sys.exit("\n".join([*faults, *(f"a reason without a difference: {pattern}" for pattern in idle)]) or 0)


def _short(value: str | None) -> str:
    if value is None:
        return "-"
    return f"`{value}`" if len(value) <= WIDTH else f"`{value[:WIDTH]}…`"


def _reason(name: str) -> str | None:
    return next((reason for pattern, reason in REASONS.items() if re.fullmatch(pattern, name)), None)


def _flat(content: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(content, dict) and content:
        for name, value in content.items():
            yield from _flat(value, f"{path}.{name}" if path else name)
    elif isinstance(content, list) and content:
        for number, value in enumerate(content):
            yield from _flat(value, f"{path}[{number}]")
    elif content not in (None, {}, []):
        yield path, str(content)


def _named(text: str, names: dict[str, str]) -> str:
    """Without what differs in any two deployments: names, ports of this machine, secrets."""
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, names[name])
    text = re.sub(r"localhost:\d+|127\.0\.0\.1:\d+", "<host>", text)
    return re.sub(r"AccountKey=[^;]+|[A-Za-z0-9+/_-]{40,}={0,2}|[0-9a-f-]{36}", "<secret>", text)


if __name__ == "__main__":
    main()
