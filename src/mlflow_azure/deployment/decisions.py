"""What a deploy does not decide by itself: to change the MLflow that is deployed, and whom to let in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mlflow_azure.errors import FEDERATION_REFUSED, ROLE_REFUSED, AzureRefusedError, SettingsError
from mlflow_azure.settings import FILE_SHARE, POSTGRES

if TYPE_CHECKING:
    from mlflow_azure.deployment.features.enabled import Features
    from mlflow_azure.settings import Settings


def refuse_other_version(settings: Settings, found: str | None) -> None:
    """Raise SettingsError where another MLflow is deployed: its runs are in another store, and would be left behind."""
    wanted = settings.mlflow_version
    if found in (None, wanted):
        return
    move = "mlflow-azure upgrade --to 3" if wanted == POSTGRES else "mlflow-azure upgrade --rollback"
    raise SettingsError(
        f"web app {settings.web_app_name} runs MLflow {found}, and MLFLOW_VERSION is {wanted}: a deploy does not move "
        "runs or artifacts",
        hint=f"Keep what is deployed: --mlflow {found}. To move: {move}",
        code="OtherVersion",
    )


def refuse_undecided_access(settings: Settings, wanted: Features) -> None:
    """Raise SettingsError where nobody has said who may reach MLflow 3. For 1.5.0 a deploy warns afterwards."""
    decided = wanted.sign_in or settings.allow_ip or wanted.is_restricted or wanted.is_public
    if settings.mlflow_version == FILE_SHARE or decided:
        return
    raise SettingsError(
        "you have not said who may reach the server, and MLflow 3 is not opened to the internet by accident",
        hint="Those who sign in with Microsoft Entra ID: --auth. Some networks: --allow-ip NETWORK. Everyone: --public",
        code="AccessNotDecided",
    )


@dataclass(frozen=True)
class Spare:
    """How a deploy goes on without something that Azure refused."""

    features: Features
    words: str


def spare(refused: AzureRefusedError, wanted: Features, settings: Settings, *, asked: bool) -> Spare | None:
    """What a deploy does instead of what was refused; None where nothing else will do.

    Args:
        refused: What Azure said.
        wanted: How the deployment was to be.
        settings: Of the deployment.
        asked: Whether this deploy was told to pull the image with an identity.

    """
    if refused.code == ROLE_REFUSED and asked and settings.mlflow_version == FILE_SHARE:
        return Spare(replace(wanted, identity=None), "Continuing with the registry's admin user.")
    if refused.code == FEDERATION_REFUSED and wanted.sign_in:
        sign_in = replace(wanted.sign_in, federated=False)
        return Spare(
            replace(wanted, sign_in=sign_in), "Continuing with a client secret, which is kept in an app setting."
        )
    return None
