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

from mlflow_azure.azure.refusals import BUSY, CHECK, HINTS, translate
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


def stated(code: str, message: str, status: int) -> HttpResponseError:
    error = refused(f"({code}) {message}", status)
    error.error = ODataV4Format({"code": code, "message": message})
    return error


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("SubscriptionIsOverQuotaForSku", "Not allowed for this subscription."),
        ("Unauthorized", "Operation cannot be completed without additional quota. Current Limit (Basic VMs): 0"),
        ("Unauthorized", "This region has quota of 0 PremiumV3 instances for your subscription."),
        ("Conflict", "The maximum number of plans would exceed the quota."),
        ("Conflict", "Quota for plans exceeded."),
    ],
)
@pytest.mark.parametrize("status", [401, 409])
def test_a_quota_is_told_by_its_code_or_by_its_text_and_is_no_missing_sign_in(
    status: int, code: str, said: str
) -> None:
    error = translate(stated(code, said, status), "creating app service plan mlflow")
    assert (error.exit_code, error.code, error.hint) == (4, code, HINTS["QuotaExceeded"])


def test_groups_that_the_tenants_plan_does_not_let_in_are_no_missing_permission() -> None:
    said = "Only companies who have purchased AAD Premium may perform this operation."
    error = translate(stated("Authorization_RequestDenied", said, 403), "updating service principal mlflow")
    assert (error.exit_code, error.code) == (4, "EntraPremiumNeeded")
    assert said in error.message
    assert "--allow-user" in error.hint


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


@pytest.mark.parametrize("code", ["AADSTS90093", "AADSTS90094", "AADSTS90095"])
def test_who_may_not_consent_is_told_where_an_administrator_does(code: str) -> None:
    error = no_token(f"AzureCliCredential: ERROR: {code}: The grant requires admin permission. Trace ID: 0\n")
    assert (error.code, error.exit_code) == (code, 3)
    assert "an administrator must consent" in error.message
    assert "adminconsent?client_id=" in error.hint
    assert "az login" not in error.hint


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
