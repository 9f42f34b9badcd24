"""Signing in with `az`, whose current tenant may not be the subscription's."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.command import Command

HERE, ELSEWHERE = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
SERVER = "33333333-3333-3333-3333-333333333333"
# Stands for `az account get-access-token`: a token that says for which subscription's tenant it was asked for.
AZ = """#!/bin/sh
tenant=of-the-current-tenant
while [ $# -gt 0 ]; do
    [ "$1" = --subscription ] && tenant="of-the-tenant-of-$2"
    shift
done
echo '{"accessToken": "'$tenant'", "expires_on": 4102444800, "expiresOn": "2100-01-01 00:00:00.000000"}'
"""


def token(cli: Command, subscription: str) -> str:
    """What `auth token` prints to someone who is signed in with `az`, whose account has both subscriptions."""
    programs = cli.directory / "programs"
    programs.mkdir()
    (programs / "az").write_text(AZ)
    (programs / "az").chmod(0o755)
    profile = Path(cli.environ["AZURE_CONFIG_DIR"]) / "azureProfile.json"
    profile.parent.mkdir()
    known = [
        {"id": HERE, "environmentName": "AzureCloud", "isDefault": True},
        {"id": ELSEWHERE, "environmentName": "AzureCloud", "isDefault": False},
    ]
    profile.write_text(json.dumps({"subscriptions": known}))
    environ = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "AZURE_TOKEN_CREDENTIALS": "AzureCliCredential"}
    answer = cli("auth", "token", "--client-id", SERVER, "--subscription-id", subscription, **environ)
    assert answer.exit_code == 0, answer.stderr
    return answer.stdout.strip()


def test_a_token_is_of_the_tenant_of_the_subscription(cli: Command) -> None:
    assert token(cli, ELSEWHERE) == f"of-the-tenant-of-{ELSEWHERE}"


def test_a_subscription_that_az_does_not_know_leaves_the_current_tenant(cli: Command) -> None:
    assert token(cli, SERVER) == "of-the-current-tenant"
