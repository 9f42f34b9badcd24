"""A deadline for tests in which nothing takes time."""

from __future__ import annotations

from mlflow_azure.deadline import Deadline


class NoPauses(Deadline):
    """Does not wait between two looks."""

    def sleep(self, seconds: float) -> None:
        self.check()
