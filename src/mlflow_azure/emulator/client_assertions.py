"""Signing in as an application with a federated credential, such as a managed identity's token.

https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlflow_azure.emulator.consent import SignInError
from mlflow_azure.emulator.directory import FEDERATED
from mlflow_azure.emulator.tokens import TokenError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlflow_azure.emulator.arm.world import World
    from mlflow_azure.emulator.directory import Object

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_HELP = (
    "Check your federated identity credential Subject, Audience and Issuer against the presented assertion. "
    "https://learn.microsoft.com/entra/workload-id/workload-identity-federation"
)


def require_trusted(world: World, application: Object, assertion: str) -> None:
    """Refuse an assertion that matches no federated credential of an application.

    Matching is case-sensitive: https://learn.microsoft.com/entra/identity-platform/reference-breaking-changes. The
    text, which names the first property that does not match: github.com/Azure/login/issues/482.

    Raises:
        SignInError: None matches, or the assertion is not a valid token.

    """
    try:
        claims = world.tokens.verify(assertion, None)
    except TokenError as error:
        number = "700024" if error.expired else "700027"
        raise _refused(f"AADSTS{number}: Client assertion is not valid: {error}") from error
    known = [each for each in world.directory.federated(application["id"]) if not _lags(world, each)]
    if not known:
        raise _refused(
            f"AADSTS70025: The client '{application['appId']}'({application['displayName']}) has no configured "
            "federated identity credentials."
        )
    for number, name, claim, matches in _MATCHES:
        known = [each for each in known if matches(each, claims[claim])]
        if not known:
            raise _refused(
                f"AADSTS{number}: No matching federated identity record found for presented assertion {name} "
                f"'{claims[claim]}'. {_HELP}"
            )


def _lags(world: World, credential: Object) -> bool:
    """Whether a new credential is not replicated yet: github.com/Azure/azure-workload-identity/issues/1200."""
    return world.quirks.strikes("directory_lag", f"{FEDERATED}/{credential['id']} as reference")


def _refused(description: str) -> SignInError:
    return SignInError(401, "invalid_client", description)


_MATCHES: tuple[tuple[str, str, str, Callable[[Object, Any], bool]], ...] = (
    ("700211", "issuer", "iss", lambda credential, value: credential["issuer"] == value),
    ("700213", "subject", "sub", lambda credential, value: credential["subject"] == value),
    ("700212", "audience", "aud", lambda credential, value: value in credential["audiences"]),
)
