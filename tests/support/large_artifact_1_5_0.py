"""Logs a run with an artifact of 70 MB, or reads it back; run by the locked environment of the image.

large_artifact_1_5_0.py            log, and print the run's id
large_artifact_1_5_0.py RUN_ID     download the artifact, and through the server; fails where either is not the whole
"""

import hashlib
import os
import random
import sys
import tempfile
from pathlib import Path
from urllib.request import urlopen

import mlflow
from mlflow.tracking import MlflowClient

CONTENT = random.Random(0).randbytes(70_000_000)


def log() -> None:
    with mlflow.start_run() as run, tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "large.bin")
        file.write_bytes(CONTENT)
        mlflow.log_metric("rmse", 0.25)
        mlflow.log_artifact(str(file))
    print(run.info.run_id)


def check(run: str) -> None:
    client = MlflowClient()
    assert client.get_run(run).data.metrics == {"rmse": 0.25}
    downloaded = Path(client.download_artifacts(run, "large.bin")).read_bytes()
    served = urlopen(f"{os.environ['MLFLOW_TRACKING_URI']}/get-artifact?run_uuid={run}&path=large.bin").read()
    expected = hashlib.sha256(CONTENT).digest()
    assert hashlib.sha256(downloaded).digest() == expected
    assert hashlib.sha256(served).digest() == expected


if len(sys.argv) > 1:
    check(sys.argv[1])
else:
    log()
