"""Checks of the sign-in, the subscription and the user's permissions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.azure.denials import claims, denials
from mlflow_azure.azure.directory_rights import may_register
from mlflow_azure.azure.permissions import ASSIGN_ROLES, allows, granted, role_on, write_action
from mlflow_azure.azure.refusals import HINTS, doing
from mlflow_azure.deployment.checks.finding import Finding, ok, warning
from mlflow_azure.errors import ROLE_REFUSED, AzureRefusedError
from mlflow_azure.resources.arm import group_id
from mlflow_azure.resources.database.server_part import ServerPart
from mlflow_azure.resources.provider import Provider
from mlflow_azure.resources.resource_group import ResourceGroup
from mlflow_azure.resources.role_assignment import ASK_AN_OWNER
from mlflow_azure.resources.storage.blob_container import BlobContainer
from mlflow_azure.resources.storage.file_share import FileShare
from mlflow_azure.resources.tagged import TaggedResource
from mlflow_azure.resources.web.site_part import SitePart
from mlflow_azure.settings import FILE_SHARE, POSTGRES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.azure.clouds import Cloud
    from mlflow_azure.azure.credential import Credential
    from mlflow_azure.engine.node import Properties, Resource
    from mlflow_azure.resources.registry.container_registry import ContainerRegistry
    from mlflow_azure.settings import Settings

WRITABLE = frozenset({"Enabled"})
"""Healthy states of a subscription."""
STILL_WRITABLE = frozenset({"Warned", "PastDue"})
"""Payment is due, or Azure will disable it.
https://learn.microsoft.com/azure/cost-management-billing/manage/subscription-states"""
WITHOUT_TASKS = ("FreeTrial", "AzureForStudents", "Sponsored")
"""Kinds of offer that cannot build images in the registry. https://aka.ms/acr/tasks/unsupported-subscription"""

ASK = HINTS["AuthorizationFailed"]

MANAGED = (ResourceGroup, TaggedResource, SitePart, BlobContainer, FileShare, ServerPart)
"""Resource types of Azure Resource Manager whose ids determine the required actions."""
SECRETS = {
    FILE_SHARE: ("Microsoft.Storage/storageAccounts/listKeys/action", "Microsoft.Web/sites/config/list/action"),
    POSTGRES: ("Microsoft.Web/sites/config/list/action",),
}
"""Actions that a deploy needs in addition to its writes, and that Reader lacks."""


def sign_in(cloud: Cloud, credential: Credential) -> Finding:
    """Check that Azure issues a token. Raises SignInError."""
    told = claims(credential.token(cloud.scope))
    who = told.get("upn") or told.get("unique_name") or f"application {told.get('appid')}"
    return ok("sign-in", f"{who}, tenant {told.get('tid')}")


def subscription(azure: Azure) -> Finding:
    """Check that the subscription is writable. Raises AzureRefusedError."""
    with doing("reading your Azure subscription"):
        found = azure.rest.send("GET", f"/subscriptions/{azure.subscription_id}", query={"api-version": "2022-12-01"})
    name, state = f"{found['displayName']} ({azure.subscription_id})", str(found["state"])
    if state in STILL_WRITABLE:
        return warning("subscription", f"{name} is {state}", "Pay what is due before Azure disables it.")
    if state not in WRITABLE:
        raise AzureRefusedError(
            f"subscription {name} is {state}: nothing can be created or changed",
            hint=HINTS["ReadOnlyDisabledSubscription"],
            code="ReadOnlyDisabledSubscription",
        )
    if str((found.get("subscriptionPolicies") or {}).get("quotaId")).startswith(WITHOUT_TASKS):
        return warning(
            "subscription", f"{name} may not build images in the registry", HINTS["TasksOperationsNotAllowed"]
        )
    return ok("subscription", name)


def role(azure: Azure, settings: Settings) -> Finding:
    """Find the signed-in user's role, as far as the permissions tell, and its scope."""
    subscription = f"/subscriptions/{azure.subscription_id}"
    whole = role_on(azure, subscription)
    here = role_on(azure, group_id(azure, settings.rg_name))
    alone = f"resource group {settings.rg_name} alone"
    found, where = (whole, "the subscription") if whole == here or not here else (here, alone)
    if found in ("Owner", "Contributor"):
        return ok("role", f"you have the role {found} on {where}")
    if found == "Reader":
        return warning("role", f"you have the role Reader on {where}: plan and status work, deploy does not", ASK)
    return warning("role", f"you cannot read resource group {settings.rg_name}", ASK)


def permissions(azure: Azure, settings: Settings, resources: Sequence[Resource]) -> Finding:
    """Check that the user may write the resources and register the providers. Raises AzureRefusedError."""
    needed = {write_action(each.id) for each in resources if isinstance(each, MANAGED)} | {
        *SECRETS[settings.mlflow_version],
        *(f"{each.name}/register/action" for each in resources if isinstance(each, Provider)),
    }
    denied = azure.deadline.start(lambda: denials(azure, settings.rg_name, sorted(needed)))
    allowed = granted(azure, settings.rg_name)
    missing = sorted(action for action in needed if not allows(allowed, action))
    if missing:
        raise AzureRefusedError(
            f"you lack permissions in resource group {settings.rg_name} that a deploy needs: {', '.join(missing)}",
            hint=HINTS["AuthorizationFailed"],
            code="AuthorizationFailed",
        )
    for denial in denied():
        raise AzureRefusedError(
            f"deny assignment {denial.name} denies permissions that a deploy needs: {', '.join(denial.actions)}",
            hint="It belongs to a managed application or a deployment stack. Choose another resource group: "
            "--rg-name NAME",
            code="DenyAssignmentAuthorizationFailed",
        )
    return ok("permissions", f"you can write to resource group {settings.rg_name}")


def takes_arm_tokens(registry: ContainerRegistry, live: Properties | None) -> Finding:
    """Check that the registry accepts tokens for Resource Manager, which App Service needs to pull with an identity.

    https://learn.microsoft.com/azure/container-registry/container-registry-disable-authentication-as-arm

    Raises:
        AzureRefusedError: It does not.

    """
    policies = (live or {}).get("properties", {}).get("policies") or {}
    policy = policies.get("azureADAuthenticationAsArmPolicy") or {}
    if str(policy.get("status")).lower() != "disabled":
        return ok("registry", "it accepts tokens for Resource Manager")
    raise AzureRefusedError(
        f"deploying with --identity: {registry} does not accept tokens for Azure Resource Manager, but App Service "
        "pulls only with those",
        hint=f"az acr config authentication-as-arm update --registry {registry.name} --status enabled. With "
        "MLflow 1.5.0 you can pull with its password instead: mlflow-azure deploy --no-identity",
        code="RegistryRefusesArmTokens",
    )


def registrations(azure: Azure) -> Finding:
    """Check whether the user may register an application, which sign-in needs."""
    if may_register(azure):
        return ok("registrations", "you can register applications, for sign-in")
    return warning(
        "registrations",
        "you cannot register applications, or Microsoft Entra ID does not say: --auth may be refused",
        "Ask for the Application Developer role in Microsoft Entra ID, or have the app registration created for you: "
        "mlflow-azure auth enable --client-id ID",
    )


def roles(azure: Azure, settings: Settings) -> Finding:
    """Check whether the user may assign roles, which MLflow 3 needs, and 1.5.0 only for `--identity`.

    Raises:
        AzureRefusedError: MLflow 3 cannot be deployed.

    """
    if allows(granted(azure, settings.rg_name), ASSIGN_ROLES):
        return ok("roles", "you can assign roles")
    if settings.mlflow_version == POSTGRES:
        raise AzureRefusedError(
            f"you cannot assign roles in resource group {settings.rg_name}, and MLflow 3 has no other way to reach its "
            "storage and image",
            hint=ASK_AN_OWNER,
            code=ROLE_REFUSED,
        )
    return warning(
        "roles",
        "you cannot assign roles: the web app will pull its image with the registry's password",
        "For --identity, ask an owner for the Role Based Access Control Administrator role on the resource group.",
    )
