"""upgrade: from MLflow 1.5.0 on a file share to MLflow 3 on PostgreSQL, and back, while a client goes on logging."""

from __future__ import annotations

import json
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from mlflow_azure.azure.clouds import CloudName
from mlflow_azure.cli.commands.upgrade import Version, upgrade
from mlflow_azure.cli.invocation import Common, Invocation
from mlflow_azure.errors import TimedOutError
from mlflow_azure.events import Event, Finished
from mlflow_azure.resources.site_state import StoppedSite
from tests.support import odd_runs
from tests.support.canaries import Processes, assert_clean, assert_clean_files
from tests.support.command import isolated
from tests.support.deployment import deployed
from tests.support.given_secrets import given_secrets
from tests.support.logging_client import LoggingClient
from tests.support.mlflow_client import log_run
from tests.support.server_content import ask, content
from tests.support.sign_in import SignIn
from tests.support.stored import Stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.support.command import Result
    from tests.support.deployment import Deployment
    from tests.support.odd_runs import Files
    from tests.support.server_content import Content

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

FILL = Path(__file__).parents[1] / "support" / "fill_store_1_5_0.py"
UPGRADE = ("upgrade", "--to", "3", "--public", "--yes")


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    with Processes(tmp_path_factory.getbasetemp()) as processes:
        yield processes


@pytest.fixture(scope="module")
def deployment(processes: Processes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
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
    broken: dict[tuple[str, str | None], str]
    artifact: str
    logged: dict[str, float]
    backup: Path
    secrets: dict[str, str]
    result: Result
    after: Content


def odd(deployment: Deployment, files: Files, experiment: str = ".") -> None:
    """Put odd runs, or experiments, into the store."""
    stored = Stored(deployment.emulator, deployment.cli)
    stored.write_all({f"mlruns/{experiment}/{name}": content for name, content in files.items()})


@pytest.fixture(scope="module")
def upgraded(deployment: Deployment, image_bin: Path, tmp_path_factory: pytest.TempPathFactory) -> Upgraded:
    connection = deployment.json("env", "--show-secrets").data["AZURE_STORAGE_CONNECTION_STRING"]
    artifact = log_run(image_bin, deployment.url, AZURE_STORAGE_CONNECTION_STRING=connection)
    ordinary, _, rare = fill(deployment, image_bin)
    root = root_of(deployment)
    odd(deployment, odd_runs.movable(rare, root), rare)
    before = content(deployment.url, root)
    odd(deployment, odd_runs.not_movable(ordinary, root), ordinary)
    experiments, reasons = odd_runs.experiments_not_movable()
    odd(deployment, experiments)
    broken: dict[tuple[str, str | None], str] = {(number, None): reason for number, reason in reasons.items()}
    broken |= {(ordinary, odd_runs.run_id(kind)): each.aside for kind, each in odd_runs.CANNOT_BE_MOVED.items()}
    broken["4001", odd_runs.run_id("in vain")] = "its experiment cannot be moved"
    secrets = given_secrets(deployment.emulator)
    backup = tmp_path_factory.mktemp("backups") / "before"
    with LoggingClient(deployment.url) as client:
        result = deployment.cli.cold(
            *UPGRADE, "--backup", str(backup), "--verbose", "--cloud", "emulator", "--output", "json"
        )
    assert result.answer["data"], result.stderr
    assert deployment("backup", "--verify", str(backup)).exit_code == 0
    return Upgraded(
        before, broken, artifact, client.logged, backup, secrets, result, content(deployment.url, root_of(deployment))
    )


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
    assert upgraded.result.answer["data"]["repeated"] == 2 + 49


def test_what_cannot_be_moved_is_listed_with_its_reason_and_kept(deployment: Deployment, upgraded: Upgraded) -> None:
    assert upgraded.result.exit_code == 1
    assert {each["code"] for each in upgraded.result.answer["errors"]} == {"NotMoved"}
    aside = {(each["experiment"], each["run"]): each["reason"] for each in upgraded.result.answer["data"]["aside"]}
    assert aside.keys() == upgraded.broken.keys()
    assert {each: aside[each] for each, words in upgraded.broken.items() if words not in aside[each]} == {}
    share = Stored(deployment.emulator, deployment.cli).share
    assert all((share / "mlruns" / experiment / (run or "")).exists() for experiment, run in aside)


def test_no_secret_is_told_or_kept(deployment: Deployment, processes: Processes, upgraded: Upgraded) -> None:
    tokens = processes.tokens_of_tasks()
    assert tokens
    secrets = {**upgraded.secrets, **given_secrets(deployment.emulator), **tokens}
    assert_clean(upgraded.result.stdout + upgraded.result.stderr, secrets)
    assert_clean_files((upgraded.backup, deployment.cli.directory), secrets)
    processes.assert_clean("upgrade", secrets)


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


@pytest.fixture(scope="module")
def another(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A deployment of MLflow 1.5.0; each test leaves it as one, but that of kills."""
    with deployed(isolated(tmp_path_factory.mktemp("another"))) as deployment:
        yield deployment


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
def test_what_is_not_said_is_not_guessed(another: Deployment, options: tuple[str, ...], code: str) -> None:
    another.emulator.forget_requests()
    assert [each["code"] for each in another.json("upgrade", *options).errors] == [code]
    assert another.emulator.writes == []


class ItsTimeIsUp(Invocation):
    """A run whose time is up as soon as the web app is stopped."""

    def watch(self, events: Iterable[Event]) -> None:
        super().watch(map(self._seen, events))

    def _seen(self, event: Event) -> Event:
        if isinstance(event, Finished) and event.step.kind == StoppedSite.kind:
            self.deadline.give_up()
        return event


def test_1_5_0_goes_on_where_time_is_up_while_it_is_stopped_and_a_rollback_gives_the_upgrade_up(
    another: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in another.cli.environ.items():
        monkeypatch.setenv(name, value)
    run = ItsTimeIsUp("upgrade", Common(cloud=CloudName.EMULATOR, yes=True), {})
    with pytest.raises(TimedOutError):
        upgrade(run, to=Version.THREE, no_backup=True, public=True)
    assert ask(another.url, "GET", "experiments/list")["experiments"]
    assert another("upgrade", "--rollback", "--yes").exit_code == 0
    assert ask(another.url, "GET", "experiments/list")["experiments"]
    names = [each.name for each in another.emulator.azure.web.web_apps.list()]
    assert not [name for name in names if name.endswith("-move")]
    assert another.json("deploy").exit_code == 0


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


def test_killed_after_each_step_it_is_gone_on_with(another: Deployment, image_bin: Path) -> None:
    fill(another, image_bin)
    before = content(another.url, root_of(another))
    for step in KILLED_AFTER:
        _kill_after(another, step)
    assert another.json(*UPGRADE, "--no-backup").exit_code == 0
    assert content(another.url, root_of(another)) == before


def _kill_after(deployment: Deployment, step: str) -> None:
    with deployment.cli.start(*UPGRADE, "--no-backup", "--cloud", "emulator") as running:
        assert running.stderr is not None
        for line in running.stderr:
            if line.startswith(step) and "unchanged" not in line:
                running.send_signal(signal.SIGKILL)
                break
        running.stderr.read()
    assert running.returncode == -signal.SIGKILL, f"{step!r} never came"


def test_sign_in_stays_and_artifact_addresses_stay_where_they_are_asked_to(tmp_path: Path, image_bin: Path) -> None:
    with deployed(isolated(tmp_path)) as another:
        sign_in = SignIn(another)
        connection = another.json("env", "--show-secrets").data["AZURE_STORAGE_CONNECTION_STRING"]
        run = log_run(image_bin, another.url, AZURE_STORAGE_CONNECTION_STRING=connection)
        assert another.json("auth enable").exit_code == 0
        token = sign_in.token()
        upgraded = another.json("upgrade", "--to", "3", "--yes", "--no-backup", "--keep-artifact-uris")
        assert upgraded.exit_code == 0, upgraded.stderr
        allowed = {"Authorization": f"Bearer {token}"}
        asked = f"{another.url}/api/2.0/mlflow/runs/get?run_id={run}"
        assert requests.get(asked, timeout=120).status_code == 401
        found = requests.get(asked, headers=allowed, timeout=120).json()["run"]["info"]
        assert found["artifact_uri"] == f"{root_of(another)}/{found['experiment_id']}/{run}/artifacts"
        artifact = {"run_uuid": run, "path": "all/sub/notes.txt"}
        page = requests.get(f"{another.url}/get-artifact", params=artifact, headers=allowed, timeout=120)
        assert (page.status_code, page.text) == (200, "notes")
