"""`mlflow-azure destroy`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlflow_azure.azure.clouds import CloudName
from mlflow_azure.cli.emulated import stop_if_unused
from mlflow_azure.cli.invocation import Invocation, command
from mlflow_azure.console import text
from mlflow_azure.deployment.destroy import STORAGE_ACCOUNT, Teardown, take_inventory
from mlflow_azure.errors import SettingsError

if TYPE_CHECKING:
    from mlflow_azure.deployment.destroy import Found, Inventory


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
        stop_if_unused(run.console, run.azure)


def _destroy(run: Invocation, *, keep_data: bool) -> None:
    with run.reading():
        inventory = take_inventory(run.azure, run.settings.rg_name, keep_data=keep_data)
    if inventory.is_empty:
        run.answer(_data(inventory, []), f"Nothing to delete in resource group {inventory.group}.")
        return
    run.console.note(_announcement(inventory))
    if not run.confirm(_question(inventory)):
        raise SettingsError("not deleted: you did not agree", hint="Nothing was changed.", code="NotConfirmed")
    teardown = Teardown(run.azure, inventory)
    try:
        run.console.watch(teardown.events())
    finally:
        run.achieved.update(_data(inventory, _rows(teardown)))
    run.answer(_data(inventory, _rows(teardown)), _summary(inventory))
    for client_id in inventory.unseen:
        run.console.warn(
            f"You may not see in Microsoft Entra ID whether app registration {client_id}, which the server's sign-in "
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


def _rows(teardown: Teardown) -> list[dict[str, Any]]:
    return [
        {"kind": step.kind, "name": step.name, "id": step.id, "action": step.action, "seconds": round(seconds, 1)}
        for step, seconds in teardown.deleted
    ]


def _data(inventory: Inventory, deleted: list[dict[str, Any]]) -> dict[str, Any]:
    kept = [{"kind": found.kind, "name": found.name, "id": found.id} for found in inventory.kept]
    return {"resources": deleted, "kept": kept}


def _summary(inventory: Inventory) -> str:
    what = "The resource group and everything in it is" if inventory.group_goes else "What mlflow-azure made is"
    kept = f" Kept: {', '.join(str(found) for found in inventory.kept)}." if inventory.kept else ""
    return f"{what} deleted.{kept}"
