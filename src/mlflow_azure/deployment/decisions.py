"""Decisions that a deploy does not make by itself: changing the MLflow version, and who can reach the server."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mlflow_azure.azure.directory_rights import may_register
from mlflow_azure.deployment.features.allowed import allowed_by, left_as_it_is, names_someone
from mlflow_azure.deployment.features.sign_in import SignIn
from mlflow_azure.errors import FEDERATION_REFUSED, ROLE_REFUSED, AzureRefusedError, SettingsError
from mlflow_azure.events import Warned
from mlflow_azure.image.context import mlflow_release
from mlflow_azure.resources.web.app_settings import DATABASE_URI
from mlflow_azure.settings import FILE_SHARE, POSTGRES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.deployment.features.enabled import Features
    from mlflow_azure.events import Step
    from mlflow_azure.settings import Settings


def refuse_other_version(settings: Settings, found: str | None) -> None:
    """Raise SettingsError if the other MLflow is deployed: its runs are in another store, and would be left behind."""
    wanted = settings.mlflow_version
    if found in (None, wanted):
        return
    forth = "To move: mlflow-azure upgrade --to 3"
    back = "If it was upgraded, to go back: mlflow-azure upgrade --rollback"
    raise SettingsError(
        f"web app {settings.web_app_name} runs MLflow {found}, but MLFLOW_VERSION is {wanted}: a deploy does not move "
        "runs or artifacts",
        hint=f"Keep the deployed version: --mlflow {found}. {forth if wanted == POSTGRES else back}",
        code="OtherVersion",
    )


def refuse_unused(settings: Settings, *, identity: bool | None = None) -> None:
    """Raise SettingsError if a setting or option has no effect with the MLflow version to deploy.

    Args:
        identity: Whether to pull the image with an identity; None if not specified.

    """
    given = {
        "MLFLOW_BACKEND_URI": settings.mlflow_backend_uri,
        "MLFLOW_BACKEND_URI_SECRET": settings.mlflow_backend_uri_secret,
    }
    if settings.mlflow_version == FILE_SHARE:
        for name in (name for name, value in given.items() if value):
            raise SettingsError(
                f"{name}: MLflow {FILE_SHARE} keeps its runs on a file share, and uses no database",
                hint=f"Leave {name} out, or deploy MLflow 3: mlflow-azure deploy --mlflow 3",
            )
    elif identity is False:
        raise SettingsError(
            "--no-identity: MLflow 3 is deployed without a registry password, so its identity pulls the image",
            hint="Leave --no-identity out.",
            code="Usage",
        )


def refuse_other_release(settings: Settings, found: str | None) -> None:
    """Raise SettingsError if another release of MLflow 3 is deployed: its database schema may differ."""
    if found is None or settings.mlflow_version != POSTGRES or found == mlflow_release():
        return
    what = f"web app {settings.web_app_name} runs MLflow {found}, but this mlflow-azure has {mlflow_release()}"
    if is_newer(found):
        raise newer(what)
    raise SettingsError(
        f"{what}: a deploy does not migrate the database's schema, since that cannot be undone",
        hint="Back it up, and upgrade: mlflow-azure upgrade --backup DIRECTORY",
        code="OlderRelease",
    )


def is_newer(release: str | None) -> bool:
    """Whether the deployed release is newer than this one."""
    return _numbers(release or "") > _numbers(mlflow_release())


def newer(what: str) -> SettingsError:
    """Return the error for a newer deployed release."""
    return SettingsError(
        f"{what}: the database cannot be downgraded",
        hint="Update mlflow-azure: pipx upgrade mlflow-azure. Or restore a backup to a new deployment",
        code="NewerRelease",
    )


def _numbers(release: str) -> list[int]:
    return [int(each) for each in re.findall(r"[0-9]+", release)]


_DEFAULT = Warned(
    "You have not said who can reach the server, so only people in your organisation can, after signing in (--auth).",
    "To allow some networks instead: --allow-ip NETWORK. Or everyone: --public",
)


def decide_access(
    azure: Azure, settings: Settings, live: Features, *, auth: bool, public: bool
) -> tuple[Features, list[Warned]]:
    """Decide who can reach the server; return the features, and warnings about the decision.

    MLflow 3 is never put on the internet by accident: unless told otherwise, its first deploy requires sign-in,
    if the user may register an application. For 1.5.0, a deploy warns afterwards.

    Args:
        live: The live features.
        auth: Whether sign-in was requested.
        public: Whether everyone should get in.

    Raises:
        SettingsError: The request contradicts itself, or does not say who can reach MLflow 3.

    """
    named = names_someone(settings)
    if public and (auth or named or settings.allow_ip):
        raise SettingsError(
            "--public lets everyone in: it cannot be combined with --auth, --allow-ip, --allow-user or --allow-group",
            hint="Leave it out, or the others.",
        )
    warned: list[Warned] = []
    own = SignIn(managed=True, federated=settings.mlflow_version == POSTGRES)
    sign_in = live.sign_in or (own if auth or named else None)
    wanted = replace(live, sign_in=sign_in, is_public=live.is_public or public)
    if not _is_decided(settings, wanted):
        if live.serves or not may_register(azure):
            raise _undecided()
        wanted, warned = replace(wanted, sign_in=own), [_DEFAULT]
    if wanted.sign_in and named:
        if not wanted.sign_in.managed:
            return wanted, [left_as_it_is(wanted.sign_in.client_id)]
        wanted = replace(wanted, sign_in=replace(wanted.sign_in, allowed=allowed_by(azure, settings)))
    return wanted, warned


def _is_decided(settings: Settings, wanted: Features) -> bool:
    said = wanted.sign_in or settings.allow_ip or wanted.is_restricted or wanted.is_public
    return settings.mlflow_version == FILE_SHARE or bool(said)


def _undecided() -> SettingsError:
    return SettingsError(
        "you have not said who can reach the server, and MLflow 3 is not opened to the internet by default",
        hint="Those who sign in with Microsoft Entra ID: --auth. Some networks: --allow-ip NETWORK. Anyone: --public",
        code="AccessNotDecided",
    )


_STORES = {
    DATABASE_URI: "runs, models and traces in {}",
    "MLFLOW_SERVER_ARTIFACT_DESTINATION": "artifacts in {}",
    "MLFLOW_SERVER_FILE_STORE": "runs in {}",
    "shareName": "runs in file share {}",
}
"""The app settings, and the parts of the storage mount, that say where a server keeps its data; and the data."""


def left_behind(steps: Iterable[Step]) -> list[Warned]:
    """Return a warning if an existing server would start empty, with its data in another place.

    Such a deploy neither deletes nor moves data.

    Args:
        steps: The changes of the plan.

    """
    found = {each.path.rpartition(".")[2]: each for step in steps for each in step.differences if each.before}
    store, mount = found.get("MLFLOW_SERVER_FILE_STORE"), found.get("mountPath")
    if store and mount and _below(store.before, mount.before) == _below(store.after, mount.after):
        del found["MLFLOW_SERVER_FILE_STORE"]  # the same files, elsewhere in the container
    left = [words.format(found[path].before) for path, words in _STORES.items() if path in found]
    root = found.get("MLFLOW_SERVER_DEFAULT_ARTIFACT_ROOT")
    if root and _account(root.before) != _account(root.after):
        left.append(f"runs and artifacts in storage account {_account(root.before)}")
    if not left:
        return []
    return [
        Warned(
            f"With these settings the server leaves its data behind: {'; '.join(left)}. Nothing is deleted, and "
            "nothing is moved.",
            "To keep using that data, restore the previous names.",
        )
    ]


def _below(path: object, mount: object) -> str:
    return posixpath.relpath(str(path), str(mount))


def _account(root: object) -> str:
    """The storage account in the address of artifacts: wasbs://CONTAINER@ACCOUNT.blob.core.windows.net/mlartefacts."""
    return str(root).partition("@")[2].partition(".")[0]


@dataclass(frozen=True)
class Spare:
    """How a deploy continues without something that Azure refused."""

    features: Features
    words: str


def spare(refused: AzureRefusedError, wanted: Features, settings: Settings, *, asked: bool) -> Spare | None:
    """Return what a deploy does instead of what was refused; None if there is no alternative.

    Args:
        refused: Azure's refusal.
        wanted: The desired features.
        asked: Whether this deploy was asked to pull the image with an identity.

    """
    if refused.code == ROLE_REFUSED and asked and settings.mlflow_version == FILE_SHARE:
        return Spare(replace(wanted, identity=None), "Continuing with the registry's admin user.")
    if refused.code == FEDERATION_REFUSED and wanted.sign_in:
        sign_in = replace(wanted.sign_in, federated=False)
        return Spare(
            replace(wanted, sign_in=sign_in), "Continuing with a client secret, which is stored in an app setting."
        )
    return None
