"""Access tokens of the emulated Microsoft Entra tenant: signing, keys, verification."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from mlflow_azure.emulator.state import write_private

if TYPE_CHECKING:
    from pathlib import Path

LIFETIME_SECONDS = 3599
_KEY_ID = "emulator"


class TokenError(Exception):
    """A token was refused. `expired` is the only reason that a client can fix by itself."""

    def __init__(self, message: str, *, expired: bool = False) -> None:
        super().__init__(message)
        self.expired = expired


class TokenIssuer:
    """Signs and verifies the tokens of one tenant.

    Args:
        key_file: PEM of the RSA key; created on first use.
        tenant: The tenant's id.
        authority: The sign-in endpoint, without a trailing slash: "https://localhost:20000".

    """

    def __init__(self, key_file: Path, tenant: str, authority: str) -> None:
        self._key = _signing_key(key_file)
        self.tenant = tenant
        self._authority = authority
        self.issuer_of_cloud = authority
        self.lifetime = LIFETIME_SECONDS

    def issuer(self, tenant: str, version: int = 2) -> str:
        """Return the issuer of a tenant's tokens. In v2 it depends on the cloud, not on the sign-in endpoint."""
        return f"{self._authority}/{tenant}/" if version == 1 else f"{self.issuer_of_cloud}/{tenant}/v2.0"

    def sign(self, audience: str, subject: str, version: int = 1, tenant: str = "", **claims: Any) -> str:
        """Return a token for `audience` (an API's identifier), issued to the principal with object id `subject`.

        `version` is the API's own choice (`requestedAccessTokenVersion`); tokens of the two versions have different
        issuers: https://learn.microsoft.com/entra/identity-platform/access-tokens. `tenant` defaults to the own one.
        """
        now = int(time.time())
        tenant = tenant or self.tenant
        issuer = self.issuer(tenant, version)
        standard = {"iss": issuer, "aud": audience, "sub": subject, "oid": subject, "tid": tenant}
        moments = {"iat": now, "nbf": now, "exp": now + self.lifetime}
        identity = {"ver": f"{version}.0", "uti": uuid.uuid4().hex}
        return jwt.encode({**standard, **moments, **identity, **claims}, self._key, "RS256", headers={"kid": _KEY_ID})

    def verify(self, token: str, audiences: frozenset[str] | None, issuer: str | None = None) -> dict[str, Any]:
        """Return the claims of `token`, which must be signed here, valid, and for one of `audiences` (None: any).

        If `issuer` is given, the token must have exactly that one.

        Raises:
            TokenError: It is not ours, expired, or for another audience.

        """
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key.public_key(),
                ["RS256"],
                audience=audiences,
                issuer=issuer or None,
                options={"verify_aud": audiences is not None},
            )
        except jwt.ExpiredSignatureError as error:
            raise TokenError(str(error), expired=True) from error
        except (jwt.InvalidTokenError, RecursionError) as error:  # a header that is nested too deeply
            raise TokenError(str(error)) from error
        return claims

    def public_keys(self) -> dict[str, Any]:
        """Return the JSON Web Key Set for verifying the tokens."""
        key = json.loads(RSAAlgorithm.to_jwk(self._key.public_key()))
        return {"keys": [{**key, "kid": _KEY_ID, "use": "sig", "issuer": self.issuer(self.tenant)}]}


def _signing_key(file: Path) -> rsa.RSAPrivateKey:
    if not file.exists():
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write_private(file, pem.decode())
    # The emulator made this key itself; checking its primes would take 50 ms of each start.
    loaded = serialization.load_pem_private_key(file.read_bytes(), None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(loaded, rsa.RSAPrivateKey):
        raise TypeError(f"{file} does not hold an RSA key")
    return loaded
