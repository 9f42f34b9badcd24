"""Which MLflow is deployed: a tag of the web app says it, from the moment it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlflow_azure.resources import arm
from mlflow_azure.settings import FILE_SHARE, POSTGRES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.settings import Settings


def live_version(azure: Azure, settings: Settings) -> str | None:
    """Which MLflow is deployed; None where none is."""
    group, site = settings.rg_name, settings.web_app_name
    return version_of(arm.get(f"web app {site}", lambda: azure.web.web_apps.get(group, site)))


def version_of(site: Mapping[str, Any] | None) -> str | None:
    """Which MLflow a web app was made for; None where it was not made by us."""
    if site is None or not arm.is_tagged_ours(site["tags"]):
        return None
    return str(site["tags"].get(arm.MLFLOW_VERSION, FILE_SHARE))


def release_of(site: Mapping[str, Any] | None) -> str | None:
    """Which release of MLflow 3 a web app has; None where it has none, or nobody noted it."""
    found = site["tags"].get(arm.RELEASE) if site and version_of(site) == POSTGRES else None
    return None if found is None else str(found)
