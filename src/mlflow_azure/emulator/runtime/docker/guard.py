"""Removes a home's containers when its daemon ends, however it ends: `guard.py HOME`.

A child process of the daemon, on a leash: it gets SIGTERM when the daemon stops or dies. It prints
"ready" once it cannot miss that any more.
"""

from __future__ import annotations

import signal
import sys
from contextlib import closing
from pathlib import Path


def main() -> None:
    """Wait for SIGTERM, then remove the containers."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    signal.sigwait([signal.SIGTERM])
    # Imported here: being ready comes first.
    from mlflow_azure.emulator.runtime.docker.engine_api import connect, remove_containers

    with closing(connect()) as client:
        remove_containers(client, Path(sys.argv[1]))


if __name__ == "__main__":
    main()
