"""`mlflow-azure destroy`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlflow_azure.azure.clouds import CloudName
from mlflow_azure.cli.applied import apply, rows
from mlflow_azure.cli.emulated import stop_if_unused
from mlflow_azure.cli.invocation import Invocation, command
from mlflow_azure.console import text
from mlflow_azure.deployment.destroy import plan_destroy
from mlflow_azure.deployment.inventory import STORAGE_ACCOUNT, take_inventory

if TYPE_CHECKING:
    from mlflow_azure.deployment.inventory import Found, Inventory


@command("destroy")
def destroy(
    run: Invocation,
    *,
    keep_data: Annotated[
        bool, typer.Option("--keep-data", help="Keep the storage account: artifacts, metrics and params.")
    ] = False,
) -> None:
    """Delete what deploy made, after showing it."""
    _destroy(run, keep_data=keep_data)
    if run.cloud.name is CloudName.EMULATOR:
        run.deadline.call(lambda: stop_if_unused(run.console, run.azure))


def _destroy(run: Invocation, *, keep_data: bool) -> None:
    inventory = run.wait(lambda: take_inventory(run.azure, run.settings.rg_name, keep_data=keep_data))
    if inventory.is_empty:
        run.answer(_data(inventory, []), f"Nothing to delete in resource group {inventory.group}.")
        return
    run.console.note(_announcement(inventory))
    run.require_consent(_question(inventory), "deleted")
    run.achieved["kept"] = _kept(inventory)
    execution = apply(run, plan_destroy(run.azure, inventory))
    run.answer(_data(inventory, rows(execution)), _summary(inventory))
    for client_id in inventory.unseen:
        run.console.warn(
            f"Microsoft Entra ID does not tell you whether app registration {client_id}, which the server's sign-in "
            "used, was made by mlflow-azure. It was left.",
            f"If nothing else uses it, have it deleted: az ad app delete --id {client_id}",
        )


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
    return f" (others run on it: {', '.join(found.in_use)})" if found.in_use else ""


def _question(inventory: Inventory) -> str:
    data = any(found.type == STORAGE_ACCOUNT for found in inventory.ours)
    return f"Delete all of this{', with every run and artifact in the storage account' if data else ''}?"


def _data(inventory: Inventory, deleted: list[dict[str, Any]]) -> dict[str, Any]:
    return {"resources": deleted, "kept": _kept(inventory)}


def _kept(inventory: Inventory) -> list[dict[str, Any]]:
    return [{"kind": found.kind, "name": found.name, "id": found.id} for found in inventory.kept]


def _summary(inventory: Inventory) -> str:
    what = "The resource group and everything in it is" if inventory.group_goes else "What mlflow-azure made is"
    kept = f" Kept: {', '.join(str(found) for found in inventory.kept)}." if inventory.kept else ""
    return f"{what} deleted.{kept}"
