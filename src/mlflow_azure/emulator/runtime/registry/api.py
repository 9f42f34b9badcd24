"""The HTTP interface of a registry over its store: the OCI distribution specification 1.1, without referrers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from mlflow_azure.emulator.runtime.registry.store import DistributionError, RegistryStore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

_MANIFEST_LIMIT = 4 * 1024 * 1024


def distribution_app(store: RegistryStore) -> Starlette:
    """The `/v2/` interface of `store`; access is checked in front of it."""
    api = _Api(store)
    return Starlette(
        routes=[
            Route("/v2/", api.version),
            Route("/v2/_catalog", api.catalog),
            Route("/v2/{name:path}/tags/list", api.tags),
            Route("/v2/{name:path}/manifests/{reference}", api.get_manifest, methods=["GET", "HEAD"]),
            Route("/v2/{name:path}/manifests/{reference}", api.put_manifest, methods=["PUT"]),
            Route("/v2/{name:path}/manifests/{reference}", api.delete_manifest, methods=["DELETE"]),
            Route("/v2/{name:path}/blobs/uploads/", api.begin_upload, methods=["POST"]),
            Route("/v2/{name:path}/blobs/uploads/{upload}", api.upload_status, methods=["GET"]),
            Route("/v2/{name:path}/blobs/uploads/{upload}", api.append, methods=["PATCH"]),
            Route("/v2/{name:path}/blobs/uploads/{upload}", api.finish, methods=["PUT"]),
            Route("/v2/{name:path}/blobs/uploads/{upload}", api.cancel, methods=["DELETE"]),
            Route("/v2/{name:path}/blobs/{digest}", api.get_blob, methods=["GET", "HEAD"]),
            Route("/v2/{name:path}/blobs/{digest}", api.delete_blob, methods=["DELETE"]),
        ],
        exception_handlers={DistributionError: _refusal},
    )


def _refusal(_request: Request, error: Exception) -> Response:
    if not isinstance(error, DistributionError):
        raise error
    body = {"errors": [{"code": error.code, "message": str(error), "detail": None}]}
    return JSONResponse(body, error.status)


class _Api:
    def __init__(self, store: RegistryStore) -> None:
        self._store = store

    async def version(self, _request: Request) -> Response:
        return JSONResponse({}, headers={"Docker-Distribution-Api-Version": "registry/2.0"})

    async def catalog(self, request: Request) -> Response:
        return _page(request, "repositories", self._store.repositories())

    async def tags(self, request: Request) -> Response:
        name = request.path_params["name"]
        return _page(request, "tags", self._store.tags(name), name=name)

    async def get_manifest(self, request: Request) -> Response:
        manifest = self._store.manifest(request.path_params["name"], request.path_params["reference"])
        headers = {"Docker-Content-Digest": manifest.digest, "ETag": f'"{manifest.digest}"'}
        return Response(manifest.content, media_type=manifest.media_type, headers=headers)

    async def put_manifest(self, request: Request) -> Response:
        name = request.path_params["name"]
        content = await request.body()
        if len(content) > _MANIFEST_LIMIT:
            raise DistributionError(413, "MANIFEST_INVALID", "manifest is larger than 4 MiB")
        media_type = request.headers.get("content-type", "application/vnd.oci.image.manifest.v1+json")
        digest = self._store.put_manifest(name, request.path_params["reference"], media_type, content)
        return _created(f"/v2/{name}/manifests/{digest}", digest)

    async def delete_manifest(self, request: Request) -> Response:
        self._store.delete_manifest(request.path_params["name"], request.path_params["reference"])
        return Response(status_code=202)

    async def begin_upload(self, request: Request) -> Response:
        name, query = request.path_params["name"], request.query_params
        if mounted := query.get("mount"):
            try:
                self._store.blob(mounted)
                return _created(f"/v2/{name}/blobs/{mounted}", mounted)
            except DistributionError as error:
                if error.code != "BLOB_UNKNOWN":
                    raise
        upload = self._store.begin_upload()
        if "digest" in query:
            return await self._finish(request, upload)
        return self._progress(name, upload, 202)

    async def upload_status(self, request: Request) -> Response:
        return self._progress(request.path_params["name"], request.path_params["upload"], 204)

    async def append(self, request: Request) -> Response:
        upload = request.path_params["upload"]
        self._require_continuation(request, upload)
        await self._receive(request, upload)
        return self._progress(request.path_params["name"], upload, 202)

    def _require_continuation(self, request: Request, upload: str) -> None:
        start = request.headers.get("content-range", "").partition("-")[0]
        if start and start != str(self._store.upload(upload).stat().st_size):
            raise DistributionError(416, "BLOB_UPLOAD_INVALID", "blob upload invalid: chunk out of order")

    async def _receive(self, request: Request, upload: str) -> None:
        with self._store.upload(upload).open("ab") as file:
            async for chunk in request.stream():
                file.write(chunk)

    async def finish(self, request: Request) -> Response:
        return await self._finish(request, request.path_params["upload"])

    async def _finish(self, request: Request, upload: str) -> Response:
        digest = request.query_params.get("digest", "")
        await self._receive(request, upload)
        self._store.finish_upload(upload, digest)
        return _created(f"/v2/{request.path_params['name']}/blobs/{digest}", digest)

    async def cancel(self, request: Request) -> Response:
        self._store.upload(request.path_params["upload"]).unlink()
        return Response(status_code=204)

    def _progress(self, name: str, upload: str, status: int) -> Response:
        end = max(self._store.upload(upload).stat().st_size - 1, 0)
        location = f"/v2/{name}/blobs/uploads/{upload}"
        headers = {"Location": location, "Range": f"0-{end}", "Docker-Upload-UUID": upload}
        return Response(status_code=status, headers=headers)

    async def get_blob(self, request: Request) -> Response:
        digest = request.path_params["digest"]
        headers = {"Docker-Content-Digest": digest}
        return FileResponse(self._store.blob(digest), media_type="application/octet-stream", headers=headers)

    async def delete_blob(self, request: Request) -> Response:
        self._store.delete_blob(request.path_params["digest"])
        return Response(status_code=202)


def _created(location: str, digest: str) -> Response:
    return Response(status_code=201, headers={"Location": location, "Docker-Content-Digest": digest})


def _page(request: Request, key: str, entries: Sequence[str], **more: str) -> Response:
    """Return at most `n` entries after `last`, with a Link header if there are more."""
    last, limit = request.query_params.get("last", ""), request.query_params.get("n", "")
    entries = [entry for entry in entries if entry > last]
    shown = entries[: int(limit)] if limit.isdigit() else entries
    response = Response(json.dumps({**more, key: shown}), media_type="application/json")
    if shown and len(shown) < len(entries):
        response.headers["Link"] = f'<{request.url.path}?last={shown[-1]}&n={limit}>; rel="next"'
    return response
