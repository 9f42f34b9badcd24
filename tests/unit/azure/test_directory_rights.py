"""Who may register an application, as tokens for Microsoft Graph tell it."""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from mlflow_azure.azure.directory_rights import told_by

MEMBER = "b79fbf4d-3ef9-4689-8143-76b194e85509"
DEVELOPER = "cf1c38e5-3621-4004-a7cb-879624dced7c"


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"idtyp": "app", "roles": ["Application.ReadWrite.OwnedBy"]}, True),
        ({"idtyp": "app", "roles": ["Directory.Read.All"]}, False),
        ({"idtyp": "app"}, False),
        ({"wids": [MEMBER, DEVELOPER]}, True),
        ({"wids": [MEMBER]}, None),
        ({}, None),
    ],
)
def test_a_token_tells_of_rights_and_roles_and_leaves_members_to_the_tenant(
    claims: dict[str, Any], told: bool | None
) -> None:
    assert told_by(jwt.encode(claims, "a-key-that-nobody-checks-and-32-bytes", "HS256")) is told


@pytest.mark.parametrize("token", ["opaque", "a.%%%.c", "a.AAAA.c"])
def test_a_token_that_cannot_be_read_tells_nothing(token: str) -> None:
    assert told_by(token) is None
