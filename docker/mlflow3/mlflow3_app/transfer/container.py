"""The blob container, through which files come and go; and a key to it for whoever asks, that ends by itself."""

import gzip
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import IO, Any
from urllib.parse import urlparse

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import (
    BlobBlock,
    BlobClient,
    BlobServiceClient,
    ContainerClient,
    ContainerSasPermissions,
    generate_container_sas,
)

from mlflow3_app.identity import credential

_BLOCK = 8 * 1024 * 1024
_CLOCKS_DIFFER = timedelta(minutes=5)
_READ, _WRITE = "rl", "racwdl"


class Container:
    """The container that `destination`, a wasbs URI, lies in; `endpoint` is that of the account's blobs."""

    def __init__(self, destination: str, endpoint: str) -> None:
        parts = urlparse(destination)
        self.name = str(parts.username)
        self.account = str(parts.hostname).partition(".")[0]
        self._endpoint = endpoint or f"https://{parts.hostname}"
        self._client = ContainerClient(
            self._endpoint, self.name, credential(), max_single_get_size=_BLOCK, max_chunk_get_size=_BLOCK
        )

    def access(self, *, write: bool, hours: float) -> dict[str, str]:
        """A signature that opens the container to whoever has it, until `expires`.

        https://learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas
        """
        now = datetime.now(UTC)
        start, end = now - _CLOCKS_DIFFER, now + timedelta(hours=hours)
        key = BlobServiceClient(self._endpoint, credential()).get_user_delegation_key(start, end)
        signature = generate_container_sas(
            self.account,
            self.name,
            user_delegation_key=key,
            permission=ContainerSasPermissions.from_string(_WRITE if write else _READ),
            start=start,
            expiry=end,
        )
        return {"signature": signature, "expires": end.isoformat()}

    @contextmanager
    def writing(self, name: str) -> Iterator[IO[bytes]]:
        """A blob that is compressed while it is written, and there when all of it is."""
        raw = _Blocks(self._client.get_blob_client(name))
        with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=1, mtime=0) as compressed:
            yield compressed
        raw.commit()

    def reading(self, name: str) -> IO[bytes]:
        """A blob that was compressed, as it was before; read block by block."""
        return gzip.GzipFile(fileobj=io.BufferedReader(_Stream(self._client.download_blob(name))))

    def write(self, name: str, content: Any) -> None:
        """A small blob of JSON."""
        self._client.upload_blob(name, json.dumps(content, indent=1), overwrite=True)

    def read(self, name: str) -> Any:
        """The content of a blob of JSON; None where there is none."""
        try:
            return json.loads(self._client.download_blob(name).readall())
        except ResourceNotFoundError:
            return None


class _Blocks(io.RawIOBase):
    """Writes a blob block by block: https://learn.microsoft.com/rest/api/storageservices/put-block."""

    def __init__(self, client: BlobClient) -> None:
        super().__init__()
        self._client = client
        self._waiting = bytearray()
        self._ids: list[BlobBlock] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._waiting += data
        while len(self._waiting) >= _BLOCK:
            self._stage(_BLOCK)
        return len(data)

    def _stage(self, size: int) -> None:
        block = BlobBlock(f"{len(self._ids):08}")
        self._client.stage_block(block.id, bytes(self._waiting[:size]))
        self._ids.append(block)
        del self._waiting[:size]

    def commit(self) -> None:
        if not self._ids:
            self._client.upload_blob(bytes(self._waiting), overwrite=True)
            return
        if self._waiting:
            self._stage(len(self._waiting))
        self._client.commit_block_list(self._ids)


class _Stream(io.RawIOBase):
    """A download as a file."""

    def __init__(self, download: Any) -> None:
        super().__init__()
        self._download = download

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._download.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
