"""Replays recorded exchanges with Azure against an emulator, and compares what the two answer."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import requests

if TYPE_CHECKING:
    from tests.support.emulated import Azure

FIXTURES = Path(__file__).parents[1] / "integration" / "emulator" / "recorded"
_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
_OPERATION_HEADERS = ("location", "azure-asyncoperation")
# Values that say how a request went or what a resource is. Of all others only the type is compared.
_COMPARED = frozenset(
    {"code", "Code", "reason", "nameAvailable", "state", "status", "provisioningState", "registrationState"}
    | {"type", "kind", "tier", "enabled", "action", "unit"}
)


@dataclass(frozen=True)
class Exchange:
    """One recorded exchange, and what the emulator answered.

    Attributes:
        number: Its place in the recording, from 1.
        faults: Where the answers differ; empty where they agree.
        same_status: Whether at least the status agrees.

    """

    number: int
    method: str
    path: str
    faults: list[str]
    same_status: bool


@dataclass
class Replay:
    """Sends the requests of one fixture, in their order."""

    azure: Azure
    fixture: dict[str, Any]
    _operations: dict[str, str] = field(default_factory=dict)

    def run(self) -> list[Exchange]:
        """All exchanges. An operation answers one poll with "not yet", as in the recordings."""
        self._prepare()
        self.azure.control("PUT", "latency", {"profile": "none", "reads": 1})
        try:
            return [self._exchange(number, each) for number, each in enumerate(self.fixture["exchanges"], start=1)]
        finally:
            self.azure.control("PUT", "latency", {"profile": "none"})
            for given in self.fixture["given"]:
                if "/providers/" not in given["path"]:
                    self.azure.groups.append(given["path"].rpartition("/")[2])
            self.azure.clean_up()

    def _prepare(self) -> None:
        for given in self.fixture["given"]:
            answer = send(self.azure, "PUT", given["path"] + "?api-version=2023-01-01", given["body"])
            assert answer.ok, f"{given['path']}: {answer.text}"

    def _exchange(self, number: int, recorded: dict[str, Any]) -> Exchange:
        path = self._operations.get(recorded["path"], recorded["path"])
        answer = send(self.azure, recorded["method"], path, recorded["body"])
        self._remember(recorded["headers"], answer)
        same_status = answer.status_code == recorded["status"]
        faults = list(_differences(recorded, answer))
        if not same_status:
            faults = [f"status {answer.status_code}, not {recorded['status']}: {answer.text[:200]}"]
        return Exchange(number, recorded["method"], recorded["path"], faults, same_status)

    def _remember(self, headers: dict[str, str], answer: requests.Response) -> None:
        """Where the emulator has the operation that the recording has at another URL."""
        for name in _OPERATION_HEADERS:
            if name in headers and name in answer.headers:
                self._operations[headers[name]] = answer.headers[name]
                self._operations[urlsplit(headers[name]).path] = answer.headers[name]


def send(azure: Azure, method: str, path: str, body: Any = None) -> requests.Response:
    """One request to Resource Manager, with the emulator's subscription in place of the recorded one."""
    endpoint, own = azure.endpoint, azure.subscription
    url = path if path.startswith("https:") else endpoint["resource_manager"] + path
    token = azure.credential.get_token(endpoint["resource_manager"] + "/.default").token
    return requests.request(
        method,
        url.replace(_SUBSCRIPTION, own),
        data=None if body is None else json.dumps(body).replace(_SUBSCRIPTION, own),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        verify=endpoint["ca_file"],
        timeout=60,
    )


def load(name: str) -> dict[str, Any]:
    """One fixture."""
    return json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))


def names() -> list[str]:
    """All fixtures."""
    return sorted(each.stem for each in FIXTURES.glob("*.json"))


def _differences(recorded: dict[str, Any], answer: requests.Response) -> Any:
    for name in _OPERATION_HEADERS:
        if name in recorded["headers"] and name not in answer.headers:
            yield f"header {name} is missing"
    expected = recorded["answer"]
    if expected is None:
        if answer.text:
            yield f"has a body: {answer.text[:80]}"
        return
    media_type = recorded["headers"].get("content-type", "").partition(";")[0]
    actual_type = answer.headers.get("content-type", "").partition(";")[0]
    if media_type != actual_type:
        yield f"content type {actual_type!r}, not {media_type!r}"
    elif media_type.endswith("xml"):
        yield from _compared("", _outline(expected), _outline(answer.text))
    else:
        yield from _compared("", expected, answer.json())


def _outline(text: str) -> dict[str, Any]:
    """XML as an object: the attributes, and the children by name."""
    return _element(ET.fromstring(text))


def _element(element: ET.Element) -> dict[str, Any]:
    return dict(element.attrib) | {"children": [{each.tag: _element(each)} for each in element]}


def _compared(path: str, expected: Any, actual: Any) -> Any:
    """Where two values differ in their keys, their types, or in the values that matter."""
    if _kind(expected) != _kind(actual):
        yield f"{path or '.'}: {_kind(actual)} {str(actual)[:60]!r}, not {_kind(expected)} {str(expected)[:60]!r}"
    elif isinstance(expected, dict):
        yield from (f"{path}.{name}: missing" for name in expected.keys() - actual.keys())
        yield from (f"{path}.{name}: not in Azure" for name in actual.keys() - expected.keys())
        for name in expected.keys() & actual.keys():
            yield from _compared(f"{path}.{name}", expected[name], actual[name])
    elif isinstance(expected, list):
        if bool(expected) != bool(actual):
            yield f"{path}: {len(actual)} entries, not {len(expected)}"
        for number, (one, other) in enumerate(zip(expected, actual, strict=False)):
            yield from _compared(f"{path}[{number}]", one, other)
    elif path.rpartition(".")[2] in _COMPARED and expected != actual:
        yield f"{path}: {actual!r}, not {expected!r}"


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return {dict: "object", list: "list", str: "string", int: "number", float: "number"}.get(type(value), "null")
