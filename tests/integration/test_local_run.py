"""`mlflow-azure local-run --use-deployed`, as far as it comes without a container engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.command import Command
    from tests.support.running_emulator import Emulator

NO_ENGINE = {"DOCKER_HOST": "unix:///no/engine.sock"}
WORDS = ["local-run", "--use-deployed", "--cloud", "emulator", "--output", "json"]


def test_it_needs_a_deployment(cli: Command, emulator: Emulator) -> None:
    refused = cli(*WORDS, **NO_ENGINE)
    assert refused.exit_code == 1
    assert [error["code"] for error in refused.errors] == ["NotDeployed"]
    assert refused.errors[0]["hint"].endswith("mlflow-azure deploy --cloud emulator")


def test_the_emulators_storage_is_refused_since_no_container_reaches_it(cli: Command, emulator: Emulator) -> None:
    deployed = cli("deploy", "--cloud", "emulator", "--output", "json").data
    account = next(row["name"] for row in deployed["resources"] if row["kind"] == "storage account")
    refused = cli(*WORDS, **NO_ENGINE)
    assert refused.exit_code == 2
    assert account in refused.errors[0]["message"]
    assert "AccountKey" not in refused.stdout + refused.stderr
