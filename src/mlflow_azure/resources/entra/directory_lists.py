"""App registrations as Microsoft Graph lists them, and as they can be compared.

Graph answers with lists and replaces them whole. By the name of each entry they become mappings, in which what is
desired can stand beside what someone added by hand:

    "redirectUris": ["https://a", "https://b"]         {"https://a": True, "https://b": True}
    "appRoles": [{"id": "1", "value": "Access"}]       {"1": {"value": "Access"}}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXTS = frozenset({"identifierUris", "tags", "redirectUris", "delegatedPermissionIds", "allowedMemberTypes"})
"""Lists of plain texts."""
OBJECTS = {"oauth2PermissionScopes": "id", "appRoles": "id", "preAuthorizedApplications": "appId"}
"""Lists of objects, and the property that names an entry."""


def by_name(found: Mapping[str, Any]) -> dict[str, Any]:
    """What Graph answered, with mappings for the lists that are known here."""
    return {key: _mapping(key, value) for key, value in found.items()}


def _mapping(key: str, value: Any) -> Any:
    if isinstance(value, dict):
        return by_name(value)
    if key in TEXTS:
        return dict.fromkeys(value or (), True)
    if key in OBJECTS:
        name = OBJECTS[key]
        return {each[name]: by_name({k: v for k, v in each.items() if k != name}) for each in value or ()}
    return value


def in_lists(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The opposite: what to send to Graph."""
    return {key: _list(key, value) for key, value in wanted.items()}


def _list(key: str, value: Any) -> Any:
    if key in TEXTS:
        return list(value)
    if key in OBJECTS:
        return [{OBJECTS[key]: name, **in_lists(each)} for name, each in value.items()]
    return in_lists(value) if isinstance(value, dict) else value


def merged(live: Mapping[str, Any], desired: Mapping[str, Any]) -> dict[str, Any]:
    """What is desired, with what else is live."""
    both = dict(live)
    for key, value in desired.items():
        found = live.get(key)
        both[key] = merged(found, value) if isinstance(value, dict) and isinstance(found, dict) else value
    return both
