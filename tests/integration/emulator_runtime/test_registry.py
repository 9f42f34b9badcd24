"""A registry's data plane: the distribution protocol, and Azure's authentication in front of it."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import pytest

from mlflow_azure.emulator.runtime import Push, RuntimeFaultError
from tests.support.runtime_support import REGISTRY, REGISTRY_PASSWORD, Emulated, free_ports

if TYPE_CHECKING:
    from pathlib import Path

    import requests

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"


@pytest.fixture(params=["docker-registry", "own"])
def url(emulated: Emulated, request: pytest.FixtureRequest) -> str:
    """A registry, once kept by a real docker-registry, once by our own store."""
    if request.param == "own":
        (emulated.home / "registries" / REGISTRY / "blobs").mkdir(parents=True)
    elif not shutil.which("docker-registry"):
        pytest.skip("docker-registry is not on this machine")
    return f"https://{emulated.registry(free_ports(1)[0])}"


@pytest.fixture
def admin(https: requests.Session) -> requests.Session:
    https.auth = (REGISTRY, REGISTRY_PASSWORD)
    return https


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _push_blob(session: requests.Session, url: str, repository: str, content: bytes) -> dict[str, Any]:
    begun = session.post(f"{url}/v2/{repository}/blobs/uploads/")
    assert begun.status_code == 202
    half = len(content) // 2
    location = url + begun.headers["Location"]
    for part in (content[:half], content[half:]):
        patched = session.patch(location, data=part, headers={"Content-Type": "application/octet-stream"})
        assert patched.status_code == 202
        location = url + patched.headers["Location"]
    finished = session.put(f"{location}{'&' if '?' in location else '?'}digest={_digest(content)}")
    assert (finished.status_code, finished.headers["Docker-Content-Digest"]) == (201, _digest(content))
    return {"mediaType": "application/octet-stream", "digest": _digest(content), "size": len(content)}


def _push_image(session: requests.Session, url: str, repository: str, tag: str, layer: bytes) -> str:
    config, pushed = _push_blob(session, url, repository, b"{}"), _push_blob(session, url, repository, layer)
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": config, "layers": [pushed]}
    response = session.put(
        f"{url}/v2/{repository}/manifests/{tag}", json.dumps(manifest), headers={"Content-Type": MANIFEST_TYPE}
    )
    assert response.status_code == 201
    return response.headers["Docker-Content-Digest"]


def _get_manifest(session: requests.Session, url: str, reference: str) -> requests.Response:
    return session.get(f"{url}/v2/team/image/manifests/{reference}", headers={"Accept": MANIFEST_TYPE})


def test_an_image_comes_back_byte_for_byte(admin: requests.Session, url: str) -> None:
    layer = b"layer" * 100_000
    digest = _push_image(admin, url, "team/image", "v1", layer)
    for reference in ("v1", digest):
        manifest = _get_manifest(admin, url, reference)
        assert (_digest(manifest.content), manifest.headers["Content-Type"]) == (digest, MANIFEST_TYPE)
    blob = f"{url}/v2/team/image/blobs/{manifest.json()['layers'][0]['digest']}"
    assert admin.get(blob).content == layer
    assert admin.head(blob).headers["Content-Length"] == str(len(layer))
    assert admin.get(blob, headers={"Range": "bytes=10-14"}).content == layer[10:15]


def test_an_image_can_be_pushed_by_several_at_once(admin: requests.Session, url: str) -> None:
    """As by two deploys; without the emulator, docker-registry would refuse some of them."""
    with ThreadPoolExecutor(8) as pushes:
        for number in range(12):
            push = partial(_push_image, admin, url, "team/image", "v1", b"layer %d" % number)
            pushed = {future.result() for future in [pushes.submit(push) for _ in range(8)]}
            assert pushed == {_get_manifest(admin, url, "v1").headers["Docker-Content-Digest"]}


def test_repositories_are_listed_page_by_page_and_tags_in_order(admin: requests.Session, url: str) -> None:
    for repository in ("one", "team/two", "three"):
        for tag in ("v2", "v1"):
            _push_image(admin, url, repository, tag, tag.encode())
    first = admin.get(f"{url}/v2/_catalog?n=2")
    assert first.json() == {"repositories": ["one", "team/two"]}
    following = re.fullmatch(r'<(.+)>; rel="next"', first.headers["Link"])
    assert following
    assert admin.get(urljoin(url, following[1])).json() == {"repositories": ["three"]}
    assert admin.get(f"{url}/v2/team/two/tags/list").json() == {"name": "team/two", "tags": ["v1", "v2"]}


def test_a_deleted_manifest_is_gone_with_its_tags(admin: requests.Session, url: str) -> None:
    digest = _push_image(admin, url, "team/image", "v1", b"layer")
    assert admin.delete(f"{url}/v2/team/image/manifests/{digest}").status_code == 202
    missing = _get_manifest(admin, url, "v1")
    assert (missing.status_code, missing.json()["errors"][0]["code"]) == (404, "MANIFEST_UNKNOWN")


def test_tags_and_manifests_are_told_with_their_attributes(admin: requests.Session, url: str) -> None:
    for tag in ("v1", "v2"):
        digest = _push_image(admin, url, "team/image", tag, b"layer")
    other = _push_image(admin, url, "team/image", "v3", b"another layer")
    shown = admin.get(f"{url}/acr/v1/team/image").json()
    assert (shown["imageName"], shown["manifestCount"], shown["tagCount"]) == ("team/image", 2, 3)
    tags = admin.get(f"{url}/acr/v1/team/image/_tags?orderby=timedesc&n=1")
    assert [(tag["name"], tag["digest"]) for tag in tags.json()["tags"]] == [("v3", other)]
    following = re.fullmatch(r'<(.+)>; rel="next"', tags.headers["Link"])
    assert following
    assert [tag["name"] for tag in admin.get(url + following[1]).json()["tags"]] == ["v2"]
    manifest = admin.get(f"{url}/acr/v1/team/image/_manifests/{digest}").json()["manifest"]
    assert (manifest["tags"], manifest["imageSize"]) == (["v1", "v2"], len(b"{}" + b"layer"))
    assert (manifest["mediaType"], manifest["configMediaType"]) == (MANIFEST_TYPE, "application/octet-stream")
    assert manifest["createdTime"] <= shown["lastUpdateTime"]
    assert admin.get(f"{url}/acr/v1/_catalog").json() == {"repositories": ["team/image"]}


def test_a_tag_is_taken_off_its_manifest_and_a_repository_is_deleted_whole(admin: requests.Session, url: str) -> None:
    digest = _push_image(admin, url, "team/image", "v1", b"layer")
    _push_image(admin, url, "team/image/below", "v1", b"layer")
    image = f"{url}/acr/v1/team/image"
    assert admin.delete(f"{image}/_tags/v1").status_code == 202
    assert admin.delete(f"{image}/_tags/v1").status_code == 404
    assert _get_manifest(admin, url, "v1").status_code == 404
    listed = admin.get(f"{image}/_manifests").json()["manifests"]
    assert [(manifest["digest"], manifest["tags"]) for manifest in listed] == [(digest, [])]
    deleted = admin.delete(image)
    assert (deleted.status_code, deleted.json()) == (202, {"manifestsDeleted": [digest], "tagsDeleted": []})
    assert _get_manifest(admin, url, digest).status_code == 404
    missing = admin.get(image)
    assert (missing.status_code, missing.json()["errors"][0]["code"]) == (404, "NAME_UNKNOWN")
    assert admin.get(f"{url}/v2/_catalog").json() == {"repositories": ["team/image/below"]}


def test_content_that_does_not_match_its_digest_is_refused(admin: requests.Session, url: str) -> None:
    begun = admin.post(f"{url}/v2/team/image/blobs/uploads/")
    location = url + begun.headers["Location"]
    wrong = admin.put(f"{location}{'&' if '?' in location else '?'}digest={_digest(b'a')}", data=b"b")
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (400, "DIGEST_INVALID")


def test_a_manifest_of_blobs_that_were_not_pushed_is_refused(admin: requests.Session, url: str) -> None:
    part = {"mediaType": "application/octet-stream", "digest": _digest(b"missing"), "size": 7}
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": part, "layers": []}
    refused = admin.put(
        f"{url}/v2/team/image/manifests/v1", json.dumps(manifest), headers={"Content-Type": MANIFEST_TYPE}
    )
    assert refused.json()["errors"][0]["code"] == "MANIFEST_BLOB_UNKNOWN"


def test_names_cannot_reach_outside_the_store(admin: requests.Session, url: str) -> None:
    refused = admin.get(f"{url}/v2/team/%2e%2e/%2e%2e/manifests/v1")
    assert refused.status_code in {400, 404}
    assert admin.get(f"{url}/v2/team/image/manifests/..%2f..%2fx").status_code in {400, 404}


def test_a_challenge_leads_to_a_token_for_what_was_refused(https: requests.Session, url: str) -> None:
    refused = https.get(f"{url}/v2/team/image/tags/list")
    challenge = dict(re.findall(r'(\w+)="([^"]*)"', refused.headers["WWW-Authenticate"]))
    assert (refused.status_code, challenge["scope"]) == (401, "repository:team/image:pull")
    answer = https.get(challenge.pop("realm"), params=challenge, auth=(REGISTRY, REGISTRY_PASSWORD))
    bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert https.get(f"{url}/v2/team/image/tags/list", headers=bearer).status_code == 404
    assert https.get(f"{url}/v2/other/tags/list", headers=bearer).status_code == 401
    assert https.post(f"{url}/v2/team/image/blobs/uploads/", headers=bearer).status_code == 401


def test_an_entra_token_is_exchanged_for_a_refresh_token_and_that_for_an_access_token(
    https: requests.Session, url: str
) -> None:
    service = url.removeprefix("https://")
    form = {"grant_type": "access_token", "service": service, "access_token": "entra-token"}
    refresh = https.post(f"{url}/oauth2/exchange", data=form).json()["refresh_token"]
    form = {"grant_type": "refresh_token", "service": service, "scope": "registry:catalog:*", "refresh_token": refresh}
    access = https.post(f"{url}/oauth2/token", data=form).json()["access_token"]
    listed = https.get(f"{url}/v2/_catalog", headers={"Authorization": f"Bearer {access}"})
    assert listed.json() == {"repositories": []}
    token_user = ("00000000-0000-0000-0000-000000000000", refresh)
    assert https.get(f"{url}/oauth2/token", params={"service": service}, auth=token_user).status_code == 200
    form = {"grant_type": "access_token", "service": service, "access_token": "foreign"}
    assert https.post(f"{url}/oauth2/exchange", data=form).status_code == 401


@pytest.mark.parametrize("auth", [("someone", REGISTRY_PASSWORD), (REGISTRY, "wrong"), (REGISTRY, "")])
def test_wrong_credentials_are_refused(https: requests.Session, url: str, auth: tuple[str, str]) -> None:
    assert https.get(f"{url}/v2/", auth=auth).status_code == 401
    assert https.get(f"{url}/oauth2/token", params={"service": "x"}, auth=auth).status_code == 401
    assert https.get(f"{url}/v2/", headers={"Authorization": "Basic not-base64"}).status_code == 401


def test_a_push_is_announced_and_images_outlive_the_registry_s_process(
    emulated: Emulated, admin: requests.Session, url: str
) -> None:
    pushes: list[Push] = []
    emulated.runtime.registry.on_push = pushes.append
    digest = _push_image(admin, url, "team/image", "v1", b"layer")
    assert pushes == [Push(REGISTRY, "team/image", "v1", digest)]
    emulated.call(emulated.runtime.registry.stop())
    emulated.registry(int(url.rpartition(":")[2]))
    assert _get_manifest(admin, url, "v1").status_code == 200


def test_images_that_a_real_registry_kept_are_not_passed_over_when_it_is_gone(
    emulated: Emulated, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if not shutil.which("docker-registry"):
        pytest.skip("docker-registry is not on this machine")
    port = free_ports(1)[0]
    emulated.registry(port)
    emulated.call(emulated.runtime.registry.stop())
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeFaultError, match="Install it again"):
        emulated.registry(port)
