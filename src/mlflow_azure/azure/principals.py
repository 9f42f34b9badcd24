"""Who can sign in: resolves users' and groups' names to ids of Microsoft Entra ID."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING
from urllib.parse import quote

from mlflow_azure.azure.microsoft_graph import quoted
from mlflow_azure.azure.refusals import doing
from mlflow_azure.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlflow_azure.azure.clients import Azure


def object_ids(azure: Azure, users: Iterable[str], groups: Iterable[str]) -> tuple[str, ...]:
    """Return the object ids of users and groups.

    Args:
        azure: The directory to ask.
        users: User principal names ("ann@example.com"), or object ids, also of service principals.
        groups: Display names, or object ids.

    Raises:
        SettingsError: There is no such user or group, or more than one group of that name.
        AzureRefusedError: The user may not read the directory.

    """
    named = [*(_user(azure, user) for user in users), *(_group(azure, group) for group in groups)]
    return tuple(dict.fromkeys(named))


def is_id(text: str) -> bool:
    """Whether a text is an id of Microsoft Entra ID: a GUID."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def _user(azure: Azure, user: str) -> str:
    from azure.core.exceptions import ResourceNotFoundError

    if is_id(user):
        return user.lower()
    with doing(f"looking up user {user} in Microsoft Entra ID"):
        try:
            return str(azure.directory.get(f"/users/{quote(user, safe='@')}")["id"])
        except ResourceNotFoundError:
            raise SettingsError(
                f"--allow-user {user}: Microsoft Entra ID has no such user",
                hint="Give the user principal name, such as ann@example.com, or an object id.",
                code="NoSuchUser",
            ) from None


def _group(azure: Azure, group: str) -> str:
    if is_id(group):
        return group.lower()
    with doing(f"looking up group {group} in Microsoft Entra ID"):
        found = azure.directory.find("/groups", f"displayName eq {quoted(group)}")
    if len(found) != 1:
        raise SettingsError(
            f"--allow-group {group}: Microsoft Entra ID has {len(found) or 'no'} groups of that name",
            hint="Give the group's object id: az ad group list --display-name NAME --query [].id",
            code="NoSuchGroup",
        )
    return str(found[0]["id"])
