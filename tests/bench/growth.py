"""Whether a deploy that changes nothing costs more where there is more beside it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

from tests.bench.cloud import Cloud, cloud
from tests.bench.measure import Spread, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GROUP = "mlflow-rg"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json"


def measure(rounds: int) -> Iterator[str]:
    """Requests and seconds, as one thing after the other is added."""
    with cloud() as found:
        found.emulator.control("PUT", "quota", {"cores": 10_000})  # who has so many plans has asked for more than usual
        found.command("deploy")
        growing = _Growing(found)
        rows = [growing.row("1 deployment", rounds)]
        growing.deployments(10)
        rows.append(growing.row("10 deployments in the subscription", rounds))
        growing.deployments(50)
        rows.append(growing.row("50 deployments in the subscription", rounds))
        growing.tags(1000)
        rows.append(growing.row("… and 1,000 tags in the registry", rounds))
        growing.foreign(500)
        rows.append(growing.row("… and 500 foreign resources in the group", rounds))
        growing.app_settings(200)
        rows.append(growing.row("… and 200 app settings of the user's own", rounds))
    unchanged = ["", "requests", "writes", "seconds", "by 1 deployment"]
    yield table([*unchanged, "first deploy beside it: requests", "seconds", "by 1 deployment"], rows)


@dataclass
class _Growing:
    """What is beside the deployment that is measured."""

    cloud: Cloud
    others: int = 0
    alone: tuple[Spread, Spread] | None = None

    def row(self, name: str, rounds: int) -> list[object]:
        """A deploy that changes nothing, and a first one of another group, several times."""
        unchanged = [self.cloud.counted("deploy") for _ in range(rounds)]
        first = []
        for _ in range(rounds):
            first.append(self.cloud.counted("deploy", group="another"))
            self.cloud.delete("another")
        spreads = [Spread.of(done.seconds for done, _ in each) for each in (unchanged, first)]
        self.alone = self.alone or (spreads[0], spreads[1])
        counts = [_listed({len(asked) for _, asked in each}) for each in (unchanged, first)]
        writes = _listed({sum(request["write"] for request in asked) for _, asked in unchanged})
        times = [(spread, spread / alone) for spread, alone in zip(spreads, self.alone, strict=True)]
        return [name, counts[0], writes, *times[0], counts[1], *times[1]]

    def deployments(self, count: int) -> None:
        """The resources of deployments in groups of their own, with our tags, and without an image to run."""
        numbers = range(self.others + 1, count)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(self._deployment, numbers))
        self.others = count - 1

    def _deployment(self, number: int) -> None:
        azure, group = self.cloud.emulator.azure, f"rg-{number}"
        tags = azure.resources.resource_groups.get(GROUP).tags
        common = {"location": "westeurope", "tags": tags}
        azure.resources.resource_groups.create_or_update(group, common)
        account = {**common, "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
        azure.storage.storage_accounts.begin_create(group, f"growing{number}", account).result()
        azure.storage.blob_containers.create(group, f"growing{number}", "mlflow", {})  # once the account serves blobs
        registry = {**common, "sku": {"name": "Basic"}, "properties": {"adminUserEnabled": True}}
        azure.registries.registries.begin_create(group, f"growing{number}", registry).result()
        plan = {**common, "sku": {"name": "S1"}, "kind": "linux", "properties": {"reserved": True}}
        made = azure.web.app_service_plans.begin_create_or_update(group, "plan", plan).result()
        site = {**common, "properties": {"serverFarmId": made.id}}
        azure.web.web_apps.begin_create_or_update(group, f"growing-{number}", site).result()

    def tags(self, count: int) -> None:
        """The image under more names: its manifest pushed again."""
        azure = self.cloud.emulator.azure
        registry = next(iter(azure.registries.registries.list_by_resource_group(GROUP)))
        credentials = azure.registries.registries.list_credentials(GROUP, registry.name)
        with requests.Session() as session:
            session.trust_env = False  # REQUESTS_CA_BUNDLE would go before what follows
            session.verify = azure.endpoint["ca_file"]
            session.auth = (credentials.username, credentials.passwords[0].value)
            url = f"https://{registry.login_server}/v2/mlflowimage/manifests"
            manifest = session.get(f"{url}/latest", headers={"Accept": MANIFEST}, timeout=60)
            manifest.raise_for_status()
            kind = {"Content-Type": manifest.headers["Content-Type"]}
            for number in range(count):
                answer = session.put(f"{url}/tag-{number}", manifest.content, headers=kind, timeout=60)
                answer.raise_for_status()

    def foreign(self, count: int) -> None:
        """Resources of someone else in the group."""
        plan = {"location": "westeurope", "sku": {"name": "S1"}, "kind": "linux", "properties": {"reserved": True}}
        create: Callable[..., Any] = self.cloud.emulator.azure.web.app_service_plans.begin_create_or_update
        for number in range(count):
            create(GROUP, f"foreign-{number}", plan).result()

    def app_settings(self, count: int) -> None:
        """App settings that the user has added."""
        apps = self.cloud.emulator.azure.web.web_apps
        site = next(iter(apps.list_by_resource_group(GROUP))).name
        settings = apps.list_application_settings(GROUP, site).properties
        more = {f"OWN_{number}": str(number) for number in range(count)}
        apps.update_application_settings(GROUP, site, {"properties": {**settings, **more}})


def _listed(counts: set[int]) -> str:
    return ", ".join(map(str, sorted(counts)))
