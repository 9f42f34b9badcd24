"""The client of a registry's API against a real registry; no engine is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlflow_azure.errors import AzureRefusedError, MlflowAzureError

if TYPE_CHECKING:
    from tests.support.real_registry import RealRegistry


def test_what_was_never_pushed_has_no_digest(registry: RealRegistry) -> None:
    assert registry.client().digest("tests/mlflow", "latest") is None


def test_a_wrong_password_is_refused_and_not_shown(registry: RealRegistry) -> None:
    with pytest.raises(AzureRefusedError, match="the registry responded with 401") as failure:
        registry.client("a wrong one").digest("tests/mlflow", "latest")
    assert "a wrong one" not in f"{failure.value} {failure.value.hint}"


def test_a_registry_that_is_down_is_told_with_what_was_asked(registry: RealRegistry) -> None:
    registry.stop()
    with pytest.raises(MlflowAzureError, match=f"asking {registry.server} for tests/mlflow:latest: ") as failure:
        registry.client().digest("tests/mlflow", "latest")
    assert failure.value.code == "RegistryUnreachable"
