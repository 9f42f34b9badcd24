"""Make a fixture from recordings of Azure: see README.md beside this file.

The recordings are those that the azure-cli project publishes with its tests: YAML of VCR.py.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
HOST = "https://management.azure.com"
KEPT_HEADERS = ("location", "azure-asyncoperation", "content-type")
_POLLED = r"operations|operationresults|asyncoperations|operationStatuses|privateDnsOperation(?:Results|Statuses)"
POLLED = re.compile(rf"/({_POLLED})/[^?]+.*", re.IGNORECASE)
# What one Azure, one subscription or one person made of an answer, and what stands for it in the fixture.
NEUTRAL = (
    (re.compile(re.escape(HOST) + ":443/"), f"{HOST}/"),
    (
        re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE),
        "00000000-0000-0000-0000-000000000000",
    ),
    (re.compile(r"\b[0-9A-F]{64}\b"), "0" * 64),
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?"), "2024-01-01T00:00:00"),
    (re.compile(r"\b(?!10\.|192\.168\.)\d{1,3}(\.\d{1,3}){3}(,\d{1,3}(\.\d{1,3}){3})*\b"), "192.0.2.1"),
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+"), "someone@example.com"),
    (re.compile(r"https://github\.com/[\w.-]+/[\w.-]+"), "https://github.com/owner/repository"),
    (re.compile(r"waws-prod-\w+-\d+(dr)?"), "waws-prod-xx0-000"),
    (re.compile(r"\bveryFaked\w*=*"), "scrubbed"),
)
# Parts of an answer that are no words of Azure's API: what another server said, or a whole catalogue.
FOREIGN: dict[str, Any] = {"eventResponseMessage": {}, "majorVersions": [], "provisioningDetails": ""}
# A list of everything in a subscription or a catalogue is cut to this many entries, those of the scenario first.
KEPT_ENTRIES = 3


def convert(recording: Path) -> dict[str, Any]:
    """The fixture of one recording: what the scenario found there, and its exchanges with Resource Manager."""
    interactions = yaml.safe_load(recording.read_text(encoding="utf-8"))["interactions"]
    exchanges = [_exchange(each) for each in interactions if each["request"]["uri"].startswith(HOST)]
    exchanges = _without_repetitions(exchanges)
    for exchange in exchanges:
        _cut_lists(exchange, _groups(exchanges))
    return {"source": f"azure-cli, {recording.name}", "given": _given(exchanges), "exchanges": exchanges}


def _exchange(interaction: dict[str, Any]) -> dict[str, Any]:
    request, response = interaction["request"], interaction["response"]
    headers = {name.lower(): values[0] for name, values in response["headers"].items()}
    return {
        "method": request["method"],
        "path": _polled(_neutral(request["uri"].removeprefix(HOST))),
        "body": _content(request["body"]),
        "status": response["status"]["code"],
        "headers": {
            name: _polled(_neutral(headers[name]).removeprefix(HOST)) for name in KEPT_HEADERS if name in headers
        },
        "answer": _content(response["body"].get("string")),
    }


def _content(body: str | None) -> Any:
    """JSON as an object, other text as it is, None for nothing."""
    if not body:
        return None
    try:
        return _own(json.loads(_neutral(body)))
    except ValueError:
        return _neutral(body)


def _own(value: Any) -> Any:
    """Without what is not Azure's own."""
    if isinstance(value, dict):
        return {name: FOREIGN[name] if name in FOREIGN else _own(each) for name, each in value.items()}
    return [_own(each) for each in value] if isinstance(value, list) else value


def _neutral(text: str) -> str:
    for pattern, neutral in NEUTRAL:
        text = pattern.sub(neutral, text)
    return text


def _polled(url: str) -> str:
    """The URL of an operation, with one name for whichever it is."""
    return POLLED.sub(r"/\1/operation", url)


def _without_repetitions(exchanges: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without what was asked again, with the same answer, while nothing was written: polls, for example."""
    kept: list[dict[str, Any]] = []
    since_write: list[dict[str, Any]] = []
    for exchange in exchanges:
        if exchange in since_write:
            continue
        since_write = [*since_write, exchange] if _reads(exchange) else []
        kept.append(exchange)
    return kept


def _reads(exchange: dict[str, Any]) -> bool:
    action = exchange["path"].partition("?")[0].rpartition("/")[2].lower()
    return exchange["method"] == "GET" or (exchange["method"] == "POST" and action.startswith(("list", "check", "get")))


def _groups(exchanges: list[dict[str, Any]]) -> set[str]:
    found = (
        re.match(r"/subscriptions/[^/]+/resourcegroups/([^/?]+)", each["path"], re.IGNORECASE) for each in exchanges
    )
    return {match[1].lower() for match in found if match}


def _cut_lists(exchange: dict[str, Any], groups: set[str]) -> None:
    answer = exchange["answer"]
    if isinstance(answer, dict) and isinstance(answer.get("value"), list):
        own = [each for each in answer["value"] if _group_of(each) in groups]
        answer["value"] = (own or answer["value"])[:KEPT_ENTRIES]


def _group_of(resource: Any) -> str:
    parts = str(resource.get("id") if isinstance(resource, dict) else "").lower().split("/")
    return parts[4] if len(parts) > 4 else ""


def _given(exchanges: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was there before the scenario began: what it uses and did not make, as the answers describe it."""
    described: dict[str, Any] = {}
    for exchange in exchanges:
        answer = exchange["answer"]
        if isinstance(answer, dict) and isinstance(answer.get("id"), str) and "location" in answer:
            described.setdefault(answer["id"].lower(), answer)
    given: dict[str, dict[str, Any]] = {}
    made: set[str] = set()
    for exchange in exchanges:
        for resource in _used(exchange["path"]):
            if exchange["method"] == "PUT" and resource == exchange["path"].partition("?")[0]:
                made.add(resource.lower())
            elif exchange["status"] < 300 and resource.lower() not in made:
                given.setdefault(resource.lower(), _creation(resource, described.get(resource.lower(), {})))
    return list(given.values())


def _used(path: str) -> list[str]:
    """The group and the resource of a path, without what is inside or done to it."""
    pattern = r"(/subscriptions/[^/]+/resourcegroups/[^/?]+)(/providers/[^/]+/[^/]+/[^/?]+)?"
    match = None if POLLED.search(path) else re.match(pattern, path, re.IGNORECASE)
    return [] if match is None else [match[1], *([match[0]] if match[2] else [])]


def _creation(resource: str, described: dict[str, Any]) -> dict[str, Any]:
    body = {name: described[name] for name in ("sku", "kind", "tags") if name in described}
    return {"path": resource, "body": {"location": described.get("location", "westus"), **body}}


def main() -> None:
    """Convert the recordings named on the command line."""
    for recording in map(Path, sys.argv[1:]):
        fixture = convert(recording)
        lines = ",\n  ".join(json.dumps(each, separators=(",", ":")) for each in fixture["exchanges"])
        given = json.dumps(fixture["given"], separators=(",", ":"))
        head = f'{{"source": {json.dumps(fixture["source"])},\n "given": {given},\n "exchanges": [\n  '
        target = HERE / f"{recording.stem.removeprefix('test_')}.json"
        target.write_text(f"{head}{lines}\n]}}\n", encoding="utf-8")
        print(f"{target.name}: {len(fixture['exchanges'])} exchanges")


if __name__ == "__main__":
    main()
