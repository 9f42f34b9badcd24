"""What stands in the way of a shell in the container, by what the SCM site says."""

from __future__ import annotations

import pytest

from mlflow_azure.kudu.tunnel import obstacle


def test_a_container_that_listens_is_reached() -> None:
    assert obstacle({"state": "STARTED", "canReachPort": True}) is None


@pytest.mark.parametrize(
    ("state", "why", "command"),
    [
        ({"state": "STARTED", "canReachPort": False}, "is running, but has no SSH server", "mlflow-azure deploy"),
        ({"state": "STOPPED", "canReachPort": True}, "its state is stopped", "mlflow-azure logs"),
        ({}, "its state is unknown", "mlflow-azure logs"),
    ],
)
def test_what_to_do_next_depends_on_whether_it_runs(state: dict[str, object], why: str, command: str) -> None:
    found = obstacle(state)
    assert found is not None
    assert why in found.why
    assert command in found.hint
