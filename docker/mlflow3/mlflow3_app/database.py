"""How the server signs in to its database: over TLS, and without a password by a token for each new connection.

Tokens end after an hour or more, but only a new connection needs one:
https://learn.microsoft.com/azure/postgresql/flexible-server/how-to-connect-with-managed-identity
"""

import os
from collections.abc import Mapping
from typing import Any

import sqlalchemy
from sqlalchemy.engine import URL, Engine

_SYSTEM_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
_PUBLIC_CLOUD = "https://ossrdbms-aad.database.windows.net/.default"


def complete_uri(uri: str, environ: Mapping[str, str]) -> str:
    """`uri` with the driver of this image, and with TLS that knows the server; `environ` says the certificates.

    Raises:
        ValueError: It is none that this server can open; the message shows nothing of it.

    """
    try:
        url = sqlalchemy.make_url(uri)
    except (sqlalchemy.exc.ArgumentError, ValueError):
        raise ValueError("is no URI of a database") from None
    if url.drivername == "sqlite" and (url.database or "").startswith("/"):
        return uri
    if url.drivername not in ("postgresql", "postgresql+psycopg2"):
        raise ValueError("must begin with postgresql:// or sqlite:////")
    if not (url.username and url.host and url.database):
        raise ValueError("must name user, host and database")
    url = url.update_query_dict({"connect_timeout": url.query.get("connect_timeout", "10")})  # seconds, else for ever
    return _over_tls(url, environ).set(drivername="postgresql+psycopg2").render_as_string(hide_password=False)


def _over_tls(url: URL, environ: Mapping[str, str]) -> URL:
    mode = url.query.get("sslmode", "verify-full")
    if mode != "verify-full":
        if url.password is None:
            raise ValueError("must leave sslmode at verify-full, since a token is sent there")
        return url
    certificates = environ.get("SSL_CERT_FILE") or environ.get("REQUESTS_CA_BUNDLE") or _SYSTEM_CERTIFICATES
    return url.update_query_dict({"sslmode": mode, "sslrootcert": url.query.get("sslrootcert", certificates)})


@sqlalchemy.event.listens_for(Engine, "do_connect")
def _sign_in(dialect: Any, _record: Any, _arguments: Any, parameters: dict[str, Any]) -> None:
    """Give a connection to PostgreSQL that has no password a token in its place."""
    if dialect.name == "postgresql" and "password" not in parameters:
        from mlflow3_app.identity import credential

        scope = os.environ.get("MLFLOW_SERVER_POSTGRES_SCOPE") or _PUBLIC_CLOUD
        parameters["password"] = credential().get_token(scope).token
