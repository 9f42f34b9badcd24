"""Logs a run to a server with Microsoft Entra sign-in, for as long as the run takes.

    eval "$(mlflow-azure env --show-secrets)"
    python log_run_with_sign_in.py CLIENT_ID

CLIENT_ID is the one that `mlflow-azure auth enable` printed. Sign in as for any Azure SDK: with
`az login`, a managed identity, or the AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET of a service principal.

A token is valid for about an hour. MLflow, including 1.5.0, reads MLFLOW_TRACKING_TOKEN for each request
(mlflow/tracking/_tracking_service/utils.py), so a thread that renews it in time is enough.
"""

from __future__ import annotations

import os
import sys
import threading
import time

import log_run
from azure.identity import DefaultAzureCredential


def keep_signed_in(scope: str) -> None:
    """Set MLFLOW_TRACKING_TOKEN, and renew it in the background before it expires."""
    # Only for authorities other than Azure's own, such as the emulator's.
    credential = DefaultAzureCredential(disable_instance_discovery="AZURE_AUTHORITY_HOST" in os.environ)

    def renew() -> float:
        token = credential.get_token(scope)
        os.environ["MLFLOW_TRACKING_TOKEN"] = token.token
        return token.expires_on - time.time()

    def renew_for_ever(seconds_left: float) -> None:
        while True:
            time.sleep(max(1.0, seconds_left / 2))
            seconds_left = renew()

    threading.Thread(target=renew_for_ever, args=(renew(),), daemon=True).start()


def main() -> None:
    """Sign in, and log a run as usual."""
    (client_id,) = sys.argv[1:]
    keep_signed_in(f"{client_id}/.default")
    log_run.main()


if __name__ == "__main__":
    main()
