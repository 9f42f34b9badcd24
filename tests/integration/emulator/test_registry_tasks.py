from __future__ import annotations

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.containerregistrytasks import ContainerRegistryTasksMgmtClient
from azure.storage.blob import BlobClient

from tests.support.emulated import Azure, error_code
from tests.support.registry_builds import CONTEXT, build


def test_an_uploaded_source_is_built_and_pushed(azure: Azure) -> None:
    group = azure.group()
    registry = azure.registry(group)
    run, log = build(azure, group, registry.name, CONTEXT)
    images = run.properties.output_images
    assert run.properties.status == "Succeeded"
    assert [(each.registry, each.repository, each.tag) for each in images] == [
        (registry.login_server, "mlflowimage", "latest"),
        (registry.login_server, "mlflowimage", run.name),
    ]
    assert images[0].digest.startswith("sha256:")
    assert f"Run ID: {run.name} was successful" in log


def test_a_build_that_fails_says_why(azure: Azure) -> None:
    group = azure.group()
    registry = azure.registry(group)
    run, log = build(azure, group, registry.name, {"README": "no Dockerfile"})
    assert run.properties.status == "Failed"
    assert "Dockerfile" in run.properties.run_error_message
    assert run.properties.run_error_message in log


def test_docker_hub_refuses_a_build_that_is_based_on_one_of_its_images(azure: Azure) -> None:
    azure.control("PUT", "quirks", {"pull_limit": 1})
    group = azure.group()
    registry = azure.registry(group)
    based = CONTEXT | {"Dockerfile": "ARG BASE=python:3.11-slim\nFROM ${BASE}\n"}
    run, log = build(azure, group, registry.name, based)
    assert (run.properties.status, run.properties.run_error_message) == (
        "Failed",
        "failed during run, err: exit status 1",
    )
    assert "toomanyrequests: You have reached your pull rate limit" in log
    assert build(azure, group, registry.name, based)[0].properties.status == "Succeeded"


def test_docker_hub_has_no_say_in_a_build_that_is_based_on_another_registrys_image(azure: Azure) -> None:
    azure.control("PUT", "quirks", {"pull_limit": True})
    group = azure.group()
    registry = azure.registry(group)
    based = CONTEXT | {"Dockerfile": "FROM mcr.microsoft.com/python:3.11 AS base\nFROM base\n"}
    assert build(azure, group, registry.name, based)[0].properties.status == "Succeeded"


def test_an_image_is_imported_once_unless_it_is_to_be_replaced(azure: Azure) -> None:
    group = azure.group()
    registry = azure.registry(group)
    request = {
        "source": {"registryUri": "docker.io", "sourceImage": "library/python:3.11-slim"},
        "targetTags": ["python:3.11-slim"],
    }
    azure.control("PUT", "latency", {"profile": "none", "reads": 1})
    azure.registries.registries.begin_import_image(group, registry.name, request).result()
    based = CONTEXT | {"Dockerfile": f"FROM {registry.login_server}/python:3.11-slim\n"}
    assert build(azure, group, registry.name, based)[0].properties.status == "Succeeded"
    with pytest.raises(HttpResponseError, match=r"python:3\.11-slim already exists"):
        azure.registries.registries.begin_import_image(group, registry.name, request).result()
    azure.registries.registries.begin_import_image(group, registry.name, request | {"mode": "Force"}).result()


def test_the_log_can_be_an_artifact_in_the_registry(azure: Azure) -> None:
    azure.control("PUT", "quirks", {"log_in_registry": True})
    group = azure.group()
    registry = azure.registry(group)
    run, log = build(azure, group, registry.name, CONTEXT)
    links = azure.client(ContainerRegistryTasksMgmtClient).runs.get_log_sas_url(group, registry.name, run.name)
    assert links.log_link is None
    assert f"Run ID: {run.name} was successful" in log


def test_a_source_that_was_not_uploaded_is_refused(azure: Azure) -> None:
    group = azure.group()
    registry = azure.registry(group)
    tasks = azure.client(ContainerRegistryTasksMgmtClient)
    request = {"type": "DockerBuildRequest", "sourceLocation": "../../state.json", "dockerFilePath": "Dockerfile"}
    with pytest.raises(HttpResponseError) as refused:
        tasks.registries.schedule_run(group, registry.name, request | {"platform": {"os": "Linux"}})
    assert error_code(refused.value) == "BadRequest"


def test_an_upload_needs_the_signature_of_its_url(azure: Azure) -> None:
    group = azure.group()
    registry = azure.registry(group)
    tasks = azure.client(ContainerRegistryTasksMgmtClient)
    url = tasks.registries.get_build_source_upload_url(group, registry.name).upload_url
    with pytest.raises(HttpResponseError) as refused:
        BlobClient.from_blob_url(url[:-4] + "0000", connection_verify=azure.endpoint["ca_file"]).upload_blob(b"x")
    assert refused.value.status_code == 403
