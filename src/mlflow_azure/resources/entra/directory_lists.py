"""Converts app registrations between Microsoft Graph's lists and comparable mappings.

Graph returns lists and replaces them as a whole. Keyed by entry they become mappings, in which
desired entries can coexist with manual ones:

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
"""Lists of objects, with the property that identifies an entry."""


def by_name(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return Graph's response, with mappings for the known lists."""
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
    """Return the reverse: what to send to Graph."""
    return {key: _list(key, value) for key, value in wanted.items()}


def _list(key: str, value: Any) -> Any:
    if key in TEXTS:
        return list(value)
    if key in OBJECTS:
        return [{OBJECTS[key]: name, **in_lists(each)} for name, each in value.items()]
    return in_lists(value) if isinstance(value, dict) else value


def merged(live: Mapping[str, Any], desired: Mapping[str, Any]) -> dict[str, Any]:
    """Return the desired entries together with all other live ones."""
    both = dict(live)
    for key, value in desired.items():
        found = live.get(key)
        both[key] = merged(found, value) if isinstance(value, dict) and isinstance(found, dict) else value
    return both
