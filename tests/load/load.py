"""`make load`: many clients on three instances of MLflow 3, and what they see.

Once nothing else happens, once an instance is killed, once a new image is deployed meanwhile. Each time a line says how
many runs were logged, lost and doubled, and how many clients failed. `python -m tests.load.load RUNS CLIENTS`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.support.command import isolated
from tests.support.load import SeveralInstances, load
from tests.support.running_emulator import started

RUNS, CLIENTS, INSTANCES = 1000, 32, 3
PYTHON = Path(__file__).parents[2] / ".venv" / "mlflow-3" / "bin" / "python"


def main(runs: int, clients: int) -> None:
    """Deploy, load three times, and print."""
    with tempfile.TemporaryDirectory() as directory, started(cli := isolated(Path(directory))) as emulator:
        several = SeveralInstances.deployed(cli, emulator.home, INSTANCES)
        events = {
            "nothing": None,
            "an instance is killed": several.kill_one,
            "a new image is deployed": several.deploy_another_image,
        }
        print(f"{clients} clients log {runs} runs to {INSTANCES} instances. Meanwhile")
        for event, meanwhile in events.items():
            done = load(PYTHON, several.url, event, clients=clients, runs=runs, meanwhile=meanwhile)
            print(f"- {event}: {done}", flush=True)


if __name__ == "__main__":
    main(*(int(each) for each in sys.argv[1:3] or (RUNS, CLIENTS)))
