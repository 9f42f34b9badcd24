"""All that a deployment can have, from its first deploy to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from tests.support.deployment import Deployment
from tests.support.sign_in import PROBE, SignIn

if TYPE_CHECKING:
    from tests.support.command import Command
    from tests.support.running_emulator import Emulator

pytestmark = pytest.mark.slow

JSON = ("--cloud", "emulator", "--output", "json")


def test_a_first_deploy_with_everything_is_never_open_and_leaves_nothing_behind(
    cli: Command, emulator: Emulator
) -> None:
    emulator.forget_requests()
    url = cli("deploy", *JSON, "--auth", "--identity").data["url"]
    writes = [write.lower() for write in emulator.writes]
    demanded = next(index for index, write in enumerate(writes) if write.endswith("/config/authsettingsv2"))
    runs = next(index for index, write in enumerate(writes) if write.startswith("patch") and "/config/web" in write)
    assert demanded < runs, "the image ran before sign-in was required"
    assert requests.get(url + PROBE, timeout=60).status_code == 401

    sign_in = SignIn(Deployment(cli, emulator, url))
    assert sign_in.status(sign_in.token()) == 200
    assert cli("cd", "enable", *JSON).data["ping"] == 202
    emulator.forget_requests()
    assert {row["action"] for row in cli("deploy", *JSON).data["resources"]} == {"keep"}
    assert emulator.writes == []
    status = cli("status", *JSON).data
    assert (status["healthy"], status["sign_in"], status["continuous_deployment"]) == (True, True, True)
    assert "missing" not in {row["state"] for row in status["resources"]}
    (refused,) = cli("upgrade", *JSON, "--to", "3", "--no-backup", "--yes").errors
    assert refused["code"] == "PasswordStored"
    assert "cd disable" in refused["hint"]
    assert emulator.writes == []

    announced = cli("destroy", *JSON, "--yes")
    assert "app registration" in announced.stderr
    assert announced.exit_code == 0
    assert cli("emulator", "start").exit_code == 0
    assert list(emulator.azure.resources.resource_groups.list()) == []
    assert sign_in.registrations == []
    left = {each["displayName"] for each in sign_in.graph("/servicePrincipals")}
    assert left == {"Emulator", "Microsoft Azure CLI", "Microsoft Graph"}


def test_a_destroy_without_rights_in_the_directory_says_what_is_left_and_another_one_takes_it(
    cli: Command, emulator: Emulator
) -> None:
    url = cli("deploy", *JSON, "--auth").data["url"]
    sign_in = SignIn(Deployment(cli, emulator, url))
    client_id = sign_in.registrations[0]["appId"]
    keeper = {"location": "westeurope"}
    emulator.azure.resources.resource_groups.create_or_update("someone-elses", keeper)  # else the emulator ends
    sign_in.rights_in_the_directory("none")
    left = cli("destroy", *JSON, "--yes")
    assert left.exit_code == 0
    assert f"az ad app delete --id {client_id}" in left.stderr

    sign_in.rights_in_the_directory("write")
    assert [row["kind"] for row in cli("destroy", *JSON, "--yes").data["resources"]] == ["app registration"]
    assert sign_in.registrations == []


def test_a_registration_that_may_be_seen_but_not_deleted_is_told_and_the_rest_goes(
    cli: Command, emulator: Emulator
) -> None:
    url = cli("deploy", *JSON, "--auth").data["url"]
    sign_in = SignIn(Deployment(cli, emulator, url))
    emulator.azure.resources.resource_groups.create_or_update("someone-elses", {"location": "westeurope"})
    sign_in.rights_in_the_directory("read")
    refused = cli("destroy", *JSON, "--yes")
    assert refused.exit_code == 4
    assert refused.errors[0]["code"] == "Authorization_RequestDenied"
    assert "resource group" in [row["kind"] for row in refused.answer["data"]["resources"]]
    assert [group.name for group in emulator.azure.resources.resource_groups.list()] == ["someone-elses"]
