"""Names that must be free in the whole world: asks Azure before the first write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlflow_azure.errors import AzureRefusedError
from mlflow_azure.refusals import doing, error_code

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlflow_azure.resources.base import Resource


PROVIDER_NOT_REGISTERED = frozenset({"MissingSubscriptionRegistration", "SubscriptionNotFound"})
"""What a name check answers while its provider is not registered. Storage says that the subscription is not found."""


def refuse_taken(resource: Resource, setting: str, check: Callable[[], Any]) -> None:
    """Raise AzureRefusedError when the name is taken, or is not valid.

    Args:
        resource: What is to be created.
        setting: The setting that names it.
        check: Asks Azure: answers with `name_available`, `reason` and `message`.

    """
    from azure.core.exceptions import HttpResponseError

    with doing(f"checking the name of {resource}"):
        try:
            answer = check()
        except HttpResponseError as error:
            if error_code(error) in PROVIDER_NOT_REGISTERED:
                return  # it is registered in this same run; a taken name is then refused on creation
            raise
    if not answer.name_available:
        raise AzureRefusedError(
            f"creating {resource}: {answer.message}",
            hint=f"Choose another name: --{setting.lower().replace('_', '-')} NAME (setting {setting})",
            code=str(getattr(answer.reason, "value", answer.reason) or "NameNotAvailable"),
        )
