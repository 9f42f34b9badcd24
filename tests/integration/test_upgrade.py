"""upgrade: from MLflow 1.5.0 on a file share to MLflow 3 on PostgreSQL, and back, while a client goes on logging."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from mlflow_azure.azure.clouds import CloudName
from mlflow_azure.cli.commands.upgrade import Version, upgrade
from mlflow_azure.cli.invocation import Common, Invocation
from mlflow_azure.errors import TimedOutError
from mlflow_azure.events import Event, Finished
from mlflow_azure.resources.site_state import StoppedSite
from tests.support.command import isolated
from tests.support.deployment import deployed
from tests.support.mlflow_client import log_run
from tests.support.server_content import ask, content
from tests.support.sign_in import SignIn
from tests.support.stored import Stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.support.command import Result
    from tests.support.deployment import Deployment
    from tests.support.server_content import Content

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

FILL = Path(__file__).parents[1] / "support" / "fill_store_1_5_0.py"
UPGRADE = ("upgrade", "--to", "3", "--public", "--yes")


@dataclass
class Client(threading.Thread):
    """Logs run after run, whichever MLflow answers, until it is told to end.

    Attributes:
        logged: The runs that the server has said it has, with their metric.

    """

    url: str
    logged: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()
        self.over = threading.Event()

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        while not self.over.is_set():
            value = float(len(self.logged))
            made = self._ask("runs/create", experiment_id="0", start_time=1)
            if made is None:
                continue
            run = made["run"]["info"]["run_id"]
            if self._ask("runs/log-metric", run_id=run, key="m", value=value, timestamp=1, step=0) is not None:
                self.logged[run] = value

    def _ask(self, path: str, **body: Any) -> Any:
        try:
            answer = requests.post(f"{self.url}/api/2.0/mlflow/{path}", json=body, timeout=60)
        except requests.RequestException:
            return None
        return answer.json() if answer.status_code == 200 else None

    def end(self) -> dict[str, float]:
        self.over.set()
        self.join()
        return self.logged


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed(isolated(tmp_path_factory.mktemp("upgrade"))) as deployment:
        yield deployment


def fill(deployment: Deployment, image_bin: Path) -> list[str]:
    """Experiments and runs of a real 1.5.0 client; the ids of the experiments."""
    done = subprocess.run(
        [image_bin / "python", FILL, deployment.url, "6", "3", "20"],
        env={"PATH": str(image_bin)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def root_of(deployment: Deployment) -> str:
    account = Stored(deployment.emulator, deployment.cli).account.name
    return f"wasbs://mlflow@{account}.blob.core.windows.net/mlartefacts"


@dataclass(frozen=True)
class Upgraded:
    """A deployment that was upgraded while a client logged: what it had before, what the command said, and what is."""

    before: Content
    broken: dict[str, str]
    artifact: str
    logged: dict[str, float]
    result: Result
    after: Content


def spoil(store: Path, experiment: str) -> dict[str, str]:
    """Copies of a run that cannot be moved, by id, and words of the reason for each."""
    directory = store / experiment
    model = next(path for path in directory.iterdir() if (path / "metrics" / "metric 0").exists())

    def copy(letter: str) -> Path:
        made = directory / (letter * 32)
        shutil.copytree(model, made)
        meta = (made / "meta.yaml").read_text().replace(model.name, made.name)
        (made / "meta.yaml").write_text(meta)
        return made

    (copy("a") / "meta.yaml").write_text("run_id: [")
    (copy("b") / "metrics" / "metric 0").write_text("1 0.5 1\n2 many 2\n")
    (copy("c") / "tags" / "team").write_text("r\0d")
    (copy("d") / "tags" / "mlflow.note.content").write_text("x" * 8001)
    (copy("e") / "meta.yaml").unlink()
    (copy("f") / "metrics" / "metric 0").write_text(f"{2**70} 0.5 1\n")
    return {
        "a" * 32: "meta.yaml cannot be read",
        "b" * 32: "line 2",
        "c" * 32: "NUL",
        "d" * 32: "8,001 characters",
        "e" * 32: "meta.yaml is missing",
        "f" * 32: "larger",
    }


@pytest.fixture(scope="module")
def upgraded(deployment: Deployment, image_bin: Path, tmp_path_factory: pytest.TempPathFactory) -> Upgraded:
    connection = deployment.json("env", "--show-secrets").data["AZURE_STORAGE_CONNECTION_STRING"]
    artifact = log_run(image_bin, deployment.url, AZURE_STORAGE_CONNECTION_STRING=connection)
    ordinary = fill(deployment, image_bin)[0]
    before = content(deployment.url, root_of(deployment))
    broken = spoil(Stored(deployment.emulator, deployment.cli).share / "mlruns", ordinary)
    client = Client(deployment.url)
    client.start()
    backup = tmp_path_factory.mktemp("backups") / "before"
    result = deployment.json(*UPGRADE, "--backup", str(backup))
    logged = client.end()
    assert deployment("backup", "--verify", str(backup)).exit_code == 0
    return Upgraded(before, broken, artifact, logged, result, content(deployment.url, root_of(deployment)))


def without(experiments: Content, runs: set[str]) -> Content:
    return {
        number: {**each, "runs": {run: all_ for run, all_ in each["runs"].items() if run not in runs}}
        for number, each in experiments.items()
    }


def test_every_experiment_and_run_is_the_same_on_mlflow_3(upgraded: Upgraded) -> None:
    of_client = {run for run in upgraded.after["0"]["runs"] if run not in upgraded.before["0"]["runs"]}
    assert without(upgraded.after, of_client) == upgraded.before


def test_nothing_is_lost_that_a_client_logged_meanwhile(upgraded: Upgraded) -> None:
    there = upgraded.after["0"]["runs"]
    assert len(upgraded.logged) > 5
    assert {run: there[run]["histories"]["m"] for run in upgraded.logged} == {
        run: [(0, 1, repr(value))] for run, value in upgraded.logged.items()
    }


def test_both_sides_are_compared_and_told(upgraded: Upgraded) -> None:
    compared = upgraded.result.answer["data"]["experiments"]
    assert [each["id"] for each in compared] == sorted(upgraded.before, key=int)
    assert all(each["file_store"] == each["database"] for each in compared)
    for each in compared[1:]:
        assert each["database"]["runs"] == len(upgraded.before[each["id"]]["runs"])
    assert upgraded.result.answer["data"]["repeated"] == 2


def test_what_cannot_be_moved_is_listed_with_its_reason_and_kept(deployment: Deployment, upgraded: Upgraded) -> None:
    assert upgraded.result.exit_code == 1
    assert {each["code"] for each in upgraded.result.answer["errors"]} == {"NotMoved"}
    aside = {each["run"]: each["reason"] for each in upgraded.result.answer["data"]["aside"]}
    assert aside.keys() == upgraded.broken.keys()
    assert all(words in aside[run] for run, words in upgraded.broken.items())
    share = Stored(deployment.emulator, deployment.cli).share
    assert all(list(share.glob(f"mlruns/*/{run}")) for run in aside)


def test_old_artifacts_are_served_by_mlflow_3(deployment: Deployment, upgraded: Upgraded) -> None:
    run = upgraded.artifact
    listed = ask(deployment.url, "GET", f"artifacts/list?run_id={run}")
    assert [each["path"] for each in listed["files"]] == ["all", "model.txt"]
    answer = requests.get(
        f"{deployment.url}/get-artifact", params={"run_id": run, "path": "all/sub/notes.txt"}, timeout=120
    )
    assert (answer.status_code, answer.text) == (200, "notes")


def test_a_new_experiment_gets_a_new_id(deployment: Deployment, upgraded: Upgraded) -> None:
    made = ask(deployment.url, "POST", "experiments/create", name="made by 3")["experiment_id"]
    assert int(made) > max(map(int, upgraded.before))


def test_a_deploy_afterwards_changes_nothing_and_run_again_it_is_done(
    deployment: Deployment, upgraded: Upgraded
) -> None:
    again = deployment.json(*UPGRADE).data
    assert (again["url"], again["experiments"], again["stopped_seconds"]) == (deployment.url, [], 0)
    plan = deployment.json("plan", "--mlflow", "3", "--asp-sku", "S1").data
    assert [each for each in plan["changes"] if each["action"] != "keep"] == []
    sites = [each.name for each in deployment.emulator.azure.web.web_apps.list()]
    assert not [name for name in sites if name.endswith("-move")]


def test_a_rollback_brings_1_5_0_back_and_an_upgrade_takes_what_came_since(
    deployment: Deployment, upgraded: Upgraded
) -> None:
    on_3 = ask(deployment.url, "POST", "runs/create", experiment_id="1", start_time=3)["run"]["info"]["run_id"]
    assert deployment("upgrade", "--rollback", "--yes").exit_code == 0
    healthy = {
        number for number in upgraded.before if number != "2"
    }  # 1.5.0 cannot list an experiment with broken runs
    for number in healthy:
        listed = ask(deployment.url, "POST", "runs/search", experiment_ids=[number], run_view_type="ALL")
        runs = {run["info"]["run_id"] for run in listed.get("runs", [])}
        assert runs >= upgraded.before[number]["runs"].keys()
        assert on_3 not in runs
    old = ask(deployment.url, "POST", "runs/create", experiment_id="1", start_time=4)["run"]["info"]["run_id"]
    assert deployment.json("plan").data["changes"]
    assert deployment.json(*UPGRADE, "--no-backup").exit_code == 1  # the broken ones are still there
    runs = content(deployment.url, root_of(deployment))["1"]["runs"]
    assert {on_3, old} <= runs.keys()


def test_finishing_deletes_the_share_only_when_it_is_told_to(deployment: Deployment, upgraded: Upgraded) -> None:
    share = Stored(deployment.emulator, deployment.cli).share
    refused = deployment.json("upgrade", "--finish", "--yes")
    assert [each["code"] for each in refused.errors] == ["ConfirmationNeeded"]
    assert share.exists()
    assert deployment("upgrade", "--finish", "--yes", "--delete-share").exit_code == 0
    assert not share.exists()
    assert Stored(deployment.emulator, deployment.cli).account.allow_shared_key_access is False
    assert deployment.json("upgrade", "--rollback", "--yes").errors[0]["code"] == "NothingToDo"
    runs = content(deployment.url, root_of(deployment))["1"]["runs"]
    assert runs.keys() >= upgraded.before["1"]["runs"].keys()


KILLED_AFTER = (
    "app settings ",  # of the temporary web app
    "runs  pass 1",
    "stop of web app",
    "runs  last pass",
    "web app  ",  # of the switch: from here on the web app is one of MLflow 3
    "app settings ",  # of the switch
    "start of web app",
)
"""Beginnings of the lines that tell of a step that is done."""


def test_killed_after_each_step_it_is_gone_on_with(tmp_path: Path, image_bin: Path) -> None:
    (tmp_path / "killed").mkdir()
    with deployed(isolated(tmp_path / "killed")) as deployment:
        fill(deployment, image_bin)
        before = content(deployment.url, root_of(deployment))
        for step in KILLED_AFTER:
            _kill_after(deployment, step)
        assert deployment.json(*UPGRADE, "--no-backup").exit_code == 0
        assert content(deployment.url, root_of(deployment)) == before


def _kill_after(deployment: Deployment, step: str) -> None:
    with deployment.cli.start(*UPGRADE, "--no-backup", "--cloud", "emulator") as running:
        assert running.stderr is not None
        for line in running.stderr:
            if line.startswith(step) and "unchanged" not in line:
                running.send_signal(signal.SIGKILL)
                break
        running.stderr.read()
    assert running.returncode == -signal.SIGKILL, f"{step!r} never came"


class ItsTimeIsUp(Invocation):
    """A run whose time is up as soon as the web app is stopped."""

    def watch(self, events: Iterable[Event]) -> None:
        super().watch(map(self._seen, events))

    def _seen(self, event: Event) -> Event:
        if isinstance(event, Finished) and event.step.kind == StoppedSite.kind:
            self.deadline.give_up()
        return event


def test_1_5_0_goes_on_where_time_is_up_while_it_is_stopped_and_a_rollback_gives_the_upgrade_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "given up").mkdir()
    with deployed(isolated(tmp_path / "given up")) as deployment:
        for name, value in deployment.cli.environ.items():
            monkeypatch.setenv(name, value)
        run = ItsTimeIsUp("upgrade", Common(cloud=CloudName.EMULATOR, yes=True), {})
        with pytest.raises(TimedOutError):
            upgrade(run, to=Version.THREE, no_backup=True, public=True)
        assert ask(deployment.url, "GET", "experiments/list")["experiments"]
        assert deployment("upgrade", "--rollback", "--yes").exit_code == 0
        assert ask(deployment.url, "GET", "experiments/list")["experiments"]
        names = [each.name for each in deployment.emulator.azure.web.web_apps.list()]
        assert not [name for name in names if name.endswith("-move")]
        assert deployment.json("deploy").exit_code == 0


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ((), "Usage"),
        (("--to", "3", "--rollback"), "Usage"),
        (("--to", "3", "--public", "--yes"), "BackupNotDecided"),
        (("--to", "3", "--no-backup", "--yes"), "AccessNotDecided"),
        (("--finish", "--yes"), "NothingToDo"),
    ],
)
def test_what_is_not_said_is_not_guessed(shared_deployment: Deployment, options: tuple[str, ...], code: str) -> None:
    shared_deployment.emulator.forget_requests()
    assert [each["code"] for each in shared_deployment.json("upgrade", *options).errors] == [code]
    assert shared_deployment.emulator.writes == []


@pytest.fixture(scope="module")
def shared_deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed(isolated(tmp_path_factory.mktemp("not said"))) as deployment:
        yield deployment


def test_sign_in_stays_and_artifact_addresses_stay_where_they_are_asked_to(
    shared_deployment: Deployment, image_bin: Path
) -> None:
    deployment, sign_in = shared_deployment, SignIn(shared_deployment)
    connection = deployment.json("env", "--show-secrets").data["AZURE_STORAGE_CONNECTION_STRING"]
    run = log_run(image_bin, deployment.url, AZURE_STORAGE_CONNECTION_STRING=connection)
    assert deployment.json("auth enable").exit_code == 0
    token = sign_in.token()
    upgraded = deployment.json("upgrade", "--to", "3", "--yes", "--no-backup", "--keep-artifact-uris")
    assert upgraded.exit_code == 0, upgraded.stderr
    allowed = {"Authorization": f"Bearer {token}"}
    asked = f"{deployment.url}/api/2.0/mlflow/runs/get?run_id={run}"
    assert requests.get(asked, timeout=120).status_code == 401
    found = requests.get(asked, headers=allowed, timeout=120).json()["run"]["info"]
    assert found["artifact_uri"] == f"{root_of(deployment)}/{found['experiment_id']}/{run}/artifacts"
    artifact = {"run_uuid": run, "path": "all/sub/notes.txt"}
    page = requests.get(f"{deployment.url}/get-artifact", params=artifact, headers=allowed, timeout=120)
    assert (page.status_code, page.text) == (200, "notes")
