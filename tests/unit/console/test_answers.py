from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal

import pytest

from mlflow_azure.cli.commands.plan import plan_answer
from mlflow_azure.errors import MlflowAzureError, SettingsError, SeveralErrors
from mlflow_azure.secret import Secret

if TYPE_CHECKING:
    from mlflow_azure.errors import AzureRefusedError
    from tests.support.consoles import Steps, Streams


def test_a_result_in_json_is_one_envelope_and_nothing_else(streams: type[Streams]) -> None:
    given = streams(output="json")
    given.console.result("status", {"healthy": True}, "healthy")
    assert json.loads(given.out) == {
        "version": 1,
        "command": "status",
        "status": "ok",
        "data": {"healthy": True},
        "errors": [],
    }
    assert given.err == ""


def test_a_result_in_text_is_the_text_alone(streams: type[Streams]) -> None:
    given = streams()
    given.console.result("status", {"healthy": True}, "healthy")
    assert (given.out, given.err) == ("healthy\n", "")


def test_a_failure_in_json_is_an_envelope_on_stdout_and_an_error_on_stderr(
    streams: type[Streams], name_taken: AzureRefusedError
) -> None:
    given = streams(output="json")
    given.console.failure("deploy", name_taken, {"resources": []})
    envelope = json.loads(given.out)
    assert envelope["status"] == "failed"
    assert envelope["data"] == {"resources": []}
    assert envelope["errors"] == [
        {
            "code": "Conflict",
            "message": "creating web app mlflow-3f9a1c02: the name is taken",
            "hint": "choose another: --web-app-name NAME",
        }
    ]
    assert given.err == (
        "Error: creating web app mlflow-3f9a1c02: the name is taken\nNext: choose another: --web-app-name NAME\n"
    )


def test_a_failure_in_text_leaves_stdout_empty(streams: type[Streams], name_taken: AzureRefusedError) -> None:
    given = streams()
    given.console.failure("deploy", name_taken)
    assert given.out == ""
    assert given.err.startswith("Error: creating web app")


def test_problems_that_come_together_are_told_one_by_one(streams: type[Streams]) -> None:
    problems = [SettingsError(f"{name}: too long", hint=f"shorten {name}") for name in ("ASP_NAME", "ACR_NAME")]
    given = streams(output="json")
    given.console.failure("deploy", SeveralErrors(problems))
    assert [error["hint"] for error in json.loads(given.out)["errors"]] == [
        "shorten ASP_NAME",
        "shorten ACR_NAME",
    ]
    assert given.err.count("Error: ") == 2


def test_a_traceback_is_shown_only_with_verbose(streams: type[Streams]) -> None:
    failed = MlflowAzureError("reading the site: no id", hint="report it")
    failed.__cause__ = KeyError("cause")
    for verbose in (False, True):
        given = streams(verbose=verbose)
        given.console.failure("status", failed)
        assert ("KeyError: 'cause'" in given.err) is verbose


def test_details_are_shown_only_with_verbose(streams: type[Streams]) -> None:
    for verbose in (False, True):
        given = streams(verbose=verbose)
        given.console.detail("GET /subscriptions 200")
        assert ("GET" in given.err) is verbose


def test_notes_and_warnings_go_to_stderr(streams: type[Streams]) -> None:
    given = streams(output="json")
    given.console.note("reading the settings of ./mlflow-azure.env")
    given.console.warn("the server is public", "mlflow-azure auth enable")
    assert given.out == ""
    assert given.err == (
        "reading the settings of ./mlflow-azure.env\nWarning: the server is public\nNext: mlflow-azure auth enable\n"
    )


def test_a_plan_in_json_has_the_changes_of_the_contract(streams: type[Streams], steps: type[Steps]) -> None:
    given = streams(output="json")
    answer = plan_answer(steps.every)
    given.console.result("plan", answer.data(), answer.text())
    changes = json.loads(given.out)["data"]["changes"]
    assert [change["action"] for change in changes] == [
        "keep",
        "create",
        "create",
        "replace",
        "update",
        "check",
    ]
    assert changes[1] == {
        "kind": "container registry",
        "name": "mlflow3f9a1c02",
        "id": "/subscriptions/s/acr",
        "action": "create",
        "differences": [],
    }
    assert changes[4]["differences"] == [
        {"path": "properties.httpsOnly", "from": False, "to": True},
        {"path": "appSettings.WEBSITES_PORT", "from": None, "to": "5000"},
        {"path": "appSettings.KEY", "from": "(secret)", "to": "(secret)"},
    ]


def test_a_secret_stays_secret_however_deep_it_lies(streams: type[Streams]) -> None:
    secret = Secret("hunter2")
    given = streams(output="json", verbose=True)
    data = {"a": [{"b": (secret, {secret})}], "c": {secret: 1}, "d": secret}
    given.console.result("env", data, f"{secret}")
    assert "hunter2" not in given.out
    assert json.loads(given.out)["data"]["d"] == "(secret)"


def test_a_secret_that_others_wrote_into_an_error_is_hidden(streams: type[Streams]) -> None:
    cause = RuntimeError(
        "PUT https://x?sig=abc%2F: DefaultEndpointsProtocol=https;AccountKey=abc/def==;EndpointSuffix=y"
    )
    error = MlflowAzureError(f"writing app settings: {cause}", hint="try again")
    error.__cause__ = RuntimeError("Authorization: Bearer eyJ0.abc")
    for output in ("text", "json"):
        given = streams(output=output, verbose=True)
        given.console.failure("deploy", error)
        written = given.out + given.err
        assert "Bearer (secret)" in written
        assert "sig=(secret)" in written
        assert "AccountKey=(secret);EndpointSuffix=y" in written
        assert "abc" not in written


def test_values_that_json_does_not_know_become_text(streams: type[Streams]) -> None:
    given = streams(output="json")
    day = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
    given.console.result("status", {"path": PurePosixPath("/mlruns"), "since": day}, "")
    assert json.loads(given.out)["data"] == {"path": "/mlruns", "since": "2025-01-02T03:04:05+00:00"}


def test_a_failure_after_the_answer_adds_no_second_document(
    streams: type[Streams], name_taken: AzureRefusedError
) -> None:
    given = streams(output="json")
    given.console.result("deploy", {}, "")
    given.console.failure("deploy", name_taken)
    assert json.loads(given.out)["status"] == "ok"
    assert "Error:" in given.err


@pytest.mark.parametrize(("output", "expected"), [("text", "a\nb\n"), ("json", '{"message": "a"}\n{"message": "b"}\n')])
def test_lines_are_bare_text_or_one_record_each(
    streams: type[Streams], output: Literal["text", "json"], expected: str
) -> None:
    given = streams(output=output)
    for message in "ab":
        given.console.line({"message": message}, message)
    assert given.out == expected


def test_a_failure_after_lines_takes_one_line(streams: type[Streams], name_taken: AzureRefusedError) -> None:
    given = streams(output="json")
    given.console.line({"message": "a"}, "a")
    given.console.failure("logs", name_taken)
    assert [json.loads(line).get("status") for line in given.out.splitlines()] == [None, "failed"]
