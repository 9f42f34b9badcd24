"""A deploy tells what it leaves behind."""

from __future__ import annotations

import pytest

from mlflow_azure.deployment.decisions import left_behind
from mlflow_azure.events import Action, Difference, Step
from mlflow_azure.secret import Secret

OURS, THEIRS = "wasbs://mlflow@ours.blob.core.windows.net/x", "wasbs://mlflow@theirs.blob.core.windows.net/x"
STORE, ROOT = "MLFLOW_SERVER_FILE_STORE", "MLFLOW_SERVER_DEFAULT_ARTIFACT_ROOT"


def told(*differences: Difference) -> str:
    """What the user is warned of where these values change."""
    found = left_behind([Step("id", "app settings", "site", Action.UPDATE, "id", differences)])
    return "\n".join(each.message for each in found)


@pytest.mark.parametrize(
    ("path", "before", "after", "left"),
    [
        ("MLFLOW_SERVER_DATABASE_URI", "postgresql://a/one", "postgresql://a/two", "traces in postgresql://a/one"),
        ("MLFLOW_SERVER_DATABASE_URI", Secret("postgresql://u:p@a/one"), "postgresql://a/two", "traces in (secret)"),
        ("MLFLOW_SERVER_ARTIFACT_DESTINATION", OURS, THEIRS, f"artifacts in {OURS}"),
        (STORE, "/mlruns/one", "/mlruns/two", "runs in /mlruns/one"),
        ("ours.shareName", "one", "two", "runs in file share one"),
        (ROOT, OURS, THEIRS, "runs and artifacts in storage account ours"),
    ],
)
def test_a_server_that_is_to_keep_its_data_elsewhere_is_said_to_leave_it_behind(
    path: str, before: object, after: object, left: str
) -> None:
    assert f"leaves its data behind: {left}." in told(Difference(path, before, after)).replace("runs, models and ", "")


def test_what_stays_where_it_is_is_not_left_behind() -> None:
    assert not told(Difference("MLFLOW_SERVER_DATABASE_URI", None, "postgresql://a/one"))
    assert not told(Difference(ROOT, OURS, OURS.replace("mlflow@", "other@")))
    mount = Difference("ours.mountPath", "/mlruns", "/other")
    assert not told(mount, Difference(STORE, "/mlruns/runs", "/other/runs"))
    assert "runs in /mlruns/runs" in told(mount, Difference(STORE, "/mlruns/runs", "/other/others"))
