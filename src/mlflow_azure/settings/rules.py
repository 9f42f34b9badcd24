"""Rules for values other than names: numbers, addresses, paths, URLs. Called like those of naming.py."""

from __future__ import annotations

import ipaddress
import re
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from mlflow_azure.settings.naming import Rule, matches

SSH_PORT = 2222
ON, OFF = "on", "off"
MOST_INSTANCES = 30
_LONGEST_NAME = 256

# App Service cannot mount on / or /home, and a mount on /tmp keeps the container from starting in time:
# https://learn.microsoft.com/azure/app-service/configure-connect-to-azure-storage ("Limitations").
# A mount on one of the others would hide system files that the image needs.
_RESERVED_DIRECTORIES = frozenset(
    f"/{name}" for name in ["", "bin", "boot", "etc", "home", "lib", "lib64", "opt", "run", "sbin", "usr", "var"]
)
_RESERVED_TREES = ("/dev", "/proc", "/sys", "/tmp")  # noqa: S108 -- refused, not used


def whole_number(least: int, most: int) -> Rule:
    """Return the rule that a value is a whole number within the inclusive limits."""

    def rule(value: str) -> str | None:
        within = re.fullmatch(r"[0-9]{1,9}", value) is not None and least <= int(value) <= most
        return None if within else f"must be a whole number from {least} to {most}"

    return rule


def instance_range(value: str) -> str | None:
    """The minimum and maximum number of instances, such as 1-5; or "off"."""
    if value == OFF:
        return None
    numbers = re.fullmatch(r"([0-9]{1,2})-([0-9]{1,2})", value)
    if numbers and 1 <= int(numbers[1]) <= int(numbers[2]) <= MOST_INSTANCES:
        return None
    return f"must be MIN-MAX, such as 1-5, from 1 to {MOST_INSTANCES}, or {OFF}"


def canonical_range(value: str) -> tuple[int, ...]:
    """Return the two numbers; empty if it is off."""
    return tuple(map(int, value.split("-"))) if value != OFF else ()


def is_on(value: str) -> bool:
    """Return whether the value is on."""
    return value == ON


def one_of(*values: str) -> Rule:
    """Return the rule that a value is one of these."""
    return lambda value: None if value in values else f"must be {' or '.join(values)}"


def port(value: str) -> str | None:
    """A TCP port that the server in the container can listen on."""
    if value == str(SSH_PORT):
        return f"must be another port: the container's SSH server listens on {SSH_PORT}"
    return whole_number(1, 65535)(value)


def ipv4_address(value: str) -> str | None:
    """An address to listen on. MLflow 1.5.0 passes "host:port" to gunicorn, which allows no bare IPv6 address."""
    try:
        ipaddress.IPv4Address(value)
    except ValueError:
        return "must be an IPv4 address; 0.0.0.0 listens on every interface"
    return None


def networks(value: str) -> str | None:
    """Networks in CIDR notation or single addresses, separated by commas."""
    parts = split(value)
    broken = next((part for part in parts if not _is_network(part, strict=True)), None)
    if broken is None:
        return None
    named = f": {broken}" if len(parts) > 1 else ""
    meant = f"; {ipaddress.ip_network(broken, strict=False)} would be" if _is_network(broken, strict=False) else ""
    return f"is not a valid CIDR network, such as 203.0.113.0/24{named}{meant}"


def _is_network(text: str, *, strict: bool) -> bool:
    """Whether it is a network; unless `strict`, a host address with a prefix length counts too."""
    try:
        ipaddress.ip_network(text, strict=strict)
    except ValueError:
        return False
    return True


def canonical_networks(value: str) -> tuple[str, ...]:
    """Return each distinct network, in order, with its prefix length: "203.0.113.7" is 203.0.113.7/32."""
    return tuple(dict.fromkeys(str(ipaddress.ip_network(part)) for part in split(value)))


def split(value: str) -> list[str]:
    """Return the parts of a comma-separated list."""
    return [part.strip() for part in value.split(",") if part.strip()]


def directory(value: str) -> str | None:
    """An absolute path in the container."""
    if not re.fullmatch(r"(/[\w.-]*)+", value, re.ASCII) or ".." in PurePosixPath(value).parts:
        return 'must be an absolute path of letters, digits, ".", "_" and "-", without ".."'
    return None


def mount_point(value: str) -> str | None:
    """A directory of the container where App Service mounts a file share."""
    if fault := directory(value):
        return fault
    if canonical_directory(value) in _RESERVED_DIRECTORIES or any(inside(value, tree) for tree in _RESERVED_TREES):
        return "must be another directory, such as /mlruns: this one is needed by App Service or the container's system"
    return None


def canonical_directory(value: str) -> str:
    """Return the path without double and trailing slashes."""
    return "/" + str(PurePosixPath(value)).lstrip("/")


def inside(path: str, directory_: str) -> bool:
    """Whether the path is the directory or inside it."""
    return PurePosixPath(canonical_directory(path)).is_relative_to(canonical_directory(directory_))


def https_url(value: str) -> str | None:
    """An https URL without credentials and query."""
    words = "must be an https URL such as https://login.microsoftonline.com/TENANT_ID/v2.0"
    try:
        parts = urlsplit(value)
        host = parts.hostname
    except ValueError:
        return words
    plain = not (parts.query or parts.fragment or "@" in parts.netloc or re.search(r"\s", value))
    return None if parts.scheme == "https" and host and plain else words


def postgres_uri(value: str) -> str | None:
    """The URI of a PostgreSQL database, with its user and password."""
    words = "must be a URI such as postgresql://USER:PASSWORD@HOST:5432/DATABASE"
    try:
        parts = urlsplit(value)
        told = parts.hostname and parts.username and parts.password and parts.path.strip("/") and (parts.port or True)
    except ValueError:
        return words
    return None if parts.scheme == "postgresql" and told and not re.search(r"\s", value) else words


vault_secret = matches(
    r"https://[0-9A-Za-z-]{3,24}\.vault\.(azure\.net|azure\.cn|usgovcloudapi\.net)/secrets/[0-9A-Za-z-]{1,127}"
    r"(/[0-9a-f]{32})?",
    "must be the URL of a secret in Key Vault, such as https://VAULT.vault.azure.net/secrets/NAME",
)


def principals(value: str) -> str | None:
    """Names or object ids of users, groups and programs, separated by commas."""
    fault = any(len(part) > _LONGEST_NAME or not part.isprintable() for part in split(value))
    return f"must be names or object ids of at most {_LONGEST_NAME} characters, separated by commas" if fault else None


def each_once(value: str) -> tuple[str, ...]:
    """Return the distinct parts of a comma-separated list, in order."""
    return tuple(dict.fromkeys(split(value)))


client_secret = matches(r"\S{8,256}", "must be 8 to 256 characters without spaces")

# Source: https://learn.microsoft.com/graph/api/resources/application (displayName)
display_name = matches(r"(?=\S)[^\x00-\x1f]{1,256}(?<=\S)", "must be 1 to 256 characters, with no spaces at either end")
