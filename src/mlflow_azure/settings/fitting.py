"""Rules between settings for each MLflow version: memory, instances, name of the database's administrator."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mlflow_azure.settings import naming, rules

if TYPE_CHECKING:
    from collections.abc import Mapping

IDENTITY_SUFFIX = "-identity"
"""Suffix of the name of the web app's identity."""
ROLE_LENGTH = 63
"""PostgreSQL truncates longer role names: https://www.postgresql.org/docs/current/sql-syntax-lexical.html"""

_MEMORY = {"F1": 1.0, "D1": 1.0, "B1": 1.75, "S1": 1.75, "B2": 3.5, "S2": 3.5, "B3": 7.0, "S3": 7.0, "P0V3": 4.0}
"""Memory of an instance in GB, for small sizes: https://azure.microsoft.com/pricing/details/app-service/linux/"""
_PLATFORM, _FIRST_WORKER, _WORKER = 0.6, 0.25, 0.2
"""Memory in GB of App Service's own containers, of the first worker, and of each further one."""
_CONNECTIONS, _MORE_CONNECTIONS = {"B1ms": 35, "B2s": 414}, 844
"""User connections by size; all other sizes have at least the last number."""
_WORKER_CONNECTIONS = 4
"""Minimum number of connections per worker: one request to MLflow holds several at a time."""
_SETS = 2
_GIVEN = ("MLFLOW_BACKEND_URI", "MLFLOW_BACKEND_URI_SECRET")
_LAST_SMALL = 2
"""The last generation of premium sizes whose first size has one core, like B1 and S1; P1v3 has two."""
_MOST_INSTANCES = {"F": 1, "D": 1, "B": 3, "S": 10}
"""By the first letter of the size; 30 for the others. https://learn.microsoft.com/azure/azure-resource-manager/
management/azure-subscription-service-limits#app-service-limits"""


def broken_on_file_share(texts: Mapping[str, str]) -> dict[str, str]:
    """Return the broken rule for each setting that MLflow 1.5.0, with its file store, does not support.

    Args:
        texts: The known settings, by name.

    """
    broken = {}
    one = "for MLflow 1.5.0: its file store supports only one instance"
    if texts.get("AUTOSCALE", rules.OFF) != rules.OFF:
        broken["AUTOSCALE"] = f"must be left out {one}"
    if texts.get("ASP_INSTANCES", "1") != "1":
        broken["ASP_INSTANCES"] = f"must be 1 {one}"
    if texts.get("PRIVATE_NETWORK", rules.OFF) != rules.OFF:
        broken["PRIVATE_NETWORK"] = "must be left out for MLflow 1.5.0: it has no database"
    return broken


def broken_on_postgres(texts: Mapping[str, str]) -> dict[str, str]:
    """Return the broken rule for each setting that does not fit the others. Skips settings that are invalid alone.

    Args:
        texts: The known settings, by name.

    """
    broken = {}
    size, workers, named, instances = texts.get("ASP_SKU", ""), texts.get("MLFLOW_WORKERS", ""), *_most(texts)
    if naming.sku(size) is None:
        if size.upper() in ("F1", "D1"):
            broken["ASP_SKU"] = "must be B1 or larger: smaller plans stop idle servers"
        elif named == "AUTOSCALE" and size[:1].upper() == "B":
            broken[named] = f"must be off on a plan of size {size}: only S1, P0v3 and larger plans can autoscale"
        elif instances.isdecimal() and int(instances) > (most := _MOST_INSTANCES.get(size[:1].upper(), 30)):
            broken[named] = f"must be at most {most} on a plan of size {size}"
        elif workers.isdecimal() and (fault := _too_little_memory(size, int(workers))):
            broken["MLFLOW_WORKERS"] = fault
    if not _has_given_database(texts) and (fault := _too_few_connections(texts)):
        broken["POSTGRES_SKU"] = fault
    if all(texts.get(name) for name in _GIVEN):
        broken[_GIVEN[1]] = f"cannot be combined with {_GIVEN[0]}"
    if _has_given_database(texts) and texts.get("PRIVATE_NETWORK") == rules.ON:
        broken["PRIVATE_NETWORK"] = "must be off with an existing database, whose network is given"
    longest = ROLE_LENGTH - len(IDENTITY_SUFFIX)
    if len(texts.get("WEB_APP_NAME", "")) > longest:
        broken["WEB_APP_NAME"] = f"must have at most {longest} characters: its identity is a database role"
    return broken


def default_workers(texts: Mapping[str, str]) -> int:
    """Return one worker per core, if the database has enough connections; one if the size is unknown.

    https://azure.microsoft.com/pricing/details/app-service/linux/: the cores double from size to size.
    """
    size = re.fullmatch(r"([BSP])(\d)m?(?:v(\d))?", texts.get("ASP_SKU", ""), re.IGNORECASE)
    if size is None:
        return 1
    cores = 2 ** int(size[2]) // (1 if int(size[3] or 0) > _LAST_SMALL else 2) or 1
    sku, (_, instances) = texts.get("POSTGRES_SKU", ""), _most(texts)
    if _has_given_database(texts) or naming.postgres_sku(sku) or not instances.isdecimal():
        return cores
    connections = database_connections(naming.canonical_postgres_sku(sku), max(1, int(instances)))
    return max(1, min(cores, connections // _WORKER_CONNECTIONS))


def _has_given_database(texts: Mapping[str, str]) -> bool:
    """Whether MLflow should use an existing database."""
    return any(texts.get(name) for name in _GIVEN)


def _most(texts: Mapping[str, str]) -> tuple[str, str]:
    """Return the setting for the maximum number of instances, and its value."""
    limits = texts.get("AUTOSCALE", rules.OFF)
    if limits != rules.OFF and rules.instance_range(limits) is None:
        return "AUTOSCALE", str(rules.canonical_range(limits)[1])
    return "ASP_INSTANCES", texts.get("ASP_INSTANCES", "")


def database_connections(sku: str, instances: int) -> int:
    """Return the connections per instance, so that new instances can start before the old ones have ended.

    https://learn.microsoft.com/azure/postgresql/flexible-server/concepts-limits#maximum-connections
    """
    return _CONNECTIONS.get(sku, _MORE_CONNECTIONS) // (_SETS * instances)


def _too_few_connections(texts: Mapping[str, str]) -> str | None:
    sku, workers, (_, instances) = texts.get("POSTGRES_SKU", ""), texts.get("MLFLOW_WORKERS", ""), _most(texts)
    if naming.postgres_sku(sku) or not (instances.isdecimal() and workers.isdecimal()) or int(instances) < 1:
        return None
    size = naming.canonical_postgres_sku(sku)
    needed, there = _WORKER_CONNECTIONS * int(workers), database_connections(size, int(instances))
    if needed <= there:
        return None
    return (
        f"must be a larger size, such as B2s: {instances} instances of {workers} workers need "
        f"{_SETS * int(instances) * needed} connections while they are replaced, but {size} has "
        f"{_CONNECTIONS.get(size, _MORE_CONNECTIONS)}"
    )


def _too_little_memory(size: str, workers: int) -> str | None:
    memory = _MEMORY.get(size.upper())
    needed = _PLATFORM + _FIRST_WORKER + _WORKER * (workers - 1)
    if memory is None or needed <= memory:
        return None
    return f"must be fewer on a plan of size {size}: it has {memory:g} GB, but they need about {needed:.1f} GB"


def postgres_tier(sku: str) -> str:
    """Return Azure's tier of a size: B1ms is Burstable."""
    return {"B": "Burstable", "D": "GeneralPurpose", "E": "MemoryOptimized"}[sku[0]]


def postgres_family(sku: str) -> str:
    """Return Azure's family of a size, as used for its quota: D2ds_v5 is standardDDSv5Family.

    https://learn.microsoft.com/rest/api/postgresql/quota-usages/list
    """
    matched = re.fullmatch(r"([BDE])\d+([a-z]+)(?:_(v\d))?", sku)
    if matched is None:
        raise ValueError(sku)
    series, kind, generation = matched[1], matched[2].upper(), matched[3] or ""
    return f"standard{'BS' if series == 'B' else series + kind + generation}Family"
