"""`mlflow-azure rotate-keys`."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Annotated

import typer

from mlflow_azure.cli.answer import Answer
from mlflow_azure.cli.applied import Done, apply
from mlflow_azure.cli.command import command
from mlflow_azure.cli.invocation import Invocation

_WORDS = {
    "storage": "storage account keys",
    "registry": "registry passwords",
    "sign-in": "client secret for sign-in",
}


@dataclass(frozen=True)
class NotRotated:
    """A kind of key that was not rotated.

    Attributes:
        kind: storage, registry or sign-in.
        reason: The reason.

    """

    kind: str
    reason: str


@dataclass(frozen=True)
class RotateKeysAnswer(Answer):
    """The server uses new keys, and the old ones no longer work.

    Attributes:
        url: URL of the server.
        rotated: What was rotated: storage, registry, sign-in.
        not_rotated: What was requested but has no key to rotate.
        resources: What was done to each resource; empty if there was nothing to do.

    """

    url: str
    rotated: tuple[str, ...]
    not_rotated: tuple[NotRotated, ...]
    resources: tuple[Done, ...]

    def text(self) -> str:
        new = ", ".join(_WORDS[each] for each in self.rotated)
        lines = [f"Renewed: {new}. {self.url} uses the new ones." if new else "Nothing to rotate."]
        lines += [f"Without {_WORDS[each.kind]}: {each.reason}." for each in self.not_rotated]
        return "\n".join(lines)


@command("rotate-keys", RotateKeysAnswer)
def rotate_keys(
    run: Invocation,
    *,
    storage: Annotated[bool, typer.Option("--storage", help="Both keys of the storage account.")] = False,
    registry: Annotated[bool, typer.Option("--registry", help="Both passwords of the registry's admin user.")] = False,
    sign_in: Annotated[bool, typer.Option("--sign-in", help="The client secret of the app registration.")] = False,
) -> None:
    """Renew all keys without an outage, or only the selected ones.

    Examples:
      mlflow-azure rotate-keys
      mlflow-azure rotate-keys --storage

    """
    from mlflow_azure.cli.database_access import alone_everywhere
    from mlflow_azure.deployment.rotation import Keys, Kind

    named = {Kind.STORAGE: storage, Kind.REGISTRY: registry, Kind.SIGN_IN: sign_in}
    asked = [kind for kind in Kind if named[kind] or not any(named.values())]
    done: tuple[Done, ...] = ()
    # A backup, restore or upgrade uses the storage keys, and an upgrade removes the mount that a rotation writes.
    with alone_everywhere(run, "rotating the keys of") if Kind.STORAGE in asked else nullcontext():
        keys = run.wait(lambda: Keys(run.azure, run.settings))
        going = [kind for kind in asked if kind not in keys.fixed]
        for execution in keys.executions(run, going) if going else ():
            done = apply(run, execution)
    fixed = tuple(NotRotated(kind, keys.fixed[kind]) for kind in asked if kind in keys.fixed)
    run.answer(RotateKeysAnswer(keys.url, tuple(going), fixed, done))
    if Kind.STORAGE in going:
        run.console.warn(
            "Clients that have the old connection string can no longer read or write artifacts.",
            'Give them the new one: eval "$(mlflow-azure env --show-secrets)"',
        )
    if Kind.REGISTRY in going:
        run.console.warn(
            "Anyone who pushes or pulls with the registry's old password must sign in again.",
            f"Use docker login with the new password: az acr credential show --name {run.settings.acr_name}",
        )
