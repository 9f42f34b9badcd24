"""The app registration's secret: created here, stored only in an app setting, and renewed before it expires.

Microsoft Graph returns a password only on creation. Afterwards it returns the first three characters (`hint`), which
show whether the one in the app settings is still the registration's:
https://learn.microsoft.com/graph/api/resources/passwordcredential.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mlflow_azure.azure.refusals import doing
from mlflow_azure.engine.compare import UNKNOWN
from mlflow_azure.errors import MlflowAzureError
from mlflow_azure.resources import arm
from mlflow_azure.resources.base import AzureResource
from mlflow_azure.resources.web.app_settings import SIGN_IN_SECRET
from mlflow_azure.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.engine.node import Given, Node, Properties, Report
    from mlflow_azure.resources.entra.app_registration import AppRegistration

LABEL = "mlflow-azure"
VALID_DAYS = 180
RENEW_DAYS = 30
_HINT = 3  # characters
KNOWN_SECONDS = 60.0
TIMEOUT_SECONDS = 30
_UNKNOWN_SECRET = "AADSTS7000215"  # noqa: S105 - the code of "Invalid client secret provided"
"""https://learn.microsoft.com/entra/identity-platform/reference-error-codes"""


class ClientSecret(AzureResource):
    """A password of the registration, valid for half a year, and renewed a month before it expires.

    Args:
        registration: Its registration.
        renew: Renew it now.

    """

    kind = "client secret"
    changing_outputs = ("secret", "key_id")

    def __init__(self, registration: AppRegistration, *, renew: bool = False) -> None:
        super().__init__(registration.azure, registration.name, parent=registration, needs=(registration,))
        self.registration = registration
        self.renew = renew

    @property
    def id(self) -> str:
        return f"{self.registration.id}/passwords/{LABEL}"

    def read(self, given: Given) -> Properties | None:
        """Return whether the secret in the app settings works, and until when; None if there is none."""
        used = self._in_app_settings()
        if used is None:
            return None
        credential = _credential(given(self.registration, "credentials"), used) or {}
        ends = credential.get("endDateTime")
        expires = datetime.fromisoformat(ends) if ends else None
        lasts = bool(expires and expires - datetime.now(UTC) > timedelta(days=RENEW_DAYS))
        return {"valid": lasts and not self.renew, "expires": expires, "key_id": credential.get("keyId")}

    def _in_app_settings(self) -> str | None:
        site = self.registration.site
        with doing(f"reading the app settings of {site}"):
            answer = self.azure.web.web_apps.list_application_settings(*site.where)
        return (arm.body(answer).get("properties") or {}).get(SIGN_IN_SECRET)

    def desired(self, given: Given) -> Properties:
        """A secret that works and is not about to expire."""
        return {"valid": True}

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        """Add a password. The one in use stays valid until the new one is in the app settings."""
        registration = f"/applications/{given(self.registration, 'object_id')}"
        expires = datetime.now(UTC) + timedelta(days=VALID_DAYS)
        wanted = {"displayName": LABEL, "endDateTime": expires.isoformat()}
        with doing(f"creating a client secret for {self.registration}"):
            self._remove_unused(registration, given(self.registration, "credentials"))
            made = self.azure.directory.create(f"{registration}/addPassword", {"passwordCredential": wanted})
        secret = Secret(made["secretText"])
        if self.renew:
            wait_until_accepted(self.azure, str(given(self.registration, "client_id")), secret, report)
        return {"valid": True, "expires": expires, "secret": secret, "key_id": made["keyId"]}

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        return self.create(desired, given, report)

    def _remove_unused(self, registration: str, credentials: Iterable[Mapping[str, Any]]) -> None:
        used = _credential(credentials, self._in_app_settings() or "")
        for each in credentials:
            if each.get("displayName") == LABEL and each is not used:
                self.azure.directory.create(f"{registration}/removePassword", {"keyId": each["keyId"]})

    def outputs(self, live: Properties) -> Properties:
        """secret: the new one; None if the one in the app settings stays, whose value is not needed. key_id."""
        secret = live.get("secret") if live["valid"] else UNKNOWN
        return {"secret": secret, "expires": live["expires"], "key_id": live["key_id"]}

    def state(self, live: Properties) -> str:
        return f"Valid until {live['expires']:%Y-%m-%d}" if live["expires"] else "Not valid"


class OldClientSecrets(AzureResource):
    """Deletes our passwords of the registration, except the one in use."""

    kind = "old client secrets"

    def __init__(self, secret: ClientSecret, *, after: tuple[Node, ...]) -> None:
        registration = secret.registration
        needs = (registration, secret)
        super().__init__(registration.azure, registration.name, parent=registration, needs=needs, after=after)
        self.secret = secret
        self.registration = registration

    @property
    def id(self) -> str:
        return f"{self.registration.id}/passwords"

    def read(self, given: Given) -> Properties | None:
        """Return the ids of all our passwords."""
        with doing(f"reading the client secrets of {self.registration}"):
            live = self.azure.directory.get(f"/applications/{given(self.registration, 'object_id')}")
        ours = [each for each in live.get("passwordCredentials") or [] if each.get("displayName") == LABEL]
        return {"key_ids": [each["keyId"] for each in ours]}

    def desired(self, given: Given) -> Properties:
        return {"key_ids": [given(self.secret, "key_id")]}

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        """Never called: there is always one."""
        return desired

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        path = f"/applications/{given(self.registration, 'object_id')}/removePassword"
        with doing(f"removing the old client secrets of {self.registration}"):
            for key_id in live["key_ids"]:
                if key_id not in desired["key_ids"]:
                    self.azure.directory.create(path, {"keyId": key_id})
        return desired


def wait_until_accepted(azure: Azure, client_id: str, secret: Secret, report: Report) -> None:
    """Wait, for a minute at most, until Microsoft Entra ID accepts a new secret: its replicas lag.

    Raises:
        MlflowAzureError: It still refuses it.

    """
    form = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": secret.reveal(),
        "scope": f"{client_id}/.default",
    }

    def known() -> bool | None:
        with azure.cloud.session() as session:
            url = f"{azure.cloud.authority}/{azure.tenant_id}/oauth2/v2.0/token"
            refused = _UNKNOWN_SECRET in session.post(url, data=form, timeout=TIMEOUT_SECONDS).text
        if refused:
            report("Microsoft Entra ID does not accept it yet", None)
        return None if refused else True

    with doing("trying the new client secret"):
        if azure.deadline.poll(known, patience=KNOWN_SECONDS) is None:
            raise MlflowAzureError(
                f"trying the new client secret: Microsoft Entra ID did not accept it in {KNOWN_SECONDS:.0f} seconds",
                hint="The server keeps using the old one. Run the command again.",
                code="KeyNotAccepted",
            )


def _credential(credentials: Iterable[Mapping[str, Any]], secret: str) -> Mapping[str, Any] | None:
    """Return the registration's credential for a secret, as far as its first characters tell."""
    found = [each for each in credentials if secret and each.get("hint") == secret[:_HINT]]
    return max(found, key=lambda each: str(each.get("endDateTime")), default=None)
