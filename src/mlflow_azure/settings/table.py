"""The table of all settings: name, type, default, rule and meaning.

The field's name in capitals is the setting's name in the environment and the settings file; with dashes
it is the command-line option. Options, help, `settings init | show` and the reference are generated from it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mlflow_azure.secret import Secret
from mlflow_azure.settings import naming, rules

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True)
class Unique:
    """A default that is globally unique, and the same on every run."""

    prefix: str

    def text(self, subscription_id: str, rg_name: str) -> str:
        """Return the default for a deployment to this resource group."""
        return self.prefix + naming.suffix(subscription_id, rg_name)

    def __str__(self) -> str:
        return f"{self.prefix} + a short hash of SUBSCRIPTION_ID and RG_NAME"


FILE_SHARE, POSTGRES = "1.5.0", "3"
"""The MLflow versions that can be deployed: the bash script's, with its backend store on a file share, and 3, with
PostgreSQL."""


@dataclass(frozen=True)
class ByVersion:
    """A default that depends on MLFLOW_VERSION."""

    texts: Mapping[str, str]

    def text(self, version: str) -> str:
        """Return the default for this MLflow version; that of 1.5.0 if there is no such version."""
        return self.texts.get(version, self.texts[FILE_SHARE])

    def __str__(self) -> str:
        first, *others = self.texts.items()
        return ", ".join([first[1], *(f"{text} for MLflow {version}" for version, text in others)])


@dataclass(frozen=True, kw_only=True)
class Setting:
    """The definition of a setting.

    Args:
        name: Its name in the environment and the settings file: RG_NAME.
        default: None if there is none, or if only Azure can tell.
        default_words: The default in words.
        meaning: One line of help.
        rule: Returns the broken rule of a text, or None.
        convert: Converts valid text to the value in `Settings`.
        multiple: Whether the text is a comma-separated list, and the option may be given several times.
        spellings: Alternative names of its option.
        secret: Whether the value is a secret. It is then not an option, since process arguments are visible to all.

    """

    name: str
    default: str | Unique | ByVersion | None
    default_words: str
    meaning: str
    rule: naming.Rule
    convert: Callable[[str], Any] = str
    multiple: bool = False
    spellings: tuple[str, ...] = ()
    secret: bool = False

    @property
    def field(self) -> str:
        """Its name in `Settings`, and the name of its option's parameter."""
        return self.name.lower()

    @property
    def option(self) -> str:
        """Its command-line option."""
        return "--" + self.field.replace("_", "-")

    def quoted(self, text: str) -> str:
        """Return the text as messages may show it."""
        return "(secret)" if self.secret else json.dumps(text, ensure_ascii=False)


def setting(
    default: str | Unique | ByVersion | None, meaning: str, rule: naming.Rule, *, default_words: str = "", **more: Any
) -> Any:
    """Return a field of `Settings`; the arguments are those of `Setting`."""
    words = default_words or str(default)
    return field(metadata={"default": default, "default_words": words, "meaning": meaning, "rule": rule, **more})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The checked values of all settings. Sizes are in GiB, networks in CIDR notation."""

    subscription_id: str = setting(
        None,
        "Azure subscription to deploy to",
        naming.guid,
        convert=str.lower,
        default_words="the subscription of the signed-in account",
    )
    rg_name: str = setting("mlflow-rg", "Resource group", naming.resource_group)
    rg_location: str = setting("westeurope", "Azure region", naming.location, convert=naming.canonical_location)
    mlflow_version: str = setting(
        FILE_SHARE,
        "MLflow version to deploy: 1.5.0 on a file share, or 3 on PostgreSQL",
        rules.one_of(FILE_SHARE, POSTGRES),
        spellings=("--mlflow",),
    )
    acr_name: str = setting(Unique("mlflow"), "Container registry; globally unique", naming.registry)
    docker_image_name: str = setting("mlflowimage", "Repository of the image", naming.image_repository)
    docker_image_tag: str = setting("latest", "Tag of the image", naming.image_tag)
    docker_base_image: str | None = setting(
        None,
        "Base image to build on, such as a copy in your company's registry",
        naming.image_reference,
        default_words="python:3.11-slim-bookworm",
    )
    asp_name: str = setting("mlflowappserviceplan", "App Service plan", naming.plan)
    asp_sku: str = setting(
        ByVersion({FILE_SHARE: "S1", POSTGRES: "P0v3"}),
        "Size of the App Service plan, such as B1 or P1v3",
        naming.sku,
        convert=naming.canonical_sku,
    )
    asp_instances: int = setting(
        "1",
        "Instances of the web app; MLflow 3 only",
        rules.whole_number(1, rules.MOST_INSTANCES),
        convert=int,
        spellings=("--instances",),
    )
    autoscale: tuple[int, ...] | None = setting(
        None,
        "Scale instances between MIN and MAX by load: out above 70 % CPU, in below 30 %; or off. Replaces "
        "ASP_INSTANCES; MLflow 3 only",
        rules.instance_range,
        convert=rules.canonical_range,
        default_words="unchanged; off for a new plan",
    )
    web_app_name: str = setting(Unique("mlflow-"), "Web app; globally unique", naming.site)
    mlflow_host: str = setting("0.0.0.0", "Address the MLflow server listens on", rules.ipv4_address)  # noqa: S104 -- inside the container
    mlflow_port: int = setting("5000", "Port the MLflow server listens on", rules.port, convert=int)
    mlflow_workers: int = setting(
        "1",
        "Worker processes of the MLflow server",
        rules.whole_number(1, 99),
        convert=int,
        default_words="1; for MLflow 3, one per core of the plan, if the database has enough connections",
    )
    mlflow_filestore: str = setting(
        "/mlruns/mlruns",
        "Directory of the backend store; inside STORAGE_MOUNT_POINT",
        rules.directory,
        convert=rules.canonical_directory,
    )
    storage_account_name: str = setting(Unique("mlflow"), "Storage account; globally unique", naming.storage_account)
    storage_container_name: str = setting("mlflow", "Blob container of the artifacts", naming.blob_container)
    storage_mount_point: str = setting(
        "/mlruns",
        "Where the web app mounts the file share",
        rules.mount_point,
        convert=rules.canonical_directory,
    )
    storage_file_share_name: str = setting("mlflow", "File share of the backend store", naming.file_share)
    storage_file_share_size: int = setting(
        "2", "Quota of the file share, in GiB", rules.whole_number(1, 102_400), convert=int
    )
    postgres_server_name: str = setting(
        Unique("mlflow-"), "PostgreSQL server of MLflow 3; globally unique", naming.postgres_server
    )
    postgres_version: str = setting(
        "16",
        "PostgreSQL version of a new server; an existing one keeps its own",
        rules.one_of(*naming.POSTGRES_VERSIONS),
    )
    postgres_sku: str = setting(
        "B1ms",
        "Size of the PostgreSQL server, such as B2s or D2ds_v5",
        naming.postgres_sku,
        convert=naming.canonical_postgres_sku,
    )
    postgres_storage_size: int = setting(
        "32", "Disk of the PostgreSQL server, in GiB; it can only grow", naming.postgres_storage, convert=int
    )
    postgres_database_name: str = setting("mlflow", "Database of MLflow 3", naming.postgres_database)
    private_network: bool | None = setting(
        None,
        "on: a new PostgreSQL server has no public address, only one in the web app's virtual network; MLflow 3 only",
        rules.one_of(rules.ON, rules.OFF),
        convert=rules.is_on,
        default_words="unchanged; off for a new server",
    )
    mlflow_backend_uri: Secret | None = setting(  # noqa: RUF009 -- a field, like the others
        None,
        "URI, with password, of an existing PostgreSQL database to use instead of a new server",
        rules.postgres_uri,
        convert=Secret,
        default_words="none",
        secret=True,
    )
    mlflow_backend_uri_secret: str | None = setting(
        None,
        "Key Vault secret with the URI of an existing PostgreSQL database to use instead of a new server",
        rules.vault_secret,
        default_words="none",
        spellings=("--backend-uri-secret",),
    )
    aad_issuer_url: str | None = setting(
        None,
        "Issuer of Microsoft Entra sign-in tokens",
        rules.https_url,
        default_words="the issuer of the subscription's tenant",
    )
    sp_name: str = setting("mlflowserviceprincipal", "App registration of Microsoft Entra sign-in", rules.display_name)
    aad_client_secret: Secret | None = setting(  # noqa: RUF009 -- a field, like the others
        None,
        "Secret of the app registration named by auth enable --client-id",
        rules.client_secret,
        convert=Secret,
        default_words="none",
        secret=True,
    )
    allow_user: tuple[str, ...] = setting(
        "",
        "User (name or object id) or program (object id of its service principal) to allow; only those listed get "
        "in, and only after signing in",
        rules.principals,
        convert=rules.each_once,
        default_words="none: who can sign in is left unchanged",
        multiple=True,
    )
    allow_group: tuple[str, ...] = setting(
        "",
        "Group (name or object id; needs Microsoft Entra ID P1) whose direct members to allow; only those listed get "
        "in, and only after signing in",
        rules.principals,
        convert=rules.each_once,
        default_words="none: who can sign in is left unchanged",
        multiple=True,
    )
    allow_ip: tuple[str, ...] = setting(
        "",
        "Network that can reach the server, in CIDR notation",
        rules.networks,
        convert=rules.canonical_networks,
        default_words="none: access restrictions are left unchanged",
        multiple=True,
    )


SETTINGS: Mapping[str, Setting] = MappingProxyType(
    {f.name.upper(): Setting(name=f.name.upper(), **f.metadata) for f in fields(Settings)}
)
