"""The app registration's secret: made here, held only in an app setting of the web app, and renewed in time.

Microsoft Graph tells a password once, when it is made. Afterwards it tells its first three characters (`hint`), which
say whether the one in the app settings is still the registration's:
https://learn.microsoft.com/graph/api/resources/passwordcredential.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mlflow_azure.azure.refusals import doing
from mlflow_azure.engine.compare import UNKNOWN
from mlflow_azure.resources import arm
from mlflow_azure.resources.base import AzureResource
from mlflow_azure.resources.web.app_settings import SIGN_IN_SECRET
from mlflow_azure.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mlflow_azure.engine.node import Given, Properties, Report
    from mlflow_azure.resources.entra.app_registration import AppRegistration

LABEL = "mlflow-azure"
VALID_DAYS = 180
RENEW_DAYS = 30
_HINT = 3  # characters


class ClientSecret(AzureResource):
    """A password of the registration, valid for half a year, and renewed when a month of it is left."""

    kind = "client secret"

    def __init__(self, registration: AppRegistration) -> None:
        super().__init__(registration.azure, registration.name, parent=registration, needs=(registration,))
        self.registration = registration

    @property
    def id(self) -> str:
        """Whose it is, in the manner of an id."""
        return f"{self.registration.id}/passwords/{LABEL}"

    def read(self, given: Given) -> Properties | None:
        """Whether the secret in the app settings works, and until when; None where there is none."""
        used = self._in_app_settings()
        if used is None:
            return None
        credential = _credential(given(self.registration, "credentials"), used) or {}
        expires = _moment(credential.get("endDateTime"))
        return {"valid": bool(expires and expires - datetime.now(UTC) > timedelta(days=RENEW_DAYS)), "expires": expires}

    def _in_app_settings(self) -> str | None:
        site = self.registration.site
        with doing(f"reading the app settings of {site}"):
            answer = self.azure.web.web_apps.list_application_settings(site.group.name, site.name)
        return (arm.body(answer).get("properties") or {}).get(SIGN_IN_SECRET)

    def desired(self, given: Given) -> Properties:
        """One that works, and goes on working for a while."""
        return {"valid": True}

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        """Add a password. Of older ones that in use stays: it has to work until the new one is in the app settings."""
        registration = f"/applications/{given(self.registration, 'object_id')}"
        expires = datetime.now(UTC) + timedelta(days=VALID_DAYS)
        wanted = {"displayName": LABEL, "endDateTime": expires.isoformat()}
        with doing(f"making a client secret for {self.registration}"):
            self._remove_unused(registration, given(self.registration, "credentials"))
            made = self.azure.directory.create(f"{registration}/addPassword", {"passwordCredential": wanted})
        return {"valid": True, "expires": expires, "secret": Secret(made["secretText"])}

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        """Renew it."""
        return self.create(desired, given, report)

    def _remove_unused(self, registration: str, credentials: Iterable[Mapping[str, Any]]) -> None:
        used = _credential(credentials, self._in_app_settings() or "")
        for each in credentials:
            if each.get("displayName") == LABEL and each is not used:
                self.azure.directory.create(f"{registration}/removePassword", {"keyId": each["keyId"]})

    def outputs(self, live: Properties) -> Properties:
        """secret: the new one; None where the one in the app settings goes on, which nobody needs to know."""
        return {"secret": live.get("secret") if live["valid"] else UNKNOWN, "expires": live["expires"]}

    def state(self, live: Properties) -> str:
        """Until when it is valid."""
        return f"Valid until {live['expires']:%Y-%m-%d}" if live["expires"] else "Not valid"


def _credential(credentials: Iterable[Mapping[str, Any]], secret: str) -> Mapping[str, Any] | None:
    """The credential of the registration that a secret is, as far as its first characters tell."""
    found = [each for each in credentials if secret and each.get("hint") == secret[:_HINT]]
    return max(found, key=lambda each: str(each.get("endDateTime")), default=None)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
