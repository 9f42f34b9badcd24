"""New keys for a running server: for its storage account, its registry and its sign-in.

Azure has two valid keys for everything. So every old key can be replaced while the server always has a valid
one:

    renew the unused key → wait until it is accepted → switch the server to it → wait until the container that
    has it responds → renew the other key

If this stops half-way, running it again starts over: the key in use is read from the live mount and app
settings, and a key renewed by the stopped run is renewed once more. No other state is needed. All kinds share
one write of the app settings, and therefore one restart.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING

from mlflow_azure import engine
from mlflow_azure.deployment.app_setting_parts import FixedSettings, RegistrySettings, SignInSettings, StorageSettings
from mlflow_azure.deployment.features.enabled import enabled_features
from mlflow_azure.deployment.stack import mlflow_stack
from mlflow_azure.resources.entra.app_registration import AppRegistration, GivenRegistration
from mlflow_azure.resources.entra.client_secret import ClientSecret, OldClientSecrets
from mlflow_azure.resources.mlflow_server import Server
from mlflow_azure.resources.registry.registry_password import RegistryPassword
from mlflow_azure.resources.storage.storage_key import StorageKey
from mlflow_azure.resources.web.app_settings import CONNECTION_STRING, REGISTRY_PASSWORD, AppSettings
from mlflow_azure.resources.web.storage_mount import StorageMount
from mlflow_azure.settings import FILE_SHARE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.deployment.dialog import Dialog
    from mlflow_azure.deployment.features.enabled import Features
    from mlflow_azure.engine.node import Node
    from mlflow_azure.resources.web.app_settings import SettingsPart
    from mlflow_azure.secret import Secret
    from mlflow_azure.settings import Settings


class Kind(StrEnum):
    """The kinds of keys that can be rotated."""

    STORAGE = "storage"
    REGISTRY = "registry"
    SIGN_IN = "sign-in"


_Retire = Callable[["Node"], "Node"]
"""Retires the key that was in use, once a server no longer uses it."""
_PAIRS = {"key1": "key2", "key2": "key1", "password": "password2", "password2": "password"}


class Keys:
    """The keys of a live deployment, and the ones in use.

    Attributes:
        url: URL of the server.
        fixed: The kinds without a key of ours to rotate, and why.

    """

    def __init__(self, azure: Azure, settings: Settings) -> None:
        """Read them. Raises MlflowAzureError if nothing is deployed, or Azure cannot be read."""
        self._azure, self._settings = azure, settings
        self._features = enabled_features(azure, settings)
        self._version = self._features.version or FILE_SHARE
        self._stack = mlflow_stack(azure, settings, self._features)
        self.fixed = _without_keys(self._features, self._version)
        self._mount = next((node for node in self._stack.nodes if isinstance(node, StorageMount)), None)
        self._read()

    def _read(self) -> None:
        stack, app_settings = self._stack, AppSettings(self._stack.site, [])
        registry = () if Kind.REGISTRY in self.fixed else (stack.registry,)
        storage = (stack.account, self._mount) if self._mount else ()
        readings = engine.read(
            [app_settings, *registry, *storage], self._azure.deadline, required=(stack.group, stack.site)
        )
        self.url = str((readings[stack.site].outputs or {})["url"])
        self._settings_now = readings[app_settings].live or {}
        self._mounts_now = (readings[self._mount].live or {}) if self._mount else {}
        self._account = (readings[stack.account].outputs or {}) if self._mount else {}
        self._passwords = (readings[stack.registry].outputs or {})["passwords"] if registry else {}

    def executions(self, dialog: Dialog, kinds: Collection[Kind]) -> Iterator[engine.Execution]:
        """Yield the executions that renew all keys of some kinds; carry out each before requesting the next."""
        keys, deadline = self, self._azure.deadline
        united = dialog.wait(self.united) if Kind.STORAGE in kinds else None
        if united:
            dialog.note("An earlier rotation was stopped half-way: switching the server to one key first.")
            yield engine.Execution(united, deadline)
            keys = dialog.wait(lambda: Keys(self._azure, self._settings))
        yield engine.Execution(dialog.wait(lambda: keys.rotated(kinds)), deadline)

    def united(self) -> engine.Plan | None:
        """Return the plan to make mount and app settings use the same key, which frees the other; None if they do.

        A rotation that was stopped in between leaves them with different keys.
        """
        mounted, named = self._mounted, self._named
        if mounted is None or named is None or mounted == named:
            return None
        return self._plan((), [FixedSettings({CONNECTION_STRING: self._account["connection_strings"][mounted]})])

    def rotated(self, kinds: Collection[Kind]) -> engine.Plan:
        """Return the plan that renews all keys of some kinds. Raises MlflowAzureError."""
        fresh: list[Node] = []
        parts: list[SettingsPart] = []
        old: list[_Retire] = []
        if Kind.STORAGE in kinds and self._mount:
            used = self._mounted or self._named or "key2"
            key = StorageKey(self._stack.account, _PAIRS[used])
            fresh += [key, self._mount.with_key(key)]
            parts.append(StorageSettings(self._stack.account, key))
            old.append(lambda server: StorageKey(self._stack.account, used, after=(server,)))
        if Kind.REGISTRY in kinds:
            password, old_password = self._passwords_of_registry()
            fresh.append(password)
            parts.append(RegistrySettings(self._stack.registry, identity=False, password=password))
            old.append(old_password)
        if Kind.SIGN_IN in kinds:
            secret = ClientSecret(self._registration(), renew=True)
            fresh.append(secret)
            parts.append(SignInSettings(secret))
            old.append(lambda server: OldClientSecrets(secret, after=(server,)))
        return self._plan(fresh, parts, old)

    def _passwords_of_registry(self) -> tuple[RegistryPassword, _Retire]:
        registry, settings = self._stack.registry, self._settings
        image = (settings.docker_image_name, settings.docker_image_tag)
        used = _name_of(self._settings_now.get(REGISTRY_PASSWORD), self._passwords) or "password2"
        return RegistryPassword(registry, _PAIRS[used], image=image), lambda server: RegistryPassword(
            registry, used, image=image, after=(server,)
        )

    def _plan(self, fresh: Sequence[Node], parts: Sequence[SettingsPart], old: Sequence[_Retire] = ()) -> engine.Plan:
        site = self._stack.site
        mounts = tuple(node for node in fresh if isinstance(node, StorageMount))
        app_settings = AppSettings(site, parts, after=mounts)
        sign_in = self._features.sign_in
        client = GivenRegistration(str(sign_in.client_id), ()) if sign_in else None
        server = Server(site, app_settings, client=client, version=self._version, certain=True)
        nodes = (*fresh, app_settings, server, *(retire(server) for retire in old))
        return engine.plan(nodes, self._azure.deadline, required=(self._stack.group, site))

    def _registration(self) -> AppRegistration:
        sign_in = self._features.sign_in
        return AppRegistration(
            self._stack.site,
            self._settings.sp_name,
            tenant_id=self._azure.tenant_id,
            client_id=sign_in.client_id if sign_in else None,
        )

    @property
    def _mounted(self) -> str | None:
        """The name of the key that the share is mounted with; None if that is not valid."""
        mount = self._mounts_now.get(self._stack.account.name) or {}
        return _name_of(mount.get("accessKey"), self._account.get("keys", {}))

    @property
    def _named(self) -> str | None:
        """The name of the key in the app settings; None if that is not valid."""
        return _name_of(self._settings_now.get(CONNECTION_STRING), self._account.get("connection_strings", {}))


def _without_keys(features: Features, version: str) -> dict[Kind, str]:
    fixed = {}
    if version != FILE_SHARE:
        fixed[Kind.STORAGE] = "MLflow 3's storage account is accessed with roles, not with keys"
    if features.identity:
        fixed[Kind.REGISTRY] = "the web app pulls its image with an identity, not a password"
    sign_in = features.sign_in
    if sign_in is None:
        fixed[Kind.SIGN_IN] = "sign-in was not set up by mlflow-azure"
    elif sign_in.federated:
        fixed[Kind.SIGN_IN] = "an identity replaces the app registration's secret"
    elif not sign_in.managed:
        fixed[Kind.SIGN_IN] = (
            "the app registration belongs to someone else. Put its new client secret in the environment variable "
            "AAD_CLIENT_SECRET, then run: mlflow-azure auth enable"
        )
    return fixed


def _name_of(value: Secret | None, values: Mapping[str, Secret]) -> str | None:
    return next((name for name, each in values.items() if each == value), None)
