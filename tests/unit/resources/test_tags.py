"""Which tags are a reason to write a resource."""

from __future__ import annotations

import pytest

from mlflow_azure.azure.clients import Azure
from mlflow_azure.azure.clouds import PUBLIC
from mlflow_azure.azure.credential import Credential
from mlflow_azure.deadline import Deadline
from mlflow_azure.engine.node import Given
from mlflow_azure.engine.planning import differing
from mlflow_azure.resources.resource_group import ResourceGroup


@pytest.fixture
def group() -> ResourceGroup:
    return ResourceGroup(Azure(PUBLIC, Credential(PUBLIC), "", Deadline()), "mlflow-rg", location="westeurope")


def test_a_new_version_of_this_program_alone_is_no_reason_to_write(group: ResourceGroup) -> None:
    desired = group.desired(Given({}))
    live = {"tags": {**desired["tags"], "mlflow-azure-version": "0.0.1", "team": "research"}}
    assert live["tags"] != desired["tags"]
    assert differing(group, desired, live) == ()


@pytest.mark.parametrize("tag", ["managed-by", "mlflow-azure-deployment"])
def test_a_tag_by_which_the_deployment_is_known_is(group: ResourceGroup, tag: str) -> None:
    desired = group.desired(Given({}))
    live = {"tags": {**desired["tags"], tag: "another"}}
    assert [found.path for found in differing(group, desired, live)] == [f"tags.{tag}"]
