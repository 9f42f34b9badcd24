"""A server behind Microsoft Entra sign-in, as its users and its tenant's administrator meet it."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import requests

from tests.support.directory import ask

if TYPE_CHECKING:
    from tests.support.command import Result
    from tests.support.deployment import Deployment

GROUP = "mlflow-rg"
PROBE = "/api/2.0/mlflow/experiments/list"
SECRET_SETTING = "MLFLOW_AZURE_SIGN_IN_SECRET"
BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0"}


@dataclass(frozen=True)
class SignIn:
    """The sign-in of a deployment."""

    deployment: Deployment

    def auth(self, verb: str, *words: str, **environ: str) -> Result:
        """`mlflow-azure auth VERB`, answered in JSON."""
        return self.deployment.cli("auth", verb, "--cloud", "emulator", "--output", "json", *words, **environ)

    def token(self, *words: str) -> str:
        """What `auth token` prints for people."""
        answer = self.deployment.cli("auth", "token", "--cloud", "emulator", *words)
        assert answer.exit_code == 0, answer.stderr
        return answer.stdout.strip()

    def status(self, token: str | None = None, **headers: str) -> int:
        """What the server answers a program that sends this token."""
        sent = headers | ({"Authorization": f"Bearer {token}"} if token else {})
        url = self.deployment.url + PROBE
        return requests.get(url, headers=sent, timeout=60, allow_redirects=False).status_code

    def browse(self, user: dict[str, str]) -> requests.Response:
        """The last page that a browser gets in which this user signs in."""
        with requests.Session() as browser:
            browser.headers.update(BROWSER)
            browser.verify, browser.trust_env = self.azure.endpoint["ca_file"], False
            page = browser.get(self.deployment.url + PROBE, timeout=60)
            assert "/oauth2/v2.0/authorize" in page.url
            chosen = browser.post(page.url, data={"user": user["id"]}, timeout=60).text
            if 'name="consent"' in chosen:
                chosen = browser.post(page.url, data={"user": user["id"], "consent": "accept"}, timeout=60).text
            action = re.search(r'action="([^"]+)"', chosen)
            fields = re.findall(r'name="([^"]+)" value="([^"]*)"', chosen)
            assert action, chosen
            return browser.post(unescape(action[1]), data={name: unescape(value) for name, value in fields}, timeout=60)

    def login_page(self) -> dict[str, list[str]]:
        """What the page that a browser is sent to is asked for."""
        answer = requests.get(self.deployment.url + "/", headers=BROWSER, timeout=60, allow_redirects=False)
        assert answer.status_code == 302
        return parse_qs(urlsplit(answer.headers["Location"]).query)

    @property
    def azure(self) -> Any:
        return self.deployment.emulator.azure

    @property
    def site(self) -> str:
        return str(next(iter(self.azure.web.web_apps.list_by_resource_group(GROUP))).name)

    @property
    def settings(self) -> dict[str, Any]:
        """The live authsettingsV2."""
        found = self.azure.web.web_apps.get_auth_settings_v2_without_secrets(GROUP, self.site)
        return dict(found.as_dict()["properties"])

    @property
    def app_settings(self) -> dict[str, str]:
        return dict(self.azure.web.web_apps.list_application_settings(GROUP, self.site).properties)

    def graph(self, path: str, **query: str) -> list[dict[str, Any]]:
        """A collection of the directory."""
        return list(ask(self.azure, "GET", path, **query).json()["value"])

    @property
    def registrations(self) -> list[dict[str, Any]]:
        return self.graph("/applications")

    def user(self) -> dict[str, str]:
        """A new user: `id` and `userPrincipalName`."""
        name = f"user-{uuid.uuid4().hex[:8]}"
        user = {"id": str(uuid.uuid4()), "displayName": name, "userPrincipalName": f"{name}@emulator.onmicrosoft.com"}
        self.deployment.emulator.control("PUT", "directory", {"users": [user]})
        return user

    def rights_in_the_directory(self, rights: str) -> None:
        """What the caller may do there: "none", "read" or "write"."""
        self.deployment.emulator.control("PUT", "permissions", {"actions": ["*"], "notActions": [], "graph": rights})

    def put_back(self) -> None:
        """No faults, all rights, no sign-in."""
        self.deployment.emulator.heal()
        self.deployment.emulator.control("PUT", "quirks", {})
        self.rights_in_the_directory("write")
        self.deployment.emulator.control("PUT", "tokens", {"lifetime": 3599})
        assert self.auth("disable", "--yes").exit_code == 0
