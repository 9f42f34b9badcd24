"""PostgreSQL servers of an emulator, as the SDK makes them and as clients of PostgreSQL meet them."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from functools import cached_property
from html import unescape
from typing import TYPE_CHECKING, Any

import jwt
import msal
import psycopg
import pytest
import requests
from azure.core.exceptions import HttpResponseError
from azure.core.rest import HttpRequest
from azure.identity import ClientSecretCredential
from azure.mgmt.postgresqlflexibleservers import PostgreSQLManagementClient

from tests.support.emulated import error_code

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.emulated import Azure

AUDIENCE = "https://ossrdbms-aad.database.windows.net"
ENTRA_ONLY = {"activeDirectoryAuth": "Enabled", "passwordAuth": "Disabled"}
ROLE = "emulator"
_AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"


def wanted(**properties: Any) -> dict[str, Any]:
    """The smallest server, which only Microsoft Entra's principals sign in to."""
    return {
        "location": "westeurope",
        "sku": {"name": "Standard_B1ms", "tier": "Burstable"},
        "properties": {"version": "18", "storage": {"storageSizeGB": 32}, "authConfig": ENTRA_ONLY, **properties},
    }


def postgres(azure: Azure, **options: Any) -> Any:
    """The SDK's client."""
    return azure.client(PostgreSQLManagementClient, **options)


def server_name() -> str:
    return f"pg-{uuid.uuid4().hex[:10]}"


def token(azure: Azure, audience: str = AUDIENCE) -> str:
    """A new token of the emulator's own service principal."""
    found = azure.endpoint
    credential = ClientSecretCredential(
        found["tenant_id"],
        found["client_id"],
        found["client_secret"],
        authority=found["authority"],
        disable_instance_discovery=True,
        connection_verify=found["ca_file"],
    )
    return credential.get_token(f"{audience}/.default").token


def object_id(azure: Azure) -> str:
    """Of the emulator's own service principal."""
    claims = jwt.decode(token(azure), options={"verify_signature": False})
    return str(claims["oid"])


def new_user(azure: Azure) -> dict[str, str]:
    name = f"user-{uuid.uuid4().hex[:8]}"
    user = {"id": str(uuid.uuid4()), "displayName": name, "userPrincipalName": f"{name}@emulator.onmicrosoft.com"}
    azure.control("PUT", "directory", {"users": [user]})
    return user


def user_token(azure: Azure, user: dict[str, str]) -> str:
    """What the Azure CLI gets for a user who signs in with it: MSAL does the work."""
    with requests.Session() as http:
        http.verify, http.trust_env = azure.endpoint["ca_file"], False
        authority = f"{azure.endpoint['authority']}/{azure.endpoint['tenant_id']}"
        client = msal.PublicClientApplication(
            _AZURE_CLI, authority=authority, instance_discovery=False, http_client=http
        )
        back = {"redirect_uri": "http://localhost:8400", "response_mode": "form_post"}
        flow = client.initiate_auth_code_flow([f"{AUDIENCE}/.default"], **back)
        page = http.post(flow["auth_uri"], data={"user": user["id"]}, timeout=60).text
        answer = {name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', page)}
        signed_in = client.acquire_token_by_auth_code_flow(flow, answer)
        return str(signed_in["access_token"])


@dataclass
class Database:
    """One server of an emulator."""

    azure: Azure
    group: str
    name: str

    @classmethod
    def created(cls, azure: Azure, group: str | None = None, **properties: Any) -> Database:
        """A new server."""
        database = cls(azure, group or azure.group(), server_name())
        database.servers.begin_create_or_update(database.group, database.name, wanted(**properties)).result()
        return database

    @classmethod
    def opened(cls, azure: Azure) -> Database:
        """A new server that the emulator's own service principal administers, as the role `ROLE`."""
        database = cls.created(azure)
        database.let_in()
        database.administrate(object_id(azure), ROLE)
        return database

    @cached_property
    def client(self) -> Any:
        return postgres(self.azure)

    @property
    def servers(self) -> Any:
        return self.client.servers

    @property
    def properties(self) -> Any:
        """Of the live server."""
        return self.servers.get(self.group, self.name).properties

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = str(self.properties.fully_qualified_domain_name).partition(":")
        return host, int(port)

    def begun(self, begin: Any, *arguments: Any) -> Callable[[], str]:
        """Begin an operation; what tells its status when it is asked."""
        told: list[str] = []

        def note(response: Any) -> None:
            told.append(response.http_response.headers["Azure-AsyncOperation"])

        begin(self.group, self.name, *arguments, polling=False, raw_response_hook=note)
        client = self.client
        return lambda: str(client.send_request(HttpRequest("GET", told[0])).json()["status"])

    def let_in(self, first: str = "0.0.0.0", last: str = "0.0.0.0", rule: str = "AllowAllAzureServices") -> None:
        """Let addresses in: these mean all services of Azure."""
        addresses = {"properties": {"startIpAddress": first, "endIpAddress": last}}
        self.client.firewall_rules.begin_create_or_update(self.group, self.name, rule, addresses).result()

    def administrate(self, principal: str, role: str, kind: str = "ServicePrincipal") -> Any:
        """Make a principal an administrator."""
        properties = {"principalName": role, "principalType": kind, "tenantId": self.azure.endpoint["tenant_id"]}
        begin = self.client.administrators_microsoft_entra.begin_create_or_update
        return begin(self.group, self.name, principal, {"properties": properties}).result()

    def update(self, **properties: Any) -> Any:
        return self.servers.begin_update(self.group, self.name, {"properties": properties}).result().properties

    def configure(self, parameter: str, value: str) -> Any:
        """Set a parameter."""
        change = {"properties": {"value": value, "source": "user-override"}}
        begin = self.client.configurations.begin_update
        return begin(self.group, self.name, parameter, change).result().properties

    def connect(self, user: str = ROLE, password: str | None = None, **options: Any) -> psycopg.Connection:
        """A session over TLS, as an application has it."""
        host, port = self.address
        tls = {"sslmode": "verify-full", "sslrootcert": self.azure.endpoint["ca_file"]}
        given = {"dbname": "postgres", "user": user, "password": password or token(self.azure), **tls, **options}
        return psycopg.connect(host=host, port=port, autocommit=True, **given)


def refusal(connect: Callable[[], object]) -> str:
    """What a client that is refused is told."""
    try:
        connect()
    except psycopg.OperationalError as refused:
        return str(refused)
    raise AssertionError("the server let the client in")


def refused(begin: Callable[[], Any]) -> str:
    """The code with which a request, or its operation, fails."""
    with pytest.raises(HttpResponseError) as failure:
        begin().result()
    return error_code(failure.value)
