"""With today's client: log a run with an artifact and register its model, or check the run of that id.

    log_3.py [RUN]

Prints the id of the run.
"""

import sys
import tempfile
from pathlib import Path

from mlflow import MlflowClient

TEXT = "kept by the server\n"


def log(client: MlflowClient) -> str:
    run = client.create_run("0").info.run_id
    client.log_metric(run, "rmse", 0.5)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "notes.txt"
        file.write_text(TEXT)
        client.log_artifact(run, str(file))
    client.create_registered_model(f"model-{run}")
    client.create_model_version(f"model-{run}", f"runs:/{run}/notes.txt", run)
    return run


def check(client: MlflowClient, run: str) -> None:
    assert client.get_run(run).data.metrics == {"rmse": 0.5}
    assert Path(client.download_artifacts(run, "notes.txt")).read_text() == TEXT
    (version,) = client.search_model_versions(f"name = 'model-{run}'")
    assert version.run_id == run


client = MlflowClient()
run = sys.argv[1] if sys.argv[1:] else log(client)
check(client, run)
print(run)
