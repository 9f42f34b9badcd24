"""Whether there is a private network: what the settings say, and what is live."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlflow_azure.deployment.features.enabled import Features
from mlflow_azure.deployment.features.private_network import has_private_network, refuse_other_network
from mlflow_azure.errors import SettingsError
from mlflow_azure.settings import Settings, load

SUBSCRIPTION = "6a7c3c0e-36b5-4c6f-9f0b-0c3f0a1b2c3d"
PUBLIC: dict[str, Any] = {"properties": {"network": {"publicNetworkAccess": "Enabled"}}}
PRIVATE: dict[str, Any] = {"properties": {"network": {"delegatedSubnetResourceId": "/subscriptions/a-subnet"}}}


def settings(said: str | None) -> Settings:
    options = {"MLFLOW_VERSION": "3", "PRIVATE_NETWORK": said}
    return load(options, {}, None, Path("/nonexistent")).resolve(SUBSCRIPTION)


@pytest.mark.parametrize(
    ("said", "live", "wanted"),
    [(None, False, False), (None, True, True), ("on", False, True), ("off", False, False)],
)
def test_what_is_said_counts_and_else_it_stays_as_it_is(said: str | None, live: bool, wanted: bool) -> None:
    assert has_private_network(settings(said), Features(is_private=live)) is wanted
    assert not has_private_network(settings(said), Features(is_private=live, has_own_database=False))


@pytest.mark.parametrize(("said", "live"), [("on", PUBLIC), ("off", PRIVATE)])
def test_a_server_that_is_there_cannot_be_given_another_address(said: str, live: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="Azure cannot change that") as refused:
        refuse_other_network(settings(said), live)
    assert refused.value.code == "OtherNetwork"
    assert "mlflow-azure backup DIRECTORY" in refused.value.hint


@pytest.mark.parametrize(
    ("said", "live"), [("on", PRIVATE), ("off", PUBLIC), (None, PUBLIC), (None, PRIVATE), ("on", None)]
)
def test_and_is_left_alone_where_it_is_as_the_settings_say(said: str | None, live: dict[str, Any] | None) -> None:
    refuse_other_network(settings(said), live)
