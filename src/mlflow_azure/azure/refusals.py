"""The meaning of Azure's errors, and what to do next: Azure error code → message, hint, exit code."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from mlflow_azure.errors import AzureRefusedError, MlflowAzureError, SignInError, understanding
from mlflow_azure.secret import redact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.core.exceptions import HttpResponseError

AGAIN = "Run the command again; it picks up where it left off."
SIGN_IN_HINT = (
    "Sign in with: az login. Without the Azure CLI, set the AZURE_TENANT_ID, AZURE_CLIENT_ID and "
    "AZURE_CLIENT_SECRET of a service principal. Try it without Azure: --cloud emulator"
)

HINTS = {
    "AuthorizationFailed": "Ask an owner of the subscription for the role Contributor on it or on the resource group, "
    "then check with: mlflow-azure doctor",
    "LinkedAuthorizationFailed": "Ask an owner of the subscription for the missing permission.",
    "RequestDisallowedByPolicy": "Your organisation's policy forbids it. Ask the policy's owner for an exemption, or "
    "choose settings that it allows: mlflow-azure settings show",
    "RequestDisallowedByAzure": "Choose another region: --rg-location REGION",
    "LocationNotAvailableForResourceType": "Choose another region: --rg-location REGION",
    "InvalidResourceGroupLocation": "The group exists in another region. Use that one: --rg-location REGION",
    "SubscriptionNotFound": "Choose a subscription you can see (az account list): --subscription-id ID",
    "InvalidSubscriptionId": "Choose a subscription you can see (az account list): --subscription-id ID",
    "ReadOnlyDisabledSubscription": "The subscription is disabled. Enable it in the portal, or choose another: "
    "--subscription-id ID",
    "MissingSubscriptionRegistration": "Register it: az provider register --namespace NAMESPACE --wait",
    "StorageAccountAlreadyTaken": "Choose another name: --storage-account-name NAME",
    "AlreadyInUse": "Choose another name: --acr-name NAME",
    "StorageAccountAlreadyExists": "Choose another name: --storage-account-name NAME",
    "AuthenticationFailed": "The account's key may have changed. Get the new connection string: "
    "mlflow-azure env --show-secrets",
    "KeyBasedAuthenticationNotPermitted": "Your organisation forbids shared keys on storage accounts, and App Service "
    "cannot mount a file share without one. Ask for an exemption for this account.",
    "ResourceGroupNotFound": "Someone may have deleted it just now. To see which deployments exist: mlflow-azure list",
    "ScopeLocked": "Remove the lock first: az lock list --resource-group GROUP",
    "InvalidAuthenticationTokenTenant": "You are signed in to a different tenant from the subscription's. Sign in to "
    "that one: az login --tenant TENANT. To find it: az account list --all --query '[].{id:id, tenant:tenantId}'",
    "ServerNameAlreadyExists": "Choose another name: --postgres-server-name NAME",
    "PostgresNotOffered": "Choose another region, --rg-location REGION, or another size, --postgres-sku SKU. Or ask "
    "for access to the region: https://aka.ms/postgres-request-quota-increase",
    "LocationIsOfferRestricted": "Choose another region, --rg-location REGION, or ask for access to this one: "
    "https://aka.ms/postgres-request-quota-increase",
    "ServerIsBusy": "Azure is still changing the server. Wait a minute, then run the command again.",
    "NoCapacity": "App Service has no capacity for this size there at the moment. Choose another size, --asp-sku P0v3, "
    "or another group, which may be placed elsewhere or be in another region: --rg-name NAME --rg-location REGION",
    "QuotaExceeded": "Ask for quota in the portal (Subscription, Usage + quotas), or choose another size, "
    "--asp-sku B1, or another region, with a group of its own: --rg-name NAME --rg-location REGION",
    "MaxStorageAccountsCountPerSubscriptionExceeded": "Delete unused storage accounts, or ask for more quota.",
    "TasksOperationsNotAllowed": "Free and trial subscriptions cannot build in the registry. "
    "Build with Docker on this machine: mlflow-azure deploy --build local",
    "Authorization_RequestDenied": "You are not allowed to do that in Microsoft Entra ID. Ask for the Application "
    "Developer role there, or have an administrator create the app registration and use that one: set "
    "AAD_CLIENT_SECRET, then mlflow-azure auth enable --client-id ID",
    "EntraPremiumNeeded": "Groups need Microsoft Entra ID P1. Name people: mlflow-azure auth enable --allow-user NAME",
    "CredentialTypeNotAllowedAsPerAppPolicy": "Your tenant's policy forbids client secrets. Ask the policy's owner for "
    "an exemption.",
    "CredentialInvalidLifetimeAsPerAppPolicy": "Your tenant's policy limits how long client secrets last. Have an "
    "administrator create one, set AAD_CLIENT_SECRET, then run: mlflow-azure auth enable --client-id ID",
    "TooManyRequests": "Azure is throttling the subscription. Wait a minute, then run the command again.",
}
"""Next step by Azure's error code. Codes: https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/
common-deployment-errors and the services' own references."""

_ADMINISTRATOR = (
    "an administrator must consent to it first",
    (
        "Ask one to open https://login.microsoftonline.com/TENANT/adminconsent?client_id=CLIENT_ID; other clouds have "
        "their own sign-in address. When an administrator runs mlflow-azure auth enable, that also gives consent."
    ),
)
NO_TOKEN = {
    **dict.fromkeys(("AADSTS90093", "AADSTS90094", "AADSTS90095"), _ADMINISTRATOR),
    "AADSTS65001": (
        "nobody has consented to signing in to it with this client",
        (
            "Ask an administrator to consent (az ad app permission admin-consent --id CLIENT_ID), or to authorise your "
            "client in the app registration (the Azure CLI's id is 04b07795-8ddb-461a-bbee-02f9e1bf7b46)."
        ),
    ),
    "AADSTS50105": (
        "you are not on the list of users who can sign in",
        "Ask who deployed the server: mlflow-azure auth enable --allow-user YOU",
    ),
    "AADSTS501051": (
        "this program is not on the list of those that can sign in",
        "Ask who deployed the server: mlflow-azure auth enable --allow-user OBJECT_ID (of its service principal)",
    ),
    "AADSTS500011": (
        "your tenant does not know the application that the token is for",
        (
            "A new app registration takes a moment to be known everywhere: try again, or repair it: mlflow-azure "
            "auth enable. For Azure itself, choose the cloud your account is in: --cloud public|usgov|china"
        ),
    ),
    # The token that GitHub and Azure Pipelines give `az login` is valid for ten minutes: https://github.com/Azure/azure-cli/issues/28708
    "AADSTS700024": (
        "the token that the pipeline signed in with has expired",
        f"Sign in again just before the command. {AGAIN}",
    ),
}
"""Why Microsoft Entra ID gives no token, and the next step, by its own code:
https://learn.microsoft.com/entra/identity-platform/reference-error-codes"""

NOT_REFUSALS = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
NETWORK = "Check the network. Behind a company proxy, set HTTPS_PROXY, and REQUESTS_CA_BUNDLE if it inspects TLS."
CHECK = "Check what a deployment needs: mlflow-azure doctor. Then run the command again."
BUSY = "Something else, perhaps another deploy, is changing it right now. Wait a minute, then run the command again."


@contextmanager
def doing(what: str) -> Iterator[None]:
    """Turn exceptions of the Azure SDK into our errors, which say what was being done.

    Raises:
        SignInError, AzureRefusedError, MlflowAzureError

    """
    from azure.core.exceptions import AzureError

    try:
        with understanding(what):
            yield
    except AzureError as error:
        raise translate(error, what) from error


def translate(error: Exception, what: str) -> MlflowAzureError:
    """Return our error for one that the Azure SDK raised while doing `what`."""
    from azure.core.exceptions import (
        ClientAuthenticationError,
        HttpResponseError,
        ServiceRequestError,
        ServiceResponseError,
    )

    if isinstance(error, ClientAuthenticationError) and error.response is None:
        return _token_error(error, what)
    if isinstance(error, HttpResponseError):
        answered = error.response is not None or error.status_code is not None
        return _response_error(error, what) if answered else _connection_error(error, what)
    if isinstance(error, ServiceRequestError | ServiceResponseError):
        return _connection_error(error, what)
    return MlflowAzureError(f"{what}: {_first_line(error)}", hint=AGAIN)


def _connection_error(error: Exception, what: str) -> MlflowAzureError:
    """Return the error if no response came. Unless nothing was sent, Azure may have carried out the request."""
    if _was_sent(error):
        return MlflowAzureError(
            f"{what}: the connection broke before Azure answered, so it may or may not have been done: "
            f"{_first_line(error)}",
            hint=f"It is safe to run the command again: it reads what exists and continues from there. {NETWORK}",
            code="AnswerLost",
        )
    return MlflowAzureError(
        f"{what}: Azure cannot be reached: {_first_line(error)}", hint=f"{NETWORK} {AGAIN}", code="Unreachable"
    )


def _was_sent(error: Exception) -> bool:
    """Whether the request, or part of it, may have reached Azure.

    The SDK treats every TLS error as a failure to connect, even the end of an open connection
    (azure/core/pipeline/transport/_requests_basic.py); only certificate errors always come before that.
    """
    from azure.core.exceptions import ServiceRequestError
    from requests.exceptions import SSLError

    if not isinstance(error, ServiceRequestError):
        return True
    return isinstance(error.inner_exception, SSLError) and "CERTIFICATE_VERIFY_FAILED" not in str(error)


def _token_error(error: Exception, what: str) -> SignInError:
    """Return the error if no token is issued. Its code is somewhere in the credentials' long message."""
    said = re.search(r"(AADSTS\d+): [^\n]*", str(error))
    if said:
        reason, hint = NO_TOKEN.get(said[1], (redact(said[0]), SIGN_IN_HINT))
        return SignInError(f"{what}: {reason} ({said[1]})", hint=hint, code=said[1])
    # DefaultAzureCredential lists its ways to sign in, one per line: those not set up, and the one that failed.
    failed = re.search(r"Authentication failed: ([^\n]*)", str(error))
    if failed:
        cause = re.search(r"\[Errno -?\d+\] ([^\"')]*)", failed[1])
        reason = cause[1] if cause else redact(failed[1])
        message = f"{what}: the sign-in service cannot be reached: {reason}"
        return SignInError(message, hint=f"{NETWORK} {AGAIN}", code="Unreachable")
    return SignInError(f"{what}: you are not signed in", hint=SIGN_IN_HINT)


def _named(hint: str | None, said: str) -> str | None:
    """Return a hint with the tenant named by Azure."""
    tenant = re.search(r"must match the tenant '[^']*/([0-9a-f-]{36})/?'", said)
    return hint.replace("TENANT", tenant[1]) if hint and tenant else hint


def error_code(error: HttpResponseError) -> str:
    """Return Azure's own code of an error. The exception's class says less: every 409 is a ResourceExistsError."""
    return _stated(error)[0]


def _response_error(error: HttpResponseError, what: str) -> MlflowAzureError:
    stated, said = _stated(error)
    code, status = stated or None, int(error.status_code or 0)
    message, hint = f"{what}: {said}", _named(HINTS.get(stated), said)
    if _is_busy(said):
        return MlflowAzureError(message, hint=BUSY, code=code)
    if _is_quota(stated, said):
        return AzureRefusedError(message, hint=HINTS["QuotaExceeded"], code=code or "QuotaExceeded")
    for text, meaning in _MEANINGS.items():
        if text in said:
            return AzureRefusedError(message, hint=HINTS[meaning], code=meaning)
    if status == HTTPStatus.UNAUTHORIZED and (not stated or stated.startswith(_TOKEN_CODES)):
        return SignInError(message, hint=hint or SIGN_IN_HINT, code=code)
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in NOT_REFUSALS:
        return AzureRefusedError(message, hint=hint or CHECK, code=code)
    return MlflowAzureError(message, hint=hint or AGAIN, code=code)


_TOKEN_CODES = ("InvalidAuthenticationToken", "ExpiredAuthenticationToken", "AuthenticationFailed")
"""Prefixes of the codes with which Resource Manager, Microsoft Graph and Kudu refuse a token. App Service uses 401 for
other things, too: https://github.com/Azure/azure-cli/issues/26550"""
_MEANINGS = {
    "No available instances": "NoCapacity",
    "should be in []": "PostgresNotOffered",
    "should be in: []": "PostgresNotOffered",
    "purchased AAD Premium": "EntraPremiumNeeded",
}
"""The meaning of refusals that only their text reveals. App Service has no machines left
(https://github.com/microsoft/vscode-azureappservice/issues/993); no version of PostgreSQL may be made in the region
(https://github.com/Azure-Samples/msdocs-flask-postgresql-sample-app/issues/35); groups need another plan, as Graph says
it of directory roles (https://github.com/aztfmod/terraform-azurerm-caf/issues/1026)."""


_QUOTA = re.compile(r"additional quota|quota of|quota.*exceed|exceed.*quota", re.IGNORECASE)


def _is_quota(code: str, said: str) -> bool:
    """App Service reports a plan quota of zero as 401 or 409 Unauthorized; only its text tells."""
    return code == "SubscriptionIsOverQuotaForSku" or _QUOTA.search(said) is not None


def is_busy(error: HttpResponseError) -> bool:
    """Whether Azure refuses with 409 because another operation is in progress on the resource, or still refers to it.

    It also does so right after a web app was created (https://github.com/hashicorp/terraform-provider-azurerm/issues/9703),
    and of a plan right after its web app was deleted (issue 13377 there).
    """
    said = _stated(error)[1]
    return error.status_code == HTTPStatus.CONFLICT and (_is_busy(said) or "because it has web app(s)" in said)


def is_server_busy(error: HttpResponseError) -> bool:
    """Whether a PostgreSQL server refuses because it is busy, as it is for minutes after its creation.

    https://github.com/Azure/azure-postgresql/issues/134,
    https://github.com/Azure/bicep-registry-modules/issues/4451
    """
    code, said = _stated(error)
    return code in ("ServerIsBusy", "ServerBusy") or "busy with another operation" in said or is_busy(error)


def _is_busy(message: str) -> bool:
    """Azure refuses overlapping writes with 409 and various codes."""
    return "in progress" in message.lower()


def _stated(error: HttpResponseError) -> tuple[str, str]:
    """Return Azure's code and message. The SDK parses Resource Manager's errors; App Service's have another format."""
    inner = getattr(error, "error", None)
    body = {} if inner else _body(error)
    code = getattr(inner, "code", None) or body.get("Code") or ""
    text = getattr(inner, "message", None) or body.get("Message") or error.message or error.reason or ""
    return str(code), redact(" ".join(str(text).split()))


def _body(error: HttpResponseError) -> dict[str, Any]:
    """Return Azure's JSON response; empty if it is not an object, or can no longer be read."""
    from azure.core.exceptions import AzureError

    try:
        body = json.loads(error.response.text()) if error.response else {}
    except (ValueError, AzureError):
        return {}
    return body if isinstance(body, dict) else {}


def _first_line(error: Exception) -> str:
    return redact(str(error).strip().partition("\n")[0])
