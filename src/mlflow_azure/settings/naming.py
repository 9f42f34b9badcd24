"""Azure's rules for names, and the stable suffix of default names. Pure: nothing here asks Azure.

Each rule is called with a value and returns None, or the broken rule in words that complete a sentence:

    >>> storage_account("Mlflow")
    'must be 3 to 24 lower-case letters and digits'

Source, unless another is given:
https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules.
Things that only Azure knows (reserved words, taken names, regions) are checked before the first write.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable

Rule = Callable[[str], str | None]

SUFFIX_LENGTH = 8


def suffix(subscription_id: str, rg_name: str) -> str:
    """Return the 8 lower-case letters and digits that make a default name unique, but stable between runs.

    Azure compares both parts case-insensitively, and so does this.
    """
    scope = f"{subscription_id}/{rg_name}".lower().encode()
    return base64.b32encode(hashlib.sha256(scope).digest()).decode().lower()[:SUFFIX_LENGTH]


def matches(pattern: str, words: str) -> Rule:
    """Return the rule that a whole value matches `pattern`, which `words` describe."""
    compiled = re.compile(pattern)

    def rule(value: str) -> str | None:
        return None if compiled.fullmatch(value) else words

    return rule


guid = matches(
    r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    "must be a GUID such as 00000000-0000-0000-0000-000000000000",
)

resource_group = matches(
    r"[-\w.()]{0,89}[-\w()]",  # Azure allows letters and digits of any script here, like \w
    'must be 1 to 90 letters, digits, "_", "-", ".", "(" and ")", with no period at the end',
)

storage_account = matches(r"[a-z0-9]{3,24}", "must be 3 to 24 lower-case letters and digits")

registry = matches(r"[a-zA-Z0-9]{5,50}", "must be 5 to 50 letters and digits")

plan = matches(r"[a-zA-Z0-9-]{1,60}", "must be 1 to 60 letters, digits and hyphens")

site = matches(
    r"(?!-)[a-zA-Z0-9-]{2,60}(?<!-)",
    "must be 2 to 60 letters, digits and hyphens, with no hyphen at either end",
)

# https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftdbforpostgresql
postgres_server = matches(
    r"(?!-)[a-z0-9-]{3,63}(?<!-)",
    "must be 3 to 63 lower-case letters, digits and hyphens, with no hyphen at either end",
)

_POSTGRES_OWN = r"azure_maintenance|azure_sys|postgres|template[01]"
"""Databases that every server has: https://learn.microsoft.com/azure/postgresql/flexible-server/concepts-servers"""

postgres_database = matches(
    rf"(?!({_POSTGRES_OWN})$)[a-z_][a-z0-9_-]{{0,62}}",
    'must be 1 to 63 lower-case letters, digits, "_" and "-", beginning with a letter or "_", and not one of the '
    "server's built-in databases",
)

_DNS_LABEL = r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*"
_DNS_LABEL_WORDS = "must be 3 to 63 lower-case letters, digits and single hyphens, with no hyphen at either end"

blob_container = matches(_DNS_LABEL, _DNS_LABEL_WORDS)

file_share = matches(_DNS_LABEL, _DNS_LABEL_WORDS)

# Source of these three: https://github.com/distribution/reference/blob/main/regexp.go
image_repository = matches(
    r"(?=.{1,255}$)[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*",
    "must be an image repository: lower-case letters and digits, separated by single periods, underscores, "
    "hyphens or slashes, 255 characters at most",
)

image_tag = matches(
    r"[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}",
    "must be an image tag: 1 to 128 letters, digits, underscores, periods and hyphens, not beginning with a "
    "period or hyphen",
)

image_reference = matches(
    r"(([a-zA-Z0-9]+([.-][a-zA-Z0-9]+)*|\[[0-9a-fA-F:]+\])(:[0-9]+)?/)?"
    r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*"
    r"(:[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?",
    "must be an image such as registry.example.com/python:3.11-slim-bookworm",
)

location = matches(
    r"[A-Za-z][A-Za-z0-9]*( [A-Za-z0-9]+)*",
    'must be an Azure region such as westeurope or "West Europe"',
)

# Linux plans: https://azure.microsoft.com/pricing/details/app-service/linux/
sku = matches(r"(?i:[FD]1|[BS][1-3]|[PI][0-9](m?v[0-9])?)", "must be a plan size such as B1, S1 or P1v3")

# https://learn.microsoft.com/azure/postgresql/flexible-server/concepts-compute
postgres_sku = matches(
    r"(?i:(standard_)?(B(1ms|2s|(2|4|8|12|16|20)ms)|[DE][0-9]{1,2}[a-z]{1,3}_v[0-9]))",
    "must be a size of a flexible server such as B1ms, B2s or D2ds_v5",
)

# https://learn.microsoft.com/azure/postgresql/flexible-server/concepts-supported-versions; older ones end in 2026.
POSTGRES_VERSIONS = ("14", "15", "16", "17", "18")

# In GiB; `az postgres flexible-server list-skus` lists them as supportedStorageMb.
POSTGRES_STORAGE_SIZES = ("32", "64", "128", "256", "512", "1024", "2048", "4095", "4096", "8192", "16384", "32767")


def postgres_storage(value: str) -> str | None:
    """A disk size of flexible servers."""
    return None if value in POSTGRES_STORAGE_SIZES else f"must be one of {', '.join(POSTGRES_STORAGE_SIZES)}"


def canonical_postgres_sku(value: str) -> str:
    """Return a size in Azure's spelling, without the common prefix: standard_d2DS_V5 is D2ds_v5."""
    bare = re.sub("^standard_", "", value.lower())
    return bare[:1].upper() + bare[1:]


def canonical_location(value: str) -> str:
    """Return the programmatic name of a region: "West Europe", in App Service's spelling, is westeurope."""
    return value.replace(" ", "").lower()


def canonical_sku(value: str) -> str:
    """Return a plan size in Azure's spelling: p1V3 is P1v3, P1MV3 is P1mv3."""
    return value[:1].upper() + value[1:].lower()
