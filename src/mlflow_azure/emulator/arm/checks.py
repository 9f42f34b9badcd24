"""Resource Manager's checks before a resource provider sees a request, in its order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.emulator.arm import arm_errors
from mlflow_azure.emulator.arm.access import VERBS, require_permission
from mlflow_azure.emulator.arm.arm_errors import ArmError
from mlflow_azure.emulator.arm.call import Call
from mlflow_azure.emulator.arm.policies import require_permitted
from mlflow_azure.emulator.tokens import TokenError

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.call import Call

# Types whose parent is not a separate resource: blob and file services belong to the account, config to the site.
_IMPLICIT_PARENTS = ("/blobServices/default", "/fileServices/default")
# Types of which Resource Manager reports a missing parent as a missing resource, as recorded in 2023 to 2026.
_TELL_PARENT = ("Microsoft.DBforPostgreSQL/flexibleServers/", "Microsoft.Network/virtualNetworks/")


def check(call: Call) -> None:
    """Run all checks.

    Raises:
        ArmError: The first check that fails.

    """
    for each in (_api_version, _subscription, require_permission, _provider, _group, _parent, require_permitted):
        each(call)


def authenticate(call: Call, authorization: str) -> None:
    """Check the caller's bearer token, and set the caller in `call`.

    Raises:
        ArmError: There is no token, or it is not valid.

    """
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise _unauthenticated(
            call, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing."
        )
    try:
        call.principal = call.world.tokens.verify(token, call.world.audiences)
    except TokenError as error:
        code = "ExpiredAuthenticationToken" if error.expired else "InvalidAuthenticationToken"
        reason = "expired" if error.expired else "invalid"
        raise _unauthenticated(call, code, f"The access token is {reason}: {error}") from error
    _require_tenant(call)


def _require_tenant(call: Call) -> None:
    """Refuse a token of a tenant other than the subscription's.

    The text: github.com/Azure/azure-sdk-for-net/issues/49391, github.com/bradygaster-zz/azure-tools-vscode/issues/44.
    """
    tenant, found = _tenant(call), call.principal["tid"]
    if "subscription" not in call.params or tenant == found:
        return
    raise _unauthenticated(
        call,
        "InvalidAuthenticationTokenTenant",
        f"The access token is from the wrong issuer 'https://sts.windows.net/{found}/'. It must match the tenant "
        f"'https://sts.windows.net/{tenant}/' associated with this subscription. Please use the authority (URL) "
        f"'https://login.windows.net/{tenant}' to get the token. Note, if the subscription is transferred to another "
        "tenant there is no impact to the services, but information about new tenant could take time to propagate (up "
        "to an hour). If you just transferred your subscription and see this error message, please try back later.",
    )


def _unauthenticated(call: Call, code: str, message: str) -> ArmError:
    authority = f"{call.world.url}/{_tenant(call)}"
    challenge = f'Bearer authorization_uri="{authority}", error="invalid_token", error_description="{message}"'
    return ArmError(401, code, message, {"WWW-Authenticate": challenge})


def _tenant(call: Call) -> str:
    return call.world.tenant_of(call.params.get("subscription", ""))


def _api_version(call: Call) -> None:
    if not call.query.get("api-version"):
        raise ArmError(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )


def _subscription(call: Call) -> None:
    wanted = call.params.get("subscription")
    if wanted is None:
        return
    known = {each["subscriptionId"].lower(): each for each in call.world.subscriptions()}
    subscription = known.get(wanted.lower())
    if subscription is None:
        raise ArmError(404, "SubscriptionNotFound", f"The subscription '{wanted}' could not be found.")
    if subscription["state"] == "Disabled" and call.method in ("PUT", "PATCH", "DELETE"):
        raise ArmError(
            409,
            "ReadOnlyDisabledSubscription",
            f"The subscription '{wanted}' is disabled and therefore marked as read only. You cannot perform any "
            "write actions on this subscription until it is re-enabled.",
        )


def _provider(call: Call) -> None:
    namespace = call.type.partition("/")[0]
    if call.method in ("GET", "HEAD") or call.path.endswith(("/register", "/unregister")):
        return
    if call.world.registration(namespace) == "Registered":
        return
    if call.path.endswith("/Microsoft.Storage/checkNameAvailability"):
        # The only request that reaches its provider, which does not know the subscription:
        # github.com/hashicorp/terraform-provider-azurerm/issues/24104
        raise ArmError(404, "SubscriptionNotFound", f"Subscription {call['subscription']} was not found.")
    raise ArmError(
        409,
        "MissingSubscriptionRegistration",
        f"The subscription is not registered to use namespace '{namespace}'. See https://aka.ms/rps-not-found "
        "for how to register subscriptions.",
    )


def _group(call: Call) -> None:
    if "group" not in call.params or call.type == "Microsoft.Resources/resourceGroups":
        return
    group = call.world.group(call["subscription"], call["group"])
    if group is None:
        raise arm_errors.group_not_found(call["group"])
    if group["properties"]["provisioningState"] == "Deleting" and call.method == "PUT":
        raise ArmError(
            409,
            "ResourceGroupBeingDeleted",
            f"The resource group '{call['group']}' is in deprovisioning state and cannot perform this operation.",
        )


def _parent(call: Call) -> None:
    if call.type.count("/") < 2 or "group" not in call.params:  # noqa: PLR2004 - "Namespace/type" has one slash
        return
    parent = call.parent.removesuffix(next(filter(call.parent.endswith, _IMPLICIT_PARENTS), ""))
    if call.world.resources.find(parent) is not None:
        return
    if call.type.startswith(_TELL_PARENT) and call.method in ("GET", "DELETE"):
        raise arm_errors.resource_not_found(call.type.rpartition("/")[0], parent.rpartition("/")[2], call["group"])
    raise arm_errors.parent_not_found(VERBS[call.method], call.type, parent)
