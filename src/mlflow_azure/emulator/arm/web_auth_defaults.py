"""The sign-in settings of a new web app in App Service's responses: both versions.

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
    """Return the properties after a request: omitted ones are unset."""
    claims = _NO_CLAIMS if wanted.get("clientId") else None
    return {**new_auth_settings(), "aadClaimsAuthorization": claims, **wanted}


def unused_auth_settings() -> dict[str, Any]:
    """Return the `siteAuthSettings` of a site's configuration, which are null whatever is set."""
    return {**new_auth_settings(), "enabled": None, "configVersion": None}


def new_auth_settings_v2() -> dict[str, Any]:
    """Properties of `config/authsettingsV2` that was never written.

    Assumed: no published recording of it is known.
    """
    return {"platform": {"enabled": False}}
