"""Checks whether policies of the organisation forbid a part of the deployment.

Azure Policy itself evaluates what a deploy would send:
https://learn.microsoft.com/rest/api/policy/policy-restrictions/check-at-resource-group-scope
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from mlflow_azure import engine
from mlflow_azure.azure.permissions import of_group
from mlflow_azure.azure.refusals import HINTS, doing
from mlflow_azure.deployment.checks.finding import Finding, ok, warning
from mlflow_azure.errors import AzureRefusedError, MlflowAzureError, SeveralErrors
from mlflow_azure.settings import FILE_SHARE, POSTGRES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.settings import Settings

API_VERSION = "2023-03-01"
STORAGE = "Microsoft.Storage/storageAccounts"
POSTGRES_SERVER = "Microsoft.DBforPostgreSQL/flexibleServers"
SHARED_KEYS = f"{STORAGE}/allowSharedKeyAccess"

_APP_SERVICE: Mapping[str, Mapping[str, Any]] = {
    "Microsoft.Web/serverfarms": {"apiVersion": "2023-12-01", "properties": {"reserved": True}},
    "Microsoft.Web/sites": {"apiVersion": "2023-12-01", "properties": {"httpsOnly": True}},
}
_KEYS: Mapping[str, Mapping[str, Any]] = {
    STORAGE: {"apiVersion": "2023-05-01", "properties": {"allowSharedKeyAccess": True, "allowBlobPublicAccess": False}},
    "Microsoft.ContainerRegistry/registries": {"apiVersion": "2023-07-01", "properties": {"adminUserEnabled": True}},
}
_NO_KEYS: Mapping[str, Mapping[str, Any]] = {
    kind: {**content, "properties": dict.fromkeys(content["properties"], False)} for kind, content in _KEYS.items()
}
_DATABASE: Mapping[str, Mapping[str, Any]] = {
    "Microsoft.ManagedIdentity/userAssignedIdentities": {"apiVersion": "2023-01-31", "properties": {}},
    POSTGRES_SERVER: {
        "apiVersion": "2024-08-01",
        "properties": {
            "authConfig": {"activeDirectoryAuth": "Enabled", "passwordAuth": "Disabled"},
            "network": {"publicNetworkAccess": "Enabled"},
        },
    },
}
CONTENTS = {FILE_SHARE: {**_KEYS, **_APP_SERVICE}, POSTGRES: {**_NO_KEYS, **_APP_SERVICE, **_DATABASE}}
"""The resources of a deploy that policies may concern, by MLflow version."""


def policies(
    azure: Azure, settings: Settings, kinds: Collection[str] | None = None, scope: str | None = None
) -> Finding:
    """Check that policies allow the deployment.

    Args:
        azure: The subscription.
        settings: The deployment's settings.
        kinds: The resource types to check; None for all.
        scope: Id of the group, or of the subscription if the group does not exist; None if that is not known.

    Raises:
        AzureRefusedError: One does not; SeveralErrors if there are more.

    """
    contents = [kind for kind in CONTENTS[settings.mlflow_version] if kinds is None or kind in kinds]
    asked = {kind: partial(_evaluate, azure, settings, kind, scope) for kind in contents}
    try:
        answers = engine.gather(asked, azure.deadline)
    except MlflowAzureError as error:
        fix = "If the provider is not registered: az provider register --namespace Microsoft.PolicyInsights"
        return warning("policies", error.message, fix)
    problems = [problem for kind in contents for problem in _problems(kind, answers[kind])]
    if problems:
        raise SeveralErrors(problems)
    return ok("policies", "none forbids any part of the deployment")


def _evaluate(azure: Azure, settings: Settings, kind: str, scope: str | None) -> Mapping[str, Any]:
    """Evaluate policies for a resource of this kind as a deploy would create it, in the group if it exists."""
    made = CONTENTS[settings.mlflow_version][kind]
    private = kind == POSTGRES_SERVER and settings.private_network
    properties = {**made["properties"], **({"network": {"publicNetworkAccess": "Disabled"}} if private else {})}
    content = {"type": kind, "location": settings.rg_location, "properties": properties}
    body: dict[str, Any] = {"resourceDetails": {"resourceContent": content, "apiVersion": made["apiVersion"]}}
    if kind == STORAGE and settings.mlflow_version == FILE_SHARE:
        body["pendingFields"] = [{"field": SHARED_KEYS, "values": ["true"]}]
    with doing("asking Azure Policy what is allowed"):
        if scope:
            return _ask(azure, scope, body)
        return of_group(azure, settings.rg_name, lambda there: _ask(azure, there, body))


def _ask(azure: Azure, scope: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    path = f"{scope}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions"
    return azure.rest.send("POST", path, body, {"api-version": API_VERSION})


def _problems(kind: str, answer: Mapping[str, Any]) -> Iterator[MlflowAzureError]:
    for evaluation in (answer.get("contentEvaluationResult") or {}).get("policyEvaluations") or ():
        if str((evaluation.get("effectDetails") or {}).get("policyEffect")).lower() == "deny":
            policy = _name(evaluation.get("policyInfo") or {})
            yield AzureRefusedError(
                f"policy {policy} forbids {kind}",
                hint=HINTS["RequestDisallowedByPolicy"],
                code="RequestDisallowedByPolicy",
            )
    for restricted in answer.get("fieldRestrictions") or ():
        for restriction in restricted.get("restrictions") or ():
            if restricted.get("field") == SHARED_KEYS and _forbids_true(restriction):
                yield AzureRefusedError(
                    f"policy {_name(restriction.get('policy') or {})} forbids shared keys on storage accounts",
                    hint=HINTS["KeyBasedAuthenticationNotPermitted"],
                    code="KeyBasedAuthenticationNotPermitted",
                )


def _forbids_true(restriction: Mapping[str, Any]) -> bool:
    values = {str(value).lower() for value in restriction.get("values") or ()}
    return "true" in values if restriction.get("result") == "Deny" else values == {"false"}


def _name(policy: Mapping[str, Any]) -> str:
    """The display name of a policy."""
    assignment = str(policy.get("policyAssignmentId") or policy.get("policyDefinitionId") or "")
    return str(policy.get("policyAssignmentDisplayName") or assignment.rpartition("/")[2] or "(without a name)")
