"""The `/acr/v1` API of Azure's registries: the attributes of repositories, tags and manifests.

https://learn.microsoft.com/rest/api/containerregistry/manifests/get-list and its neighbours; `az acr
repository` and `az acr manifest` use them. Not implemented: locking by `changeableAttributes`, and soft delete.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request

    from mlflow_azure.emulator.runtime.registry.blob_storage import Storage
    from mlflow_azure.emulator.runtime.registry.push_record import PushRecord

ROOT = "/acr/v1/"
_ACCEPTED = ", ".join(
    f"application/vnd.{kind}+json"
    for kind in (
        *("oci.image.manifest.v1", "oci.image.index.v1"),
        *("docker.distribution.manifest.v2", "docker.distribution.manifest.list.v2"),
    )
)
_CHANGEABLE = dict.fromkeys(("deleteEnabled", "writeEnabled", "readEnabled", "listEnabled"), True)


class Attributes:
    """Serves one registry, from its storage and its push record."""

    def __init__(self, login_server: str, storage: Storage, record: PushRecord) -> None:
        self._login_server = login_server
        self._storage = storage
        self._record = record
        self.app = Starlette(
            routes=[
                Route(ROOT + "_catalog", self._list_repositories),
                Route(ROOT + "{name:path}/_tags", self._list_tags),
                Route(ROOT + "{name:path}/_tags/{tag}", self._get_tag),
                Route(ROOT + "{name:path}/_tags/{tag}", self._delete_tag, methods=["DELETE"]),
                Route(ROOT + "{name:path}/_manifests", self._list_manifests),
                Route(ROOT + "{name:path}/_manifests/{digest}", self._get_manifest),
                Route(ROOT + "{name:path}", self._get_repository),
                Route(ROOT + "{name:path}", self._delete_repository, methods=["DELETE"]),
            ],
            exception_handlers={_MissingError: _refusal},
        )

    async def _list_repositories(self, request: Request) -> Response:
        answer = await self._ask("GET", "/v2/_catalog")
        return _page(request, {}, "repositories", answer.json()["repositories"])

    async def _get_repository(self, request: Request) -> Response:
        name = request.path_params["name"]
        tags, manifests = await self._tags(name), await self._digests(name)
        times = [self._record.times(name, reference) for reference in (*tags, *manifests)]
        own = {
            "createdTime": min((created for created, _ in times), default=""),
            "lastUpdateTime": max((updated for _, updated in times), default=""),
            "manifestCount": len(manifests),
            "tagCount": len(tags),
            "changeableAttributes": {**_CHANGEABLE, "teleportEnabled": False},
        }
        return JSONResponse(self._head(name) | own)

    async def _delete_repository(self, request: Request) -> Response:
        name = request.path_params["name"]
        gone = {"manifestsDeleted": await self._digests(name), "tagsDeleted": list(await self._tags(name))}
        await self._storage.remove(name)
        self._record.forget(name)
        return JSONResponse(gone, 202)

    async def _list_tags(self, request: Request) -> Response:
        name = request.path_params["name"]
        tags = await self._tags(name)
        wanted = request.query_params.get("digest")
        described = [self._tag(name, tag, digest) for tag, digest in tags.items() if wanted in (None, digest)]
        return _page(request, self._head(name), "tags", described, "name")

    async def _get_tag(self, request: Request) -> Response:
        name, tag = request.path_params["name"], request.path_params["tag"]
        return JSONResponse(self._head(name) | {"tag": self._tag(name, tag, await self._digest(name, tag))})

    async def _delete_tag(self, request: Request) -> Response:
        name, tag = request.path_params["name"], request.path_params["tag"]
        await self._digest(name, tag)
        await self._storage.untag(name, tag)
        self._record.forget(name, tag)
        return Response(status_code=202)

    async def _list_manifests(self, request: Request) -> Response:
        name = request.path_params["name"]
        tags = await self._tags(name)
        described = [await self._manifest(name, digest, tags) for digest in await self._digests(name)]
        return _page(request, self._head(name), "manifests", described, "digest")

    async def _get_manifest(self, request: Request) -> Response:
        name, digest = request.path_params["name"], request.path_params["digest"]
        return JSONResponse(self._head(name) | {"manifest": await self._manifest(name, digest, await self._tags(name))})

    def _head(self, name: str) -> dict[str, Any]:
        return {"registry": self._login_server, "imageName": name}

    def _tag(self, name: str, tag: str, digest: str) -> dict[str, Any]:
        return {"name": tag, "digest": digest, "signed": False, **self._times_of(name, tag)}

    def _times_of(self, name: str, reference: str) -> dict[str, Any]:
        created, updated = self._record.times(name, reference)
        return {"createdTime": created, "lastUpdateTime": updated, "changeableAttributes": _CHANGEABLE}

    async def _manifest(self, name: str, digest: str, tags: dict[str, str]) -> dict[str, Any]:
        """Return the attributes of a manifest; its size includes everything it refers to."""
        answer = await self._ask("GET", f"/v2/{name}/manifests/{digest}")
        content = answer.json()
        parts = [content["config"], *content["layers"]] if "config" in content else content.get("manifests", [])
        described: dict[str, Any] = {
            "digest": digest,
            "imageSize": sum(part["size"] for part in parts),
            "mediaType": answer.headers["content-type"],
            "tags": [tag for tag, tagged in tags.items() if tagged == digest],
            **self._times_of(name, digest),
        }
        if "config" not in content:
            return described
        image = (await self._ask("GET", f"/v2/{name}/blobs/{content['config']['digest']}")).json()
        platform = {field: image[field] for field in ("architecture", "os") if field in image}
        return described | platform | {"configMediaType": content["config"]["mediaType"]}

    async def _tags(self, name: str) -> dict[str, str]:
        """Return the digest of each tag."""
        listed = (await self._ask("GET", f"/v2/{name}/tags/list")).json()["tags"] or []
        return {tag: await self._digest(name, tag) for tag in listed}

    async def _digests(self, name: str) -> list[str]:
        """Return the manifests: the tagged ones, and pushed ones that still exist."""
        found = set((await self._tags(name)).values())
        for digest in self._record.digests(name) - found:
            try:
                found.add(await self._digest(name, digest))
            except _MissingError:
                self._record.forget(name, digest)
        return sorted(found)

    async def _digest(self, name: str, reference: str) -> str:
        answer = await self._ask("HEAD", f"/v2/{name}/manifests/{reference}")
        return str(answer.headers["docker-content-digest"])

    async def _ask(self, method: str, path: str) -> httpx.Response:
        transport = httpx.ASGITransport(app=self._storage)
        async with httpx.AsyncClient(transport=transport, base_url="http://storage") as client:
            answer = await client.request(method, path, headers={"Accept": _ACCEPTED} if "manifests" in path else {})
        if answer.is_success:
            return answer
        raise _MissingError("manifest" if "/manifests/" in path else "repository name")


class _MissingError(Exception):
    """The requested object does not exist."""


def _refusal(_request: Request, error: Exception) -> Response:
    code = "MANIFEST_UNKNOWN" if "manifest" in str(error) else "NAME_UNKNOWN"
    return JSONResponse({"errors": [{"code": code, "message": f"{error} not known to registry", "detail": None}]}, 404)


def _page(request: Request, head: dict[str, Any], kind: str, entries: list[Any], key: str = "") -> Response:
    """Return at most `n` entries after `last`, with a Link header if there are more."""
    query = request.query_params
    if order := query.get("orderby"):
        entries = sorted(entries, key=lambda entry: str(entry["lastUpdateTime"]), reverse=order == "timedesc")
    names = [entry[key] if key else entry for entry in entries]
    begin = names.index(query["last"]) + 1 if query.get("last") in names else 0
    limit = int(query["n"]) if query.get("n", "").isdecimal() else len(entries)
    response = JSONResponse({**head, kind: entries[begin : begin + limit]})
    if 0 < limit < len(entries) - begin:
        rest = f"&orderby={order}" if order else ""
        link = f"{request.url.path}?last={names[begin + limit - 1]}&n={limit}{rest}"
        response.headers["Link"] = f'<{link}>; rel="next"'
    return response
