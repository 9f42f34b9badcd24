"""`python -m mlflow_azure.emulator --home DIR`: the daemon, in the foreground."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from mlflow_azure.emulator.home import Home
from mlflow_azure.emulator.locks import take
from mlflow_azure.emulator.server import serve

LOOKED_AT_SECONDS = 1
"""Longest time for which a check whether an emulator is running can delay a start."""


def main() -> int:
    """Run the emulator of one home; return 1 if it is already running."""
    parser = argparse.ArgumentParser(prog="python -m mlflow_azure.emulator", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="directory of this emulator")
    home = Home(parser.parse_args().home.absolute())
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    lock = take(home.daemon_lock, within=LOOKED_AT_SECONDS)
    if lock is None:
        sys.stderr.write(f"The emulator in {home.root} is already running.\n")
        return 1
    with lock:
        serve(home)
    return 0


if __name__ == "__main__":
    sys.exit(main())
