"""The same server, from a plain program: the Azure SDK, three threads, names by hand, and not a check.

It asks nothing beforehand, repairs nothing, keeps nothing that is there, and tells nobody what it waits for. What it
makes is what a deploy makes, down to the answer of the server. Run as a process of its own:

    python plain_sdk.py ENDPOINT_FILE GROUP PREFIX CONTEXT
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import requests
from azure.identity import ClientSecretCredential
from azure.mgmt.containerregistry import ContainerRegistryManagementClient
from azure.mgmt.containerregistrytasks import ContainerRegistryTasksMgmtClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.storage import StorageManagementClient
from azure.mgmt.web import WebSiteManagementClient
from azure.storage.blob import BlobClient

REGION = "westeurope"


def main(endpoint_file: str, group: str, prefix: str, context: str) -> None:
    found = json.loads(Path(endpoint_file).read_text())
    trust, manager = {"connection_verify": found["ca_file"]}, found["resource_manager"]
    credential = ClientSecretCredential(
        found["tenant_id"],
        found["client_id"],
        found["client_secret"],
        authority=found["authority"],
        disable_instance_discovery=True,
        **trust,
    )
    options = {"base_url": manager, "credential_scopes": [f"{manager}/.default"], "polling_interval": 0.1, **trust}
    made = partial(_client, credential, found["subscription_id"], options)
    resources, storage, web = (
        made(ResourceManagementClient),
        made(StorageManagementClient),
        made(WebSiteManagementClient),
    )
    registries, tasks = made(ContainerRegistryManagementClient), made(ContainerRegistryTasksMgmtClient)
    resources.resource_groups.create_or_update(group, {"location": REGION})
    with ThreadPoolExecutor(3) as pool:
        account = pool.submit(make_storage, storage, group, f"{prefix}account")
        image = pool.submit(make_image, registries, tasks, group, f"{prefix}registry", Path(context), trust)
        site = pool.submit(make_site, web, group, prefix)
        make_server(web, group, site.result(), account.result(), image.result())


def _client(credential: Any, subscription: str, options: dict[str, Any], client: Any) -> Any:
    return client(credential, subscription, **options)


def make_storage(storage: Any, group: str, name: str) -> tuple[str, str, str]:
    wanted = {
        "location": REGION,
        "sku": {"name": "Standard_LRS"},
        "kind": "StorageV2",
        "properties": {"allowBlobPublicAccess": False, "minimumTlsVersion": "TLS1_2", "supportsHttpsTrafficOnly": True},
    }
    account = storage.storage_accounts.begin_create(group, name, wanted).result()
    storage.blob_containers.create(group, name, "mlflow", {"properties": {}})
    storage.file_shares.create(group, name, "mlflow", {"properties": {"shareQuota": 2}})
    key = storage.storage_accounts.list_keys(group, name).keys_property[0].value
    return name, key, account.primary_endpoints.blob


def make_image(
    registries: Any, tasks: Any, group: str, name: str, context: Path, trust: dict[str, Any]
) -> tuple[str, str, str]:
    wanted = {"location": REGION, "sku": {"name": "Basic"}, "properties": {"adminUserEnabled": True}}
    server = registries.registries.begin_create(group, name, wanted).result().login_server
    upload = tasks.registries.get_build_source_upload_url(group, name)
    with BlobClient.from_blob_url(upload.upload_url, **trust) as blob:
        blob.upload_blob(context.read_bytes(), overwrite=True)
    order = {
        "type": "DockerBuildRequest",
        "imageNames": ["mlflowimage:latest"],
        "isPushEnabled": True,
        "sourceLocation": upload.relative_path,
        "dockerFilePath": "Dockerfile",
        "platform": {"os": "Linux", "architecture": "amd64"},
    }
    run = tasks.registries.schedule_run(group, name, order).properties.run_id
    while tasks.runs.get(group, name, run).properties.status != "Succeeded":
        time.sleep(0.1)
    credentials = registries.registries.list_credentials(group, name)
    return server, credentials.username, credentials.passwords[0].value


def make_site(web: Any, group: str, prefix: str) -> Any:
    plan = {"location": REGION, "sku": {"name": "S1"}, "kind": "linux", "properties": {"reserved": True}}
    plan = web.app_service_plans.begin_create_or_update(group, f"{prefix}plan", plan).result()
    config = {"linuxFxVersion": "DOCKER|mcr.microsoft.com/appsvc/staticsite:latest"}
    properties = {"serverFarmId": plan.id, "httpsOnly": True, "clientAffinityEnabled": False, "siteConfig": config}
    site = {"location": REGION, "kind": "app,linux,container", "properties": properties}
    return web.web_apps.begin_create_or_update(group, f"{prefix}site", site).result()


def make_server(web: Any, group: str, site: Any, account: tuple[str, str, str], image: tuple[str, str, str]) -> None:
    (name, key, blobs), (server, user, password) = account, image
    mount = {"type": "AzureFiles", "accountName": name, "shareName": "mlflow", "mountPath": "/mlruns", "accessKey": key}
    web.web_apps.update_azure_storage_accounts(group, site.name, {"properties": {name: mount}})
    logs = {"httpLogs": {"fileSystem": {"enabled": True, "retentionInMb": 100, "retentionInDays": 3}}}
    web.web_apps.update_diagnostic_logs_config(group, site.name, {"properties": logs})
    connection = f"DefaultEndpointsProtocol=https;AccountName={name};AccountKey={key};BlobEndpoint={blobs}"
    settings = {
        "WEBSITES_PORT": "5000",
        "WEBSITES_ENABLE_APP_SERVICE_STORAGE": "true",
        "MLFLOW_SERVER_HOST": "0.0.0.0",
        "MLFLOW_SERVER_PORT": "5000",
        "MLFLOW_SERVER_WORKERS": "1",
        "MLFLOW_SERVER_FILE_STORE": "/mlruns/mlruns",
        "MLFLOW_SERVER_DEFAULT_ARTIFACT_ROOT": f"wasbs://mlflow@{name}.blob.core.windows.net/mlartefacts",
        "AZURE_STORAGE_CONNECTION_STRING": connection,
        "DOCKER_REGISTRY_SERVER_URL": f"https://{server}",
        "DOCKER_REGISTRY_SERVER_USERNAME": user,
        "DOCKER_REGISTRY_SERVER_PASSWORD": password,
    }
    web.web_apps.update_application_settings(group, site.name, {"properties": settings})
    properties = {
        "linuxFxVersion": f"DOCKER|{server}/mlflowimage:latest",
        "alwaysOn": True,
        "minTlsVersion": "1.2",
        "scmMinTlsVersion": "1.2",
        "ftpsState": "Disabled",
    }
    web.web_apps.update_configuration(group, site.name, {"properties": properties})
    while not answers(f"http://{site.default_host_name}/api/2.0/mlflow/experiments/list"):
        time.sleep(0.1)


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=60).status_code == 200
    except requests.ConnectionError:
        return False


if __name__ == "__main__":
    main(*sys.argv[1:])
