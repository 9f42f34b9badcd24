"""What holds after every command, however it ended. Each check answers with what it found wrong."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.campaign.operations import Operation
    from tests.campaign.stage import Stage
    from tests.support.command import Result

EXIT_CODES = {0, 1, 2, 3, 4, 5, 9, 130, 143}
PROBE = "/api/2.0/mlflow/experiments/list"
_VARYING = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+[\dZ]*(?:[+-]\d\d:\d\d)?"
    r"|(?<=localhost:)\d+|(?<=127\.0\.0\.1:)\d+|sha256:[0-9a-f]{64}",
    re.IGNORECASE,
)
"""Ids, times, ports and digests, which are new in each run."""
_PASSING = re.compile(r"/runs/|/operationstatuses/")
_MARKS = frozenset({"etag", "hint", "mlflow-azure-changed", "MLFLOW_AZURE_KEYS_ROTATED"})
"""Fields that follow from others, or from a secret, or tell which command was the last, and when."""
_LOGS = frozenset({"events", "lease"})
"""What a resource keeps that tells of what happened, or ends by itself, not of how it is."""
SECRETS = frozenset({"MLFLOW_AZURE_SIGN_IN_SECRET", "publishingPassword"})


def answered_well(result: Result) -> Iterator[str]:
    """One JSON document, an exit code of those that are promised, no fault of the program's own."""
    if result.exit_code == -9:
        return
    if result.exit_code not in EXIT_CODES:
        yield f"exit code {result.exit_code}"
    if "Traceback" in result.stderr:
        yield f"a traceback: {result.stderr[-300:]}"
    try:
        document = json.loads(result.stdout)
    except ValueError:
        yield f"no JSON document: {result.stdout[:100]!r} {result.stderr[-200:]!r}"
        return
    for error in document["errors"]:
        if error["code"] == "InternalError" or not error["hint"]:
            yield f"an error that explains nothing: {error}"
    if (document["status"] == "ok") != (result.exit_code == 0):
        yield f"status {document['status']} with exit code {result.exit_code}"


def tells_no_secret(stage: Stage, result: Result) -> Iterator[str]:
    """No key, password or token in what was printed, or in a file of the user's."""
    files = [file.read_text(errors="replace") for file in stage.cli.command.directory.rglob("*") if file.is_file()]
    text = "\n".join([result.stdout, result.stderr, *files])
    yield from (f"{name} was shown" for name, secret in stage.secrets().items() if secret in text)


def leaves_others_alone(stage: Stage) -> Iterator[str]:
    """What others made is as it was."""
    if stage.others() != stage.foreign:
        yield "the resources of others changed"


def keeps_own_setting(stage: Stage) -> Iterator[str]:
    """The setting that the user added to the web app is as it was."""
    site = stage.site()
    if stage.deployed and site and site["hidden"]["appsettings"].get("MINE") != "stays":
        yield "the user's own app setting is gone"


def protects(stage: Stage, operation: Operation) -> Iterator[str]:
    """Nothing is more open than it was, unless that is what was asked for."""
    for found in stage.resources().values():
        properties = found["body"].get("properties", {})
        if found["body"].get("type") == "Microsoft.Storage/storageAccounts" and properties["allowBlobPublicAccess"]:
            yield "blobs are public"
        if found["body"].get("type") == "Microsoft.Web/sites" and not properties["httpsOnly"]:
            yield "the web app answers without TLS"
    site = stage.site()
    if site is None:
        return
    if site["hidden"]["basicPublishingCredentialsPolicies"]["scm"] and not operation.opens_scm:
        yield "the SCM site takes a password"
    demanded = bool(site["hidden"]["authsettingsV2"].get("platform", {}).get("enabled"))
    if operation.keeps_sign_in and not demanded:
        yield "sign-in is off"
    if demanded and _status(stage) == 200:
        yield "sign-in is on, and lets everyone in"


def serves(stage: Stage) -> Iterator[str]:
    """A server that worked before the command works after it."""
    if stage.deployed and stage.site():
        status = _status(stage)
        if status not in (200, 401):
            yield f"the server answers {status}"


def _status(stage: Stage, *, again: bool = True) -> int | str:
    """What the server answers, or why it does not: one connection may be reset, as clients expect."""
    try:
        return requests.get(stage.url + PROBE, timeout=120).status_code
    except requests.ConnectionError as error:
        return _status(stage, again=False) if again else f"with {error}; the emulator {stage.condition()}"


def end_state(stage: Stage, stored: dict[str, Any]) -> dict[str, Any]:
    """All that the deployment consists of, and what it has `stored`, without what is new in each run."""
    hidden = dict.fromkeys(stage.secrets().values(), "(secret)")
    everything = {**stage.resources(), **stage.registrations()}
    state = {key: _without_logs(value) for key, value in everything.items() if not _PASSING.search(key)} | stored
    text = json.dumps(state, sort_keys=True)
    for secret, placeholder in hidden.items():
        text = text.replace(json.dumps(secret)[1:-1], placeholder)
    found: dict[str, Any] = json.loads(_VARYING.sub("(new)", text), object_hook=_without_marks)
    return found


def _without_marks(found: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if name not in _MARKS}


def _without_logs(found: dict[str, Any]) -> dict[str, Any]:
    hidden = found.get("hidden") or {}
    return {**found, "hidden": {name: kept for name, kept in hidden.items() if name not in _LOGS}}


def differing(wanted: Any, found: Any, path: str = "") -> Iterator[str]:
    """The paths at which two states differ."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key in sorted(wanted.keys() | found.keys()):
            yield from differing(wanted.get(key), found.get(key), f"{path}/{key.rpartition('/')[2]}")
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for number, (one, other) in enumerate(zip(wanted, found, strict=True)):
            yield from differing(one, other, f"{path}/{number}")
    elif wanted != found:
        yield f"{path}: {str(wanted)[:60]} became {str(found)[:60]}"
