"""The sign-in of a web app that is gone by the time that it is to be written."""

from __future__ import annotations

import pytest

from mlflow_azure.azure.clients import Azure
from mlflow_azure.azure.clouds import PUBLIC
from mlflow_azure.azure.credential import Credential
from mlflow_azure.deadline import Deadline
from mlflow_azure.engine.node import Given
from mlflow_azure.errors import MlflowAzureError
from mlflow_azure.resources.entra.auth_settings import AuthSettings
from mlflow_azure.resources.provider import Provider
from mlflow_azure.resources.resource_group import ResourceGroup
from mlflow_azure.resources.web.app_service_plan import AppServicePlan
from mlflow_azure.resources.web.web_app import WebApp


def test_a_web_app_that_someone_deletes_while_its_sign_in_is_switched_is_told() -> None:
    azure = Azure(PUBLIC, Credential(PUBLIC), "", Deadline())
    group = ResourceGroup(azure, "mlflow-rg", location="westeurope")
    provider = Provider(azure, "Microsoft.Web")
    plan = AppServicePlan(azure, "plan", sku="S1", group=group, provider=provider, location="westeurope")
    sign_in = AuthSettings(WebApp(azure, "site", plan=plan), client=None, issuer="")
    desired = sign_in.desired(Given({}))
    with pytest.raises(MlflowAzureError, match=r"web app site \(deleted\)") as raised:
        sign_in.update(desired, {}, Given({}), lambda *_: None)
    assert raised.value.code == "ChangedMeanwhile"
