"""Globally unique names: checked with Azure before the first write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from mlflow_azure.azure.permissions import unless_forbidden
from mlflow_azure.azure.refusals import doing
from mlflow_azure.errors import AzureRefusedError
from mlflow_azure.resources import arm
from mlflow_azure.resources.provider import REGISTERED

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlflow_azure.engine.node import Given
    from mlflow_azure.resources.tagged import TaggedResource


class NameAvailability(Protocol):
    """The response of all services for a name."""

    name_available: bool | None
    reason: str | None
    message: str | None


def refuse_taken(resource: TaggedResource, given: Given, setting: str, check: Callable[[], NameAvailability]) -> None:
    """Raise AzureRefusedError if the name is taken or invalid.

    Skipped if the resource's provider is not registered: Azure cannot check then, and the SDK would register the
    provider behind our back. A taken name is then refused on creation.

    Args:
        resource: The resource to create.
        given: The state of its provider.
        setting: The setting for its name.
        check: Asks Azure.

    """
    if given(resource.provider, "registrationState") != REGISTERED:
        return

    def asked() -> NameAvailability | None:
        with doing(f"checking the name of {resource}"):
            return check()

    answer = unless_forbidden(resource.azure, f"the name of {resource}", asked, None)
    if answer is not None and not answer.name_available and not _is_our_own(resource):
        raise AzureRefusedError(
            f"creating {resource}: {answer.message}",
            hint=f"Choose another name: --{setting.lower().replace('_', '-')} NAME (setting {setting})",
            code=str(getattr(answer.reason, "value", answer.reason) or "NameNotAvailable"),
        )


def _is_our_own(resource: TaggedResource) -> bool:
    """Whether the name belongs to this resource, whose creation an earlier run began and Azure did not finish."""
    from azure.core.exceptions import ResourceNotFoundError

    group = resource.group.name
    with doing(f"listing what is in resource group {group}"):
        try:
            listed = list(resource.azure.resources.resources.list_by_resource_group(group))
        except ResourceNotFoundError:
            return False
    return any(arm.same_id(each.id, resource.id) and arm.is_tagged_ours(each.tags) for each in listed)
