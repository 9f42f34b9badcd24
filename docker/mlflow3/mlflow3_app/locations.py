"""Where the artifacts of an experiment may be."""

import re
from urllib.parse import unquote, urlparse

# Stores that clients reach themselves. Left out are the server's own disk ("", "file"), and what makes the server
# connect to any host or runs programs (http, ftp, sftp, hdfs, dbfs …).
_REMOTE_SCHEMES = frozenset({"wasbs", "abfss", "s3", "gs"})


def is_artifact_location(location: str, destination: str) -> bool:
    """Whether artifacts may live at `location`, for a server whose own go to `destination`.

    Served by it, inside the destination, or in a remote store that is not the server's account: with the server's
    identity a caller would read the whole account.
    """
    plain = _decode(location)
    if climbs(plain):
        return False
    if f"{plain}/".startswith(f"{destination.rstrip('/')}/"):
        return True
    try:
        where = urlparse(plain)
        host = where.hostname or ""
    except ValueError:
        return False
    if where.scheme == "mlflow-artifacts":
        return not where.netloc
    return where.scheme in _REMOTE_SCHEMES and account_of(host) != account_of(urlparse(destination).hostname or "")


def account_of(host: str) -> str:
    """The storage account that a host belongs to, whatever the cloud and the service."""
    return host.partition(".")[0].lower()


def climbs(path: str) -> bool:
    """Whether a path leads upwards, however it is encoded."""
    return ".." in re.split(r"[/\\]", _decode(path))


def _decode(text: str) -> str:
    """Undo URL encoding, as many times as it was applied."""
    while (plain := unquote(text)) != text:
        text = plain
    return text
