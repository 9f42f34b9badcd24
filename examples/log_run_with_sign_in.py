"""Logs a run to a server with Microsoft Entra sign-in, for as long as the run takes.

    eval "$(mlflow-azure env --show-secrets)"
    python log_run_with_sign_in.py CLIENT_ID

CLIENT_ID is the one that `mlflow-azure auth enable` printed. Who runs this signs in as everywhere in Azure: with
`az login`, a managed identity, or AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET of a program.

A token lasts an hour or so. MLflow, 1.5.0 too, reads MLFLOW_TRACKING_TOKEN at each request
(mlflow/tracking/_tracking_service/utils.py), so a thread that writes a new token there in time is all it takes.
"""

from __future__ import annotations

import os
import sys
import threading
import time

import log_run
from azure.identity import DefaultAzureCredential


def keep_signed_in(scope: str) -> None:
    """Set MLFLOW_TRACKING_TOKEN, and set it anew in the background before it expires."""
    # Azure does not know an authority that is not its own, such as the emulator's.
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
    """Sign in, and log a run as without sign-in."""
    (client_id,) = sys.argv[1:]
    keep_signed_in(f"{client_id}/.default")
    log_run.main()


if __name__ == "__main__":
    main()
