"""What is made of an error that only its text tells apart from others."""

from __future__ import annotations

import pytest
from azure.core.exceptions import HttpResponseError

from mlflow_azure.azure.refusals import BUSY, CHECK, translate
from mlflow_azure.errors import AzureRefusedError


def refused(message: str, status: int = 409) -> HttpResponseError:
    error = HttpResponseError(message=message)
    error.status_code = status
    return error


@pytest.mark.parametrize(
    "message",
    [
        "Cannot modify this site because another operation is in progress. Details: Id: 3a, OperationName: Update",
        "There is already an operation in progress on this resource. Please try again later.",
        "Another Operation Is In Progress",
    ],
)
def test_a_resource_that_someone_else_is_changing_is_busy_and_not_refused(message: str) -> None:
    error = translate(refused(message), "changing web app mlflow")
    assert error.message == f"changing web app mlflow: {message}"
    assert error.hint == BUSY
    assert not isinstance(error, AzureRefusedError)
    assert error.exit_code == 1


def test_any_other_conflict_is_a_refusal() -> None:
    error = translate(refused("The name mlflow is not available."), "creating web app mlflow")
    assert isinstance(error, AzureRefusedError)
    assert error.hint == CHECK
