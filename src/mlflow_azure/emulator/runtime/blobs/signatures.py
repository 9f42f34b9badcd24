"""Shared access signatures: those used with Azurite, and user delegation keys and signatures.

https://learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlencode

from mlflow_azure.emulator.runtime.blobs.blob_errors import authentication_failed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

# The version of the signatures for Azurite.
_VERSION = "2021-12-02"
_LIFE = timedelta(days=1)
_OVERRIDES = ("rscc", "rscd", "rsce", "rscl", "rsct")
# The fields that identify the key of a user delegation SAS, and those added by later versions.
_KEY = ("skoid", "sktid", "skt", "ske", "sks", "skv")
_AGENTS = ("saoid", "suoid", "scid")
_DELEGATED = ("skdutid", "sduoid")
_HEADERS = ("srh", "srq")
_LAYOUTS = (((), ()), (_DELEGATED, ()), (_DELEGATED, _HEADERS))
_OF_SIGNATURE = {"sp", "st", "se", "sv", "sr", "sig", "sip", "spr", "ses", *_KEY, *_AGENTS, *_DELEGATED, *_HEADERS}
_OF_SIGNATURE |= {*_OVERRIDES}


def account_signature(account: str, key: str) -> str:
    """Return an account SAS for everything, valid for a day: a query string."""
    # Imported here: it takes 0.3 s.
    from azure.storage.blob import generate_account_sas

    return str(generate_account_sas(account, key, "sco", "rwdxlacuptfi", datetime.now(UTC) + _LIFE))


def delegation_key(key: str, described: Mapping[str, str]) -> str:
    """Return the user delegation key for the fields in `described`, with their names in signatures."""
    return _sign(key, "\n".join(described[name] for name in _KEY))


def as_service_signature(request: Request, account: str, key: str) -> str:
    """Return the query of a request with its user delegation SAS replaced by an equivalent service SAS.

    Raises:
        BlobError: The signature is not valid, or its key has expired.

    """
    given = request.query_params
    resource = _resource(request, account, given.get("sr", ""))
    described = {name: given.get(name, "") for name in _KEY}
    candidates = (_delegation_text(given, resource, layout) for layout in _LAYOUTS)
    signing = delegation_key(key, described)
    signature = given.get("sig", "").encode()
    if not any(hmac.compare_digest(_sign(signing, text).encode(), signature) for text in candidates):
        raise authentication_failed("Signature did not match.")
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if not described["skt"] <= now <= described["ske"]:
        raise authentication_failed("Signature not valid in the specified key time frame.")
    kept = [(name, value) for name, value in given.multi_items() if name not in _OF_SIGNATURE]
    return urlencode([*kept, *_service_signature(given, resource, key).items()])


def _service_signature(given: Mapping[str, str], resource: str, key: str) -> dict[str, str]:
    """https://learn.microsoft.com/rest/api/storageservices/create-service-sas."""
    values = {**given, "sv": _VERSION}
    names = ("sip", "spr", "sv", "sr", "", "ses", *_OVERRIDES)
    head = [values.get(name, "") for name in ("sp", "st", "se")]
    text = "\n".join([*head, resource, "", *(values.get(name, "") for name in names)])
    signed = {name: values[name] for name in ("sp", "st", "se", *names) if values.get(name)}
    return {**signed, "sig": _sign(key, text)}


def _delegation_text(given: Mapping[str, str], resource: str, layout: tuple[tuple[str, ...], ...]) -> str:
    """Return the string to sign with a user delegation key, which depends on the service version."""
    delegated, headers = layout
    values = [given.get(name, "") for name in ("sp", "st", "se")]
    names = (*_KEY, *_AGENTS, *delegated, "sip", "spr", "sv", "sr", "", "ses", *headers, *_OVERRIDES)
    return "\n".join([*values, resource, *(given.get(name, "") for name in names)])


def _resource(request: Request, account: str, kind: str) -> str:
    path = unquote(request.scope["raw_path"].decode("ascii")).strip("/")
    return f"/blob/{account}/{path.partition('/')[0] if kind == 'c' else path}"


def _sign(key: str, text: str) -> str:
    digest = hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()
