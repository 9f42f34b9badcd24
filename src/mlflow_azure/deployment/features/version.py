"""The deployed MLflow version: a tag of the web app records it from its creation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlflow_azure.resources import arm
from mlflow_azure.settings import FILE_SHARE, POSTGRES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.settings import Settings


def live_version(azure: Azure, settings: Settings) -> str | None:
    """Return the deployed MLflow version; None if none is deployed."""
    group, site = settings.rg_name, settings.web_app_name
    return version_of(arm.get(f"web app {site}", lambda: azure.web.web_apps.get(group, site)))


def version_of(site: Mapping[str, Any] | None) -> str | None:
    """Return the MLflow version of a web app; None if we did not create it."""
    if site is None or not arm.is_tagged_ours(site["tags"]):
        return None
    return str(site["tags"].get(arm.MLFLOW_VERSION, FILE_SHARE))


def release_of(site: Mapping[str, Any] | None) -> str | None:
    """Return the release of MLflow 3 of a web app; None if it has none, or it is not recorded."""
    found = site["tags"].get(arm.RELEASE) if site and version_of(site) == POSTGRES else None
    return None if found is None else str(found)
