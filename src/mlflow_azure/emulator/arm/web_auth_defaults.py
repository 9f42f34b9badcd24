"""The sign-in settings of a new web app, as App Service answers them: both versions.

The first version was seen in recordings of Azure of 2023 (azure-cli, command module appservice).
"""

from __future__ import annotations

from typing import Any

_UNSET = (
    *("unauthenticatedClientAction", "tokenStoreEnabled", "allowedExternalRedirectUrls", "defaultProvider"),
    *("clientId", "clientSecret", "clientSecretSettingName", "clientSecretCertificateThumbprint", "issuer"),
    *("allowedAudiences", "additionalLoginParams", "aadClaimsAuthorization"),
    *("googleClientId", "googleClientSecret", "googleClientSecretSettingName", "googleOAuthScopes"),
    *("facebookAppId", "facebookAppSecret", "facebookAppSecretSettingName", "facebookOAuthScopes"),
    *("gitHubClientId", "gitHubClientSecret", "gitHubClientSecretSettingName", "gitHubOAuthScopes"),
    *("twitterConsumerKey", "twitterConsumerSecret", "twitterConsumerSecretSettingName"),
    *("microsoftAccountClientId", "microsoftAccountClientSecret", "microsoftAccountClientSecretSettingName"),
    "microsoftAccountOAuthScopes",
)
_NO_CLAIMS = '{"allowed_groups":null,"allowed_client_applications":[]}'


def new_auth_settings() -> dict[str, Any]:
    """Properties of `config/authsettings`."""
    return {"enabled": False, **dict.fromkeys(_UNSET), "isAadAutoProvisioned": False, "configVersion": "v1"}


def auth_settings(wanted: dict[str, Any]) -> dict[str, Any]:
    """The properties after a request: what it leaves out is unset again."""
    claims = _NO_CLAIMS if wanted.get("clientId") else None
    return {**new_auth_settings(), "aadClaimsAuthorization": claims, **wanted}


def unused_auth_settings() -> dict[str, Any]:
    """The `siteAuthSettings` of a site's configuration; they are null there, whatever is set."""
    return {**new_auth_settings(), "enabled": None, "configVersion": None}


def new_auth_settings_v2() -> dict[str, Any]:
    """Properties of `config/authsettingsV2`: nothing else, where nobody has ever written them.

    Assumed: no published recording of it is known.
    """
    return {"platform": {"enabled": False}}
