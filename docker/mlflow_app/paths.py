"""Which paths and artifact locations a caller may name."""

import re
from urllib.parse import unquote, urlparse

# Stores that are not on the server's own disk. Left out are the local ones ("", "file"), those that make the
# server connect to any host (ftp, sftp), and those that lead back to the others (runs, models).
_REMOTE_SCHEMES = frozenset({"wasbs", "s3", "gs", "dbfs", "hdfs", "viewfs"})


def is_inside(path: str) -> bool:
    """Whether a path stays inside the directory that it is relative to, however it is encoded."""
    plain = _decode(path)
    return not _climbs(plain) and not plain.startswith(("/", "\\"))


def is_artifact_location(location: str, root: str) -> bool:
    """Whether artifacts may live there: in a remote store, or under the server's own artifact root."""
    plain = _decode(location)
    if _climbs(plain):
        return False
    inside_root = f"{plain}/".startswith(f"{_decode(root).rstrip('/')}/")
    return inside_root or urlparse(plain).scheme in _REMOTE_SCHEMES


def _climbs(path: str) -> bool:
    return ".." in re.split(r"[/\\]", path)


def _decode(text: str) -> str:
    """Undo URL encoding, as many times as it was applied."""
    while (plain := unquote(text)) != text:
        text = plain
    return text
