"""How many instances there are to be: what the settings say, and what is live."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlflow_azure.deployment.features.scaling import most_instances, wanted_limits
from mlflow_azure.errors import SettingsError
from mlflow_azure.resources.web.autoscale import Limits
from mlflow_azure.settings import Settings, load

SUBSCRIPTION = "6a7c3c0e-36b5-4c6f-9f0b-0c3f0a1b2c3d"
LIVE = Limits(1, 3)


def settings(**options: str) -> Settings:
    return load({"MLFLOW_VERSION": "3"} | options, {}, None, Path("/nonexistent")).resolve(SUBSCRIPTION)


@pytest.mark.parametrize(
    ("said", "live", "wanted"),
    [
        (None, None, None),
        (None, LIVE, LIVE),
        ("2-4", None, Limits(2, 4)),
        ("2-4", LIVE, Limits(2, 4)),
        ("off", LIVE, None),
    ],
)
def test_what_is_said_counts_and_else_it_stays_as_it_is(
    said: str | None, live: Limits | None, wanted: Limits | None
) -> None:
    chosen = settings(**{"AUTOSCALE": said} if said else {})
    assert wanted_limits(chosen, live) == wanted
    assert most_instances(chosen, live) == (wanted.maximum if wanted else 1)


def test_a_number_of_instances_is_not_guessed_to_mean_that_scaling_is_off() -> None:
    with pytest.raises(SettingsError, match="from 1 to 3 instances by itself") as refused:
        wanted_limits(settings(ASP_INSTANCES="2"), LIVE)
    assert "--autoscale off" in refused.value.hint
    assert most_instances(settings(ASP_INSTANCES="2", AUTOSCALE="off"), LIVE) == 2
