"""`mlflow-azure destroy`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from mlflow_azure.azure.clouds import CloudName
from mlflow_azure.cli.answer import Answer
from mlflow_azure.cli.applied import Done, apply
from mlflow_azure.cli.command import command
from mlflow_azure.cli.emulated import is_missing, stop_if_unused
from mlflow_azure.cli.invocation import Invocation
from mlflow_azure.cli.options import refuse_beside
from mlflow_azure.console import text

if TYPE_CHECKING:
    from mlflow_azure.deployment.inventory import Found, Inventory


@dataclass(frozen=True)
class Kept:
    """A resource that was kept: `kind`, `name` and `id` as in `resources`."""

    kind: str
    name: str
    id: str


@dataclass(frozen=True)
class DestroyAnswer(Answer):
    """What was deleted, and what was kept.

    Attributes:
        resources: What was deleted.
        kept: What was kept, because someone else created or uses it, or because of --keep-data.
        group: The resource group.
        group_deleted: Whether the group itself was deleted.

    """

    resources: tuple[Done, ...]
    kept: tuple[Kept, ...]
    group: str
    group_deleted: bool

    def text(self) -> str:
        if not self.resources:
            return f"Nothing to delete in resource group {self.group}."
        what = (
            f"Resource group {self.group} and everything in it was deleted."
            if self.group_deleted
            else "Everything that mlflow-azure created was deleted."
        )
        kept = f" Kept: {', '.join(f'{each.kind} {each.name}' for each in self.kept)}." if self.kept else ""
        return what + kept


@command("destroy", DestroyAnswer, asks=True)
def destroy(
    run: Invocation,
    *,
    keep_data: Annotated[
        bool, typer.Option("--keep-data", help="Keep the storage account and the database, with all runs.")
    ] = False,
    delete_database: Annotated[
        bool,
        typer.Option(
            "--delete-database", help="With --yes: also delete the PostgreSQL server, with all runs and models."
        ),
    ] = False,
) -> None:
    """Delete what deploy created, after showing it.

    Examples:
      mlflow-azure destroy --rg-name team-mlflow
      mlflow-azure destroy --keep-data --yes

    """
    refuse_beside({"--keep-data": keep_data}, {"--delete-database": delete_database})
    if run.common.cloud is CloudName.EMULATOR and run.loaded and is_missing():
        group = run.loaded.values["RG_NAME"].text
        run.answer(DestroyAnswer((), (), group, group_deleted=False))  # there is no emulator yet
        return
    from mlflow_azure.deployment.inventory import take_inventory

    inventory = run.wait(lambda: take_inventory(run.azure, run.settings.rg_name, keep_data=keep_data))
    answer = _destroy(run, inventory, keep_data=keep_data, delete_database=delete_database)
    if run.cloud.name is CloudName.EMULATOR:
        run.deadline.call(lambda: stop_if_unused(run.console, run.azure))
    run.answer(answer)
    for client_id in inventory.unseen:
        run.console.warn(
            f"App registration {client_id} of the server's sign-in was kept: you are not allowed to see in Microsoft "
            "Entra ID whether it was created by mlflow-azure.",
            f"If nothing else uses it, ask for it to be deleted: az ad app delete --id {client_id}",
        )


def _destroy(run: Invocation, inventory: Inventory, *, keep_data: bool, delete_database: bool) -> DestroyAnswer:
    from mlflow_azure.deployment.destroy import agree, plan_destroy, refuse_newcomers
    from mlflow_azure.engine import Execution

    kept = tuple(Kept(found.kind, found.name, found.id) for found in inventory.kept)
    if inventory.is_empty:
        return DestroyAnswer((), kept, inventory.group, group_deleted=False)
    run.note(_announcement(inventory))
    agree(run, inventory, delete_database=delete_database)
    run.achieved["kept"] = kept
    done = apply(run, Execution(plan_destroy(run.azure, inventory), run.deadline))
    run.wait(lambda: refuse_newcomers(run.azure, inventory, keep_data=keep_data))
    return DestroyAnswer(done, kept, inventory.group, group_deleted=inventory.group_goes)


def _announcement(inventory: Inventory) -> str:
    goes = [(found.kind, found.name) for found in inventory.ours]
    if inventory.group_goes:
        goes.insert(0, ("resource group", inventory.group))
    stays = [(found.kind, found.name + _use(found)) for found in inventory.kept]
    parts = ["To be deleted:", text.fields(goes)]
    if stays:
        parts += ["To be kept:", text.fields(stays)]
    return "\n".join(parts)


def _use(found: Found) -> str:
    return f" (also used by {', '.join(found.in_use)})" if found.in_use else ""
