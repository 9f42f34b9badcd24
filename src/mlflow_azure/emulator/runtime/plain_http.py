"""Clients of servers on loopback, without TLS."""

from __future__ import annotations

import ssl
from typing import Any

import httpx

_TRUSTS_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def plain_client(**options: Any) -> httpx.AsyncClient:
    """Return a client with httpx's options. Left to itself, it would first load all public certificates: 20 ms."""
    return httpx.AsyncClient(verify=_TRUSTS_NOBODY, trust_env=False, **options)
