"""The 26 `az` commands of the bash script, in its order, against the emulator.

`make bench` installs azure-cli into an environment of its own. Three things differ from the script, to its advantage:
it signs in as a service principal, since there is nobody to sign in; it creates container and share through Resource
Manager, since `az` builds the host names of both from the account's name; and it builds and pushes no image, and waits
for no server.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mlflow_azure.emulator import launcher

if TYPE_CHECKING:
    from tests.bench.cloud import Cloud

AZ = Path(__file__).parents[2] / ".venv" / "azure-cli" / "bin" / "az"
SITE = "az-site"
ACCOUNT, REGISTRY, PLAN = "azaccount", "azregistry", "az-plan"


@dataclass(frozen=True)
class AzScript:
    """`az`, told where the emulator is."""

    cloud: Cloud

    def prepare(self) -> None:
        """What one does once: make the emulator's cloud known to `az`."""
        found = self._endpoint
        manager, authority = found["resource_manager"], found["authority"]
        endpoints = {
            "resource-manager": manager,
            "management": manager,
            "active-directory": authority,
            "active-directory-resource-id": manager,
            "active-directory-graph-resource-id": found["graph"],
        }
        options = [word for name, url in endpoints.items() for word in (f"--endpoint-{name}", url)]
        self._az("cloud", "register", "--name", "emulator", *options)
        self._az("cloud", "set", "--name", "emulator")
        self._az("config", "set", "core.instance_discovery=false", "core.collect_telemetry=false")

    def deploy(self, group: str) -> None:
        """The 26 commands."""
        self._sign_in()
        self._az("group", "create", "--name", group, "--location", "westeurope")
        key, connection = self._storage(group)
        user, password = self._registry(group)
        self._web_app(group, user, password)
        self._settings(group, connection)
        self._mount(group, key)

    def _sign_in(self) -> None:
        found = self._endpoint
        principal = ("--username", found["client_id"], f"--password={found['client_secret']}")
        self._az("login", "--service-principal", *principal, "--tenant", found["tenant_id"])
        self._az("account", "set", "--subscription", found["subscription_id"])

    def _storage(self, group: str) -> tuple[str, str]:
        account = ("--resource-group", group, "--account-name", ACCOUNT)
        named = ("--resource-group", group, "--name", ACCOUNT)
        self._az("storage", "account", "create", *named, "--location", "westeurope", "--sku", "Standard_LRS")
        connection = self._az("storage", "account", "show-connection-string", *named)
        part = ("--name", "mlflow", "--storage-account", ACCOUNT, "--resource-group", group)
        self._az("storage", "container-rm", "create", *part)
        self._az("storage", "share-rm", "create", *part, "--quota", "2")
        return self._az("storage", "account", "keys", "list", *account, "--query", "[0].value"), connection

    def _registry(self, group: str) -> tuple[str, str]:
        registry = ("--name", REGISTRY)
        create = ("--resource-group", group, "--sku", "Basic", "--admin-enabled", "true")
        self._az("acr", "create", *registry, *create)
        user = self._az("acr", "credential", "show", *registry, "--query", "username")
        password = self._az("acr", "credential", "show", *registry, "--query", "passwords[0].value")
        self._az("acr", "repository", "list", *registry)
        return user, password

    def _web_app(self, group: str, user: str, password: str) -> None:
        server = self.cloud.emulator.azure.registries.registries.get(group, REGISTRY).login_server
        image = f"{server}/mlflowimage:latest"
        grouped = ("--resource-group", group)
        self._az("appservice", "plan", "create", *grouped, "--name", PLAN, "--sku", "S1", "--is-linux")
        site = ("--name", SITE, *grouped)
        self._az("webapp", "create", *site, "--plan", PLAN, "--deployment-container-image-name", image)
        pull = ("--docker-registry-server-url", f"https://{server}", "--docker-registry-server-user", user)
        container = ("--docker-custom-image-name", image, *pull, f"--docker-registry-server-password={password}")
        self._az("webapp", "config", "container", "set", *site, *container)
        self._az("webapp", "deployment", "container", "config", *site, "--enable-cd", "true")

    def _settings(self, group: str, connection: str) -> None:
        site = ("--name", SITE, "--resource-group", group)
        artifacts = f"wasbs://mlflow@{ACCOUNT}.blob.core.windows.net/mlartefacts"
        settings = {
            "WEBSITES_PORT": "5000",
            "AZURE_STORAGE_CONNECTION_STRING": connection,
            "MLFLOW_SERVER_DEFAULT_ARTIFACT_ROOT": artifacts,
            "MLFLOW_SERVER_WORKERS": "1",
            "MLFLOW_SERVER_PORT": "5000",
            "MLFLOW_SERVER_HOST": "0.0.0.0",
            "MLFLOW_SERVER_FILE_STORE": "/mlruns/mlruns",
        }
        for name, value in settings.items():
            self._az("webapp", "config", "appsettings", "set", *site, "--settings", f"{name}={value}")
        self._az("webapp", "log", "config", *site, "--docker-container-logging", "filesystem")

    def _mount(self, group: str, key: str) -> None:
        site = ("--name", SITE, "--resource-group", group)
        share = ("--account-name", ACCOUNT, "--share-name", "mlflow", f"--access-key={key}", "--mount-path", "/mlruns")
        mount = ("--custom-id", ACCOUNT, "--storage-type", "AzureFiles", *share)
        self._az("webapp", "config", "storage-account", "add", *site, *mount)
        self._az("webapp", "config", "storage-account", "list", *site)

    def _az(self, *words: str) -> str:
        done = subprocess.run(
            [AZ, *words, "--output", "tsv"],
            env={**self.cloud.environ, "REQUESTS_CA_BUNDLE": self._endpoint["ca_file"]},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"az {' '.join(words[:4])} ended with {done.returncode}:\n{done.stderr[-2000:]}")
        return done.stdout.strip()

    @property
    def _endpoint(self) -> dict[str, str]:
        found = launcher.endpoint(self.cloud.emulator.home)
        assert found is not None, "the emulator does not run"
        return found
