"""The XML of listings.

https://learn.microsoft.com/rest/api/storageservices/list-directories-and-files and …/list-shares
"""

from __future__ import annotations

import os
import re
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from mlflow_azure.emulator.runtime.files.protocol import XML, StorageError, etag, file_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mlflow_azure.emulator.runtime.shares import Snapshot

MAX_RESULTS = 5000
NO_HANDLES = f"{XML}<EnumerationResults><Entries /><NextMarker /></EnumerationResults>".encode()
# Characters that XML 1.0 cannot express are percent-encoded and marked: since version 2021-12-02.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def entries(
    share: str, path: str, listed: Sequence[os.DirEntry[str]], query: dict[str, str], snapshot: str | None
) -> bytes:
    """Return one page of files and directories; the marker is the first name of the next page."""
    prefix, marker = query.get("prefix", ""), query.get("marker", "")
    size = _size(query)
    found = [entry for entry in listed if entry.name.startswith(prefix) and entry.name >= marker]
    page, rest = found[:size], found[size:]
    include = query.get("include", "").lower().split(",")
    head = f"<EnumerationResults ShareName={quoteattr(share)} DirectoryPath={quoteattr(path)}"
    head += f" ShareSnapshot={quoteattr(snapshot)}>" if snapshot else ">"
    asked = (("prefix", "Prefix"), ("marker", "Marker"), ("maxresults", "MaxResults"))
    head += "".join(f"<{tag}>{escape(query[name])}</{tag}>" for name, tag in asked if name in query)
    body = "".join(_entry(entry, include) for entry in page)
    following = escape(rest[0].name) if rest else ""
    return f"{XML}{head}<Entries>{body}</Entries><NextMarker>{following}</NextMarker></EnumerationResults>".encode()


def _size(query: dict[str, str]) -> int:
    asked = query.get("maxresults", str(MAX_RESULTS))
    if not asked.isdecimal() or int(asked) < 1:
        raise StorageError(
            HTTPStatus.BAD_REQUEST,
            "OutOfRangeQueryParameterValue",
            "One of the query parameters specified in the request URI is outside the permissible range.",
        )
    return min(int(asked), MAX_RESULTS)


def _entry(entry: os.DirEntry[str], include: list[str]) -> str:
    stat = entry.stat()
    kind, length = ("Directory", "") if entry.is_dir() else ("File", f"<Content-Length>{stat.st_size}</Content-Length>")
    if "timestamps" in include:
        written = file_time(stat.st_mtime_ns)
        length += f"<CreationTime>{written}</CreationTime><LastAccessTime>{written}</LastAccessTime>"
        length += f"<LastWriteTime>{written}</LastWriteTime><ChangeTime>{file_time(stat.st_ctime_ns)}</ChangeTime>"
        length += f"<Last-Modified>{formatdate(stat.st_mtime, usegmt=True)}</Last-Modified>"
    if "etag" in include:
        length += f"<Etag>{escape(etag(stat))}</Etag>"
    identity = f"<FileId>{stat.st_ino}</FileId>"
    return f"<{kind}>{_name(entry.name)}{identity}<Properties>{length}</Properties></{kind}>"


def _name(name: str) -> str:
    if _NOT_XML.search(name):
        return f'<Name Encoded="true">{quote(os.fsencode(name))}</Name>'
    return f"<Name>{escape(name)}</Name>"


def statistics(usage: int) -> bytes:
    """Return the number of bytes in a share. https://learn.microsoft.com/rest/api/storageservices/get-share-stats."""
    return f"{XML}<ShareStats><ShareUsageBytes>{usage}</ShareUsageBytes></ShareStats>".encode()


def shares(endpoint: str, listed: Iterable[tuple[str, int, Snapshot | None]], query: dict[str, str]) -> bytes:
    """Return the shares of an account, each with its quota, and its snapshots if requested."""
    include = query.get("include", "").lower().split(",")
    body = ""
    for name, quota, snapshot in listed:
        if not name.startswith(query.get("prefix", "")) or (snapshot and "snapshots" not in include):
            continue
        metadata = snapshot.metadata if snapshot and "metadata" in include else {}
        taken = f"<Snapshot>{snapshot.time}</Snapshot>" if snapshot else ""
        pairs = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in metadata.items())
        body += f"<Share><Name>{name}</Name>{taken}<Properties><Quota>{quota}</Quota></Properties>"
        body += f"<Metadata>{pairs}</Metadata></Share>"
    head = f"<EnumerationResults ServiceEndpoint={quoteattr(endpoint)}>"
    return f"{XML}{head}<Shares>{body}</Shares><NextMarker /></EnumerationResults>".encode()
