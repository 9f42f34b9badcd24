"""The artifact URIs of runs, rewritten if the artifacts move.

MLflow stores the URI of each run and experiment in its `meta.yaml`, as `artifact_uri` and `artifact_location`
(mlflow/store/tracking/file_store.py). Only these lines change, so a broken file is left unchanged.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow_azure.data.manifest import Entry

_META = "meta.yaml"
_ADDRESS = re.compile(rb"(?m)^(artifact_(?:uri|location): +['\"]?)(\S+?)(['\"]?[ \r]*)$")


@dataclass(frozen=True)
class Addresses:
    """Maps URIs below `before` to the same ones below `after`."""

    before: str
    after: str

    def concern(self, entry: Entry) -> bool:
        """Whether a file may contain a URI that changes."""
        return self.before != self.after and entry.name.rpartition("/")[2] == _META

    def rewritten(self, content: bytes) -> bytes:
        """Return the content of a meta.yaml with its URI rewritten, or unchanged if it points elsewhere."""
        before, after = self.before.rstrip("/").encode(), self.after.rstrip("/").encode()

        def moved(found: re.Match[bytes]) -> bytes:
            key, address, end = found.groups()
            if address != before and not address.startswith(before + b"/"):
                return found[0]
            return key + after + address[len(before) :] + end

        return _ADDRESS.sub(moved, content)
