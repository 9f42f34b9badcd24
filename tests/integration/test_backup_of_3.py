"""backup and restore of MLflow 3: its database and its artifacts, to a directory and back, and to plain MLflow."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import requests

from mlflow_azure.emulator.runtime.listener import free_port
from tests.support.canaries import Processes, assert_clean, assert_clean_files
from tests.support.command import isolated
from tests.support.deployment import deployed
from tests.support.disturbed import disturbed
from tests.support.given_secrets import given_secrets
from tests.support.server_content import ask, content

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.command import Result
    from tests.support.deployment import Deployment
    from tests.support.server_content import Content

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

OLDER = Path(__file__).parents[1] / "support" / "older_schema_3.py"
OLD = Path(__file__).parent / "backups" / "format-1"
LOG_3 = Path(__file__).parents[1] / "support" / "log_3.py"
MOVE = "-move"
NUMBERS = ("0.1", "NaN", "Infinity", "-Infinity", "1e300", "-0.0")
TEXTS = {
    "empty": "",
    "null": "\\N",
    "escapes": "tab\t, backslash \\, \\.\r\nnext",
    "unicode": "Größe 統計",
    "long": "x" * 5000,
}


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    with Processes(tmp_path_factory.getbasetemp()) as processes:
        yield processes


@pytest.fixture(scope="module")
def deployment(processes: Processes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed(isolated(tmp_path_factory.mktemp("backup")), "--mlflow", "3", "--public") as deployment:
        yield deployment


def python_3(mlflow_3_bin: Path, url: str, script: Path, *arguments: str) -> str:
    """What a script of the client of MLflow 3 prints."""
    done = subprocess.run(
        [mlflow_3_bin / "python", script, *arguments],
        env={"PATH": str(mlflow_3_bin), "MLFLOW_TRACKING_URI": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def log_odd_runs(url: str) -> None:
    """Nested, deleted and broken-off runs, with what text and numbers can be."""
    experiment = ask(url, "POST", "experiments/create", name="größe 統計\t")["experiment_id"]
    parent = None
    for stage in ("parent", "child", "gone"):
        tags = [{"key": key, "value": value} for key, value in TEXTS.items()]
        tags += [{"key": "mlflow.parentRunId", "value": parent}] if parent else []
        made = ask(url, "POST", "runs/create", experiment_id=experiment, start_time=1, run_name=stage, tags=tags)
        parent = made["run"]["info"]["run_id"]
        metrics = [
            {"key": f"m/{place}", "value": value, "timestamp": step + 1, "step": step}
            for place, value in enumerate(NUMBERS)
            for step in range(3)
        ]
        ask(url, "POST", "runs/log-batch", run_id=parent, metrics=metrics, params=[{"key": "p", "value": "v"}])
    ask(url, "POST", "runs/delete", run_id=parent)
    gone = ask(url, "POST", "experiments/create", name="deleted")["experiment_id"]
    ask(url, "POST", "experiments/delete", experiment_id=gone)


def verbose(deployment: Deployment, *command: str) -> Result:
    """A command that tells all it can, in a process whose arguments can be seen."""
    return deployment.cli.cold(*command, "--cloud", "emulator", "--output", "json", "--verbose")


class BackedUp:
    """A backup that was killed, and made while a client logged, and what the server held before."""

    def __init__(self, deployment: Deployment, directory: Path, run: str) -> None:
        self.directory = directory
        self.run = run
        self.before = content(deployment.url, root(deployment))
        self.secrets = given_secrets(deployment.emulator)
        killed = disturbed(
            deployment.cli, signal.SIGKILL, "backup", str(directory), "--cloud", "emulator", pattern=f"DELETE .*{MOVE} "
        )
        assert killed.exit_code == -signal.SIGKILL  # at its end; what follows goes on with it
        over = threading.Event()

        def go_on_logging() -> None:
            while not over.is_set():
                ask(deployment.url, "POST", "runs/create", experiment_id="0", start_time=1)

        client = threading.Thread(target=go_on_logging)
        client.start()
        try:
            self.told = [verbose(deployment, "backup", str(directory))]
        finally:
            over.set()
            client.join()

    def without_the_newer(self, found: Content) -> Content:
        """What was found, without the runs that came while the backup was made."""
        return {
            number: {
                **each,
                "runs": {run: each["runs"][run] for run in each["runs"] if run in self.before[number]["runs"]},
            }
            for number, each in found.items()
        }


def root(deployment: Deployment) -> str:
    account = next(iter(deployment.emulator.azure.storage.storage_accounts.list())).name
    return f"wasbs://mlflow@{account}.blob.core.windows.net/mlartefacts"


@pytest.fixture(scope="module")
def backup(deployment: Deployment, mlflow_3_bin: Path, tmp_path_factory: pytest.TempPathFactory) -> BackedUp:
    run = python_3(mlflow_3_bin, deployment.url, LOG_3)
    log_odd_runs(deployment.url)
    return BackedUp(deployment, tmp_path_factory.mktemp("backups") / "b", run)


def temporary_sites(deployment: Deployment) -> list[str]:
    return [each.name for each in deployment.emulator.azure.web.web_apps.list() if each.name.endswith(MOVE)]


def test_a_backup_says_what_it_is_and_leaves_nothing_in_azure(deployment: Deployment, backup: BackedUp) -> None:
    manifest = json.loads((backup.directory / "manifest.json").read_text())
    assert (manifest["format"], manifest["mlflow_version"]) == (2, "3.18.0")
    tables = json.loads((backup.directory / "database/tables.json").read_text())
    assert tables["revision"] == manifest["database"]["revision"]
    lines = gzip.decompress((backup.directory / "database/metrics.copy.gz").read_bytes()).count(b"\n")
    assert lines == tables["tables"]["metrics"]["rows"] == 1 + 3 * 3 * len(NUMBERS)
    assert sum(each["rows"] for each in tables["tables"].values()) == manifest["database"]["rows"]
    named = {f"{table}.copy.gz" for table in tables["tables"]} | {"tables.json", "sqlite.sql.gz"}
    assert {path.name for path in (backup.directory / "database").iterdir()} == named
    assert not list((backup.directory / "container").glob("mlflow-azure-*"))
    assert [each["kind"] for each in backup.told[0].data["parts"]] == ["database", "blob container"]
    assert temporary_sites(deployment) == []
    assert deployment("backup", "--verify", str(backup.directory)).exit_code == 0


def test_plain_mlflow_opens_a_backup_on_this_machine(
    deployment: Deployment, backup: BackedUp, mlflow_3_bin: Path, tmp_path: Path
) -> None:
    out = tmp_path / "my runs"
    told = deployment("restore", str(backup.directory), "--local", str(out))
    assert told.exit_code == 0, told.stderr
    command = f"mlflow server --backend-store-uri 'sqlite:///{out}/mlflow.db' --artifacts-destination '{out}/artifacts'"
    assert command in told.stdout
    assert deployment("restore", str(backup.directory), "--local", str(out)).exit_code == 2  # it is there
    port = free_port()
    environ = {"PATH": f"{mlflow_3_bin}:{os.environ['PATH']}", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    server = subprocess.Popen(
        f"exec {command} --workers 1 --port {port}", shell=True, env=environ, cwd=tmp_path, start_new_session=True
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _until_it_answers(server, url)
        assert backup.without_the_newer(content(url, root(deployment))) == backup.before
        python_3(mlflow_3_bin, url, LOG_3, backup.run)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait()


def _until_it_answers(server: subprocess.Popen[bytes], url: str) -> None:
    session = requests.Session()
    retry = requests.adapters.Retry(total=None, connect=600, backoff_factor=0.1, backoff_max=0.5)
    session.mount("http://", requests.adapters.HTTPAdapter(max_retries=retry))
    assert session.get(f"{url}/health", timeout=120).status_code == 200
    assert server.poll() is None


def test_a_restore_onto_data_is_refused(deployment: Deployment, backup: BackedUp) -> None:
    refused = deployment.json("restore", str(backup.directory))
    assert [each["code"] for each in refused.errors] == ["DataExists"]
    assert temporary_sites(deployment) == []


def test_a_restore_that_was_killed_is_gone_on_with_and_all_is_as_it_was(
    deployment: Deployment, backup: BackedUp, mlflow_3_bin: Path
) -> None:
    ask(deployment.url, "POST", "experiments/create", name="not in the backup")
    arguments = ("restore", str(backup.directory), "--replace", "--yes", "--cloud", "emulator")
    running = deployment.cli.start(*arguments)
    assert running.stderr is not None
    for line in running.stderr:
        if line.startswith("stop of web app"):
            running.send_signal(signal.SIGKILL)
            break
    running.communicate()
    assert running.returncode == -signal.SIGKILL
    assert temporary_sites(deployment)
    again = verbose(deployment, "restore", str(backup.directory), "--replace", "--yes")
    backup.told.append(again)
    assert again.exit_code == 0, again.stderr
    assert again.data["skipped"] > 0
    assert temporary_sites(deployment) == []
    assert deployment.json("deploy", "--mlflow", "3").exit_code == 0
    found = content(deployment.url, root(deployment))
    assert backup.without_the_newer(found) == backup.before
    python_3(mlflow_3_bin, deployment.url, LOG_3, backup.run)
    made = ask(deployment.url, "POST", "experiments/create", name="after")["experiment_id"]
    assert int(made) > max(map(int, backup.before))


def test_a_backup_of_1_5_0_is_restored_to_mlflow_3(deployment: Deployment, backup: BackedUp) -> None:
    told = deployment.json("restore", str(OLD), "--replace", "--yes")
    assert told.exit_code == 0, told.stderr
    assert deployment.json("deploy", "--mlflow", "3").exit_code == 0
    found = content(deployment.url, root(deployment))
    assert {each["name"]: (each["stage"], len(each["runs"])) for each in found.values()} == {
        "Default": ("active", 2), "renamed": ("active", 1), "to be deleted": ("deleted", 0)
    }  # fmt: skip
    run = "a5fc4628c80f47ffaa26c4e6d40a249d"
    assert found["1"]["runs"][run]["params"] == {"alpha": "0.5", "beta": "1", "path": "../data/train.csv"}
    page: dict[str, Any] = {"run_uuid": run, "path": "all/sub/notes.txt"}
    assert requests.get(f"{deployment.url}/get-artifact", params=page, timeout=120).text == "notes"


def with_an_older_schema(deployment: Deployment, mlflow_3_bin: Path) -> str:
    """Give the deployment a database of the revision before the newest, as an older release left it; the revision."""
    azure = deployment.emulator.azure
    site = next(iter(azure.web.web_apps.list()))
    (note,) = deployment.emulator.home.root.glob("databases/*/sockets")
    sockets = note.read_text()
    with psycopg.connect(host=sockets, user="azuresu", dbname="mlflow", autocommit=True) as database:
        database.execute(f'DROP OWNED BY "{site.name}-identity"')
        database.execute(f'GRANT ALL ON SCHEMA public TO "{site.name}-identity"')
    uri = f"postgresql+psycopg2://azuresu@/mlflow?host={sockets}&options=-c%20role%3D{site.name}-identity"
    made = python_3(mlflow_3_bin, deployment.url, OLDER, uri)
    azure.web.web_apps.update(site.resource_group, site.name, {"tags": {**site.tags, "mlflow-release": "3.17.2"}})
    return made


def test_another_release_is_upgraded_to_after_a_backup_and_never_back(
    deployment: Deployment, backup: BackedUp, mlflow_3_bin: Path, tmp_path: Path
) -> None:
    older = with_an_older_schema(deployment, mlflow_3_bin)
    refused = deployment.json("deploy", "--mlflow", "3").errors
    assert [(each["code"], "--backup DIRECTORY" in each["hint"]) for each in refused] == [("OlderRelease", True)]
    assert [each["code"] for each in deployment.json("upgrade", "--yes").errors] == ["BackupNotDecided"]
    told = verbose(deployment, "upgrade", "--yes", "--backup", str(tmp_path / "b"))
    backup.told.append(told)
    assert told.exit_code == 0, told.stderr
    assert (told.data["before"], told.data["release"], told.data["migrated"]) == ("3.17.2", "3.18.0", True)
    assert json.loads((tmp_path / "b/manifest.json").read_text())["database"]["revision"] == older
    assert ask(deployment.url, "POST", "runs/create", experiment_id="0", start_time=1)
    again = deployment.json("upgrade", "--yes", "--no-backup").data
    assert (again["migrated"], again["stopped_seconds"]) == (False, 0)
    assert deployment.json("deploy", "--mlflow", "3").exit_code == 0
    azure = deployment.emulator.azure
    site = next(iter(azure.web.web_apps.list()))
    azure.web.web_apps.update(site.resource_group, site.name, {"tags": {**site.tags, "mlflow-release": "3.99.0"}})
    for command in (("deploy", "--mlflow", "3"), ("upgrade", "--yes", "--no-backup")):
        assert [each["code"] for each in deployment.json(*command).errors] == ["NewerRelease"]


def test_no_secret_was_told_or_kept(deployment: Deployment, backup: BackedUp, processes: Processes) -> None:
    tokens = processes.tokens_of_tasks()
    assert tokens
    secrets = {**backup.secrets, **given_secrets(deployment.emulator), **tokens}
    for told in backup.told:
        assert_clean(told.stdout + told.stderr, secrets)
    assert_clean_files((backup.directory, deployment.cli.directory), secrets)
    for command in ("backup", "restore", "upgrade"):
        processes.assert_clean(command, secrets)
