"""What is made of an error that only its text tells apart from others."""

from __future__ import annotations

import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ODataV4Format,
    ServiceRequestError,
    ServiceResponseError,
)
from requests.exceptions import SSLError

from mlflow_azure.azure.refusals import BUSY, CHECK, translate
from mlflow_azure.errors import AzureRefusedError, MlflowAzureError


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


def lost(kind: type[ServiceRequestError | ServiceResponseError], inner: Exception) -> MlflowAzureError:
    return translate(kind(inner, error=inner), "creating web app mlflow")


@pytest.mark.parametrize(
    "error",
    [
        lost(ServiceResponseError, ConnectionResetError("Connection reset by peer")),
        lost(ServiceRequestError, SSLError("EOF occurred in violation of protocol")),
        translate(HttpResponseError("Connection broken: IncompleteRead"), "creating web app mlflow"),
    ],
    ids=["reset", "end of TLS", "half an answer"],
)
def test_a_lost_answer_says_that_azure_may_have_done_it_and_that_running_again_is_safe(error: MlflowAzureError) -> None:
    assert error.code == "AnswerLost"
    assert "it may or may not have been done" in error.message
    assert "safe to run the command again" in error.hint


@pytest.mark.parametrize("reason", [SSLError("[SSL: CERTIFICATE_VERIFY_FAILED]"), OSError("Name or service not known")])
def test_what_was_never_sent_says_that_azure_cannot_be_reached(reason: Exception) -> None:
    error = lost(ServiceRequestError, reason)
    assert error.code == "Unreachable"
    assert "Azure cannot be reached" in error.message


def no_token(said: str) -> MlflowAzureError:
    return translate(ClientAuthenticationError(message=said), "signing in to Azure")


def test_the_expired_token_of_a_pipeline_is_named_and_the_next_step_is_to_sign_in_again() -> None:
    said = (
        "ERROR: AADSTS700024: Client assertion is not within its valid time range. Current time: 2026-04-05T23:01:54Z"
    )
    error = no_token(f"EnvironmentCredential: not set up\nAzureCliCredential: {said}\n")
    assert (error.code, error.exit_code) == ("AADSTS700024", 3)
    assert "has expired" in error.message
    assert "Sign in again" in error.hint


def test_a_sign_in_service_that_cannot_be_reached_is_told_without_the_classes_of_the_sdk() -> None:
    refused_there = "HTTPSConnection(host='login.example', port=443): [Errno 111] Connection refused"
    error = no_token(
        f"EnvironmentCredential: Authentication failed: ('Unable', NewConnectionError(\"{refused_there}\"))"
    )
    assert error.message == "signing in to Azure: the sign-in service cannot be reached: Connection refused"
    assert (error.code, error.exit_code) == ("Unreachable", 3)


def test_the_tenant_to_sign_in_to_is_named_where_azure_names_it() -> None:
    tenant = "11111111-1111-1111-1111-111111111111"
    said = f"It must match the tenant 'https://sts.windows.net/{tenant}/' associated with this subscription."
    error = refused(f"(InvalidAuthenticationTokenTenant) {said}\nCode: InvalidAuthenticationTokenTenant\n", 401)
    error.error = ODataV4Format({"code": "InvalidAuthenticationTokenTenant", "message": said})
    assert f"az login --tenant {tenant}." in str(translate(error, "reading web app mlflow").hint)
