"""Sign-in to a PostgreSQL flexible server: its firewall, its roles, and Microsoft Entra tokens.

https://learn.microsoft.com/azure/postgresql/security/security-entra-concepts
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
from typing import TYPE_CHECKING, Any

from jwt.exceptions import InvalidAudienceError

from mlflow_azure.emulator.arm.postgres_networks import SUBNET, reaches
from mlflow_azure.emulator.cloud_differences import CLOUDS
from mlflow_azure.emulator.runtime.database.databases import ADMINISTRATORS
from mlflow_azure.emulator.runtime.database.protocol import Refusal, identifier, literal
from mlflow_azure.emulator.tokens import TokenError

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body
    from mlflow_azure.emulator.arm.world import World
    from mlflow_azure.emulator.runtime.database.front import Client

_ANY_AZURE_SERVICE = "0.0.0.0"  # noqa: S104 - how a firewall rule names Azure's own services
_AUTHORIZATION, _PASSWORD = "28000", "28P01"
# What azure_pg_admin's members can be: https://learn.microsoft.com/training/modules/secure-azure-database-for-postgresql
_ATTRIBUTES = "LOGIN NOSUPERUSER INHERIT CREATEDB CREATEROLE REPLICATION"


class ServerGate:
    """Decides who can connect to a server, by its current state."""

    def __init__(self, world: World, server_id: str) -> None:
        self._world = world
        self._id = server_id

    def admits(self, client: Client) -> Refusal | None:
        """Return why the firewall, or missing TLS, keeps a client out.

        The texts are PostgreSQL's own, which the service uses for both: github.com/Azure/azure-cli/issues/23769,
        github.com/microsoft/azuredatastudio-postgresql/issues/257.
        """
        server = self._server()
        if server is None or server["properties"]["state"] in ("Provisioning", "Starting", "Dropping"):
            return Refusal("57P03", "the database system is starting up")
        plain_allowed = self._hidden().get("require_secure_transport", "on").lower() == "off"
        if (client.encrypted or plain_allowed) and self._firewall_admits(server, client.address):
            return None
        return Refusal(
            _AUTHORIZATION,
            f'no pg_hba.conf entry for host "{client.address}", user "{client.user}", database "{client.database}", '
            f"{'SSL encryption' if client.encrypted else 'no encryption'}",
        )

    async def reaches(self, address: str, port: int) -> bool:
        """Whether a socket of this machine can reach the server."""
        server = self._server()
        return server is not None and await reaches(self._world, server, address, port)

    async def authenticate(self, user: str, password: str) -> Refusal | None:
        """Return why this is not the password of a role; for a Microsoft Entra role it is a token."""
        server = self._server()
        if server is None:
            return _wrong_password(user)
        auth = server["properties"]["authConfig"]
        administrator = self._administrator(user)
        if administrator and auth["activeDirectoryAuth"] == "Enabled":
            return self._refuse_token(password, administrator, auth["tenantId"])
        if auth["passwordAuth"] == "Disabled" or administrator:
            return _wrong_password(user)
        select = f"SELECT rolpassword FROM pg_authid WHERE rolcanlogin AND rolname = {literal(user)}"  # noqa: S608 - quoted
        rows = await self._world.runtime.databases.sql(server["name"], select)
        verifier = rows[0][0] if rows else None
        return None if verifier and _verifies(verifier, password) else _wrong_password(user)

    def _refuse_token(self, token: str, administrator: dict[str, Any], tenant: str) -> Refusal | None:
        try:
            claims = self._world.tokens.verify(token, self._world.database_audiences)
        except TokenError as error:
            return _refused_token(error)
        if claims["tid"] != tenant:
            return _FORMAT
        role, object_id = administrator["principalName"], administrator["objectId"]
        is_user_role, is_user = administrator["principalType"] == "User", claims.get("idtyp") != "app"
        if is_user_role and not is_user:
            # An older wording of it is in Microsoft's quickstarts for Java in Azure Container Apps.
            text = f'Microsoft Entra user token for role "{role}" is neither an AAD_AUTH_TOKENTYPE_APP_USER or an '
            return Refusal(_AUTHORIZATION, text + "AAD_AUTH_TOKENTYPE_APP_OBO token.")
        if administrator["principalType"] == "ServicePrincipal" and is_user:
            # An older wording of it: github.com/MicrosoftDocs/azure-docs/issues/120133
            text = f'Service principals cannot generate AAD_AUTH_TOKENTYPE_APP_USER tokens for role "{role}".'
            return Refusal(_AUTHORIZATION, text)
        if object_id in (claims["oid"], claims.get("appid")):
            return None
        # The text is from logs of applications whose identity was recreated; for a user it is assumed.
        kind = "User" if is_user_role else "Service principal"
        return Refusal(
            _AUTHORIZATION,
            f'{kind} oid mismatch for role "The oid in the security label [{object_id}] does not match the appid '
            f'[{claims.get("appid")}] or oid [{claims["oid"]}] in the token."',
        )

    def _firewall_admits(self, server: Body, address: str) -> bool:
        """Whether a rule lets a client in.

        Every client of the emulator, including web apps, is on this machine and cannot be told apart: all of them
        count as Azure services. A rule for a range lets in its addresses, such as loopback. A server in a virtual
        network has no firewall: anyone who can reach it gets in.
        """
        network = server["properties"]["network"]
        if network["publicNetworkAccess"] == "Disabled":
            return bool(network.get(SUBNET))
        client = ipaddress.ip_address(address)
        for each in self._world.resources.of_type(f"{server['type']}/firewallRules", server["id"]):
            first, last = each["properties"]["startIpAddress"], each["properties"]["endIpAddress"]
            if first == last == _ANY_AZURE_SERVICE:
                return True
            if int(ipaddress.ip_address(first)) <= int(client) <= int(ipaddress.ip_address(last)):
                return True
        return False

    def _administrator(self, role: str) -> dict[str, Any] | None:
        administrators = self._world.resources.of_type(
            "Microsoft.DBforPostgreSQL/flexibleServers/administrators", self._id
        )
        named = (each["properties"] for each in administrators)
        return next((each for each in named if each["principalName"] == role), None)

    def _server(self) -> Body | None:
        return self._world.resources.find(self._id)

    def _hidden(self) -> dict[str, Any]:
        return self._world.resources.hidden(self._id)


async def set_password(world: World, server: Body, password: str) -> None:
    """Set the password of a server's administrator."""
    login = server["properties"]["administratorLogin"]
    await make_administrator(world, server["name"], login)
    await world.runtime.databases.sql(server["name"], f"ALTER ROLE {identifier(login)} PASSWORD {literal(password)}")
    world.resources.hidden(server["id"])["has_password"] = True


async def make_administrator(world: World, server: str, role: str) -> None:
    """Create a role with administrator rights in a server's PostgreSQL."""
    sql = world.runtime.databases.sql
    exists = await sql(server, f"SELECT FROM pg_roles WHERE rolname = {literal(role)}")
    await sql(server, f"{'ALTER' if exists else 'CREATE'} ROLE {identifier(role)} {_ATTRIBUTES}")
    await sql(server, f"GRANT {ADMINISTRATORS} TO {identifier(role)} WITH ADMIN OPTION")


def _refused_token(error: TokenError) -> Refusal:
    if error.expired:
        # github.com/dbcodeio/public/issues/1071
        return Refusal(_AUTHORIZATION, "The access token has expired. Acquire a new token and try again.")
    if isinstance(error.__cause__, InvalidAudienceError):
        # github.com/microsoft/azuredatastudio-postgresql/issues/505
        return Refusal(
            _AUTHORIZATION,
            "The access token does not have a valid audience claim. Please acquire a new token for the resource "
            f'"{CLOUDS["public"].postgres}".',
        )
    return _FORMAT


# github.com/Azure-Samples/rag-postgres-openai-python/issues/161
_FORMAT = Refusal(
    _AUTHORIZATION,
    "The access token has invalid format. Please ensure the token is passed exactly as returned by the authentication "
    "endpoint and retry.",
)


def _wrong_password(user: str) -> Refusal:
    return Refusal(_PASSWORD, f'password authentication failed for user "{user}"')


def _verifies(verifier: str, password: str) -> bool:
    """Whether a password matches PostgreSQL's SCRAM-SHA-256$ITERATIONS:SALT$STORED:SERVER (RFC 5803)."""
    scheme, _, rest = verifier.partition("$")
    if scheme != "SCRAM-SHA-256":
        return False
    parameters, _, keys = rest.partition("$")
    iterations, _, salt = parameters.partition(":")
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(iterations))
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    stored = base64.b64decode(keys.partition(":")[0])
    return hmac.compare_digest(hashlib.sha256(client_key).digest(), stored)
