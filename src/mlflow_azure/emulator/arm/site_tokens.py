"""Tokens of a web app's managed identities."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.arm.identity_principals import ManagedIdentity, system_assigned, user_assigned
from mlflow_azure.emulator.arm.web_plans import SITE_TYPE
from mlflow_azure.emulator.client_tokens import client_token
from mlflow_azure.emulator.consent import SignInError
from mlflow_azure.emulator.runtime.sites.identity_endpoint import IdentityError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlflow_azure.emulator.arm.resources import Body
    from mlflow_azure.emulator.arm.world import World

# The parameters that select a user-assigned identity, and the property that each gives. In addition to the documented,
# those used by Microsoft's client libraries (github.com/AzureAD/microsoft-authentication-library-for-python).
_CHOICES = {
    "client_id": "client",
    "principal_id": "principal",
    "object_id": "principal",
    "mi_res_id": "resource",
    "msi_res_id": "resource",
}


def issue_token(world: World, site_name: str, query: Mapping[str, str]) -> dict[str, Any]:
    """Return the response of a site's identity endpoint to a query.

    Raises:
        IdentityError: The site has no such identity, or there is no such API.

    """
    site = next((each for each in world.resources.of_type(SITE_TYPE) if each["name"] == site_name), None)
    identity = _chosen(world, site or {}, query)
    try:
        token = identity_token(world, identity, query["resource"])
    except SignInError as refusal:
        raise IdentityError(refusal.description) from refusal
    return {
        "access_token": token,
        "client_id": identity.client,
        "expires_on": str(int(time.time()) + world.tokens.lifetime),
        "resource": query["resource"],
        "token_type": "Bearer",
    }


def identity_token(world: World, identity: ManagedIdentity, resource: str) -> str:
    """Return a managed identity's token for an API; raises SignInError.

    The claim `xms_mirid`: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference.
    """
    return client_token(world, resource, identity.client, identity.principal, xms_mirid=identity.resource)


def _chosen(world: World, site: Body, query: Mapping[str, str]) -> ManagedIdentity:
    """Return the identity selected by a query, or the system-assigned one.

    The texts of the errors:
    github.com/Azure-Samples/azure-search-openai-demo/issues/2148 and github.com/davrous/AzureAgentToM365/issues/2.
    """
    named = [(attribute, query[name].lower()) for name, attribute in _CHOICES.items() if query.get(name)]
    if not named:
        own = system_assigned(world, site)
        if own is None:
            raise IdentityError("Unable to load the proper Managed Identity.")
        return own
    for identity in user_assigned(world, site):
        if all(getattr(identity, attribute).lower() == value for attribute, value in named):
            return identity
    raise IdentityError(
        "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId."
    )
