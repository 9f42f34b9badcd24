"""How often to poll a long-running operation."""

from __future__ import annotations

import time

from azure.mgmt.core.polling.arm_polling import ARMPolling

from mlflow_azure.deadline import pause


class GrowingPolling(ARMPolling):
    """Waits as long as Azure says (Retry-After), or else in proportion to the elapsed time."""

    def __init__(self, *, lasts: bool = False) -> None:
        """Poll.

        Args:
            lasts: Whether the operation is known to take longer than the first pause: the SDK would poll at once.

        """
        super().__init__()
        self._lasts = lasts
        self._began = time.monotonic()

    def _poll(self) -> None:
        if self._lasts and not self.finished():
            self._delay()
        super()._poll()

    def _extract_delay(self) -> float:
        self._timeout = pause(time.monotonic() - self._began)
        return super()._extract_delay()
