"""Whether a storage account takes a key, asked of the account itself.

https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow_azure.azure.clouds import Cloud
    from mlflow_azure.secret import Secret

TIMEOUT_SECONDS = 30
_VERSION = "2021-12-02"
_EMPTY_HEADERS = "\n" * 11
"""Content-Encoding to Range, none of which is sent."""
_NOT_AUTHENTICATED = "Server failed to authenticate the request"
"""What an account says of a wrong key, with code AuthenticationFailed; of a request that its firewall refuses it says
that it is not authorized: https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes"""


def is_refused(cloud: Cloud, account: str, key: Secret, endpoint: str) -> bool:
    """Whether the account says that the key is none of its own.

    An account that cannot be reached from here, or whose firewall refuses this machine, does not say so.

    Args:
        cloud: The cloud it is in.
        account: Its name.
        key: The key, in Base64.
        endpoint: URL of its blobs.

    """
    import requests

    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": _VERSION}
    signed = "".join(f"{name}:{value}\n" for name, value in headers.items())
    text = f"GET\n{_EMPTY_HEADERS}{signed}/{account}/\ncomp:list\nmaxresults:1"
    digest = hmac.digest(base64.b64decode(key.reveal()), text.encode(), hashlib.sha256)
    headers["Authorization"] = f"SharedKey {account}:{base64.b64encode(digest).decode()}"
    query = {"comp": "list", "maxresults": "1"}
    try:
        with cloud.session() as session:
            answer = session.get(endpoint, params=query, headers=headers, timeout=TIMEOUT_SECONDS)
    except requests.RequestException:
        return False
    return answer.status_code == HTTPStatus.FORBIDDEN and _NOT_AUTHENTICATED in answer.text
