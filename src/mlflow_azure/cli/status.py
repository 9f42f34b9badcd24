"""`mlflow-azure status`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlflow_azure.cli.invocation import Invocation, command
from mlflow_azure.console import text

if TYPE_CHECKING:
    from collections.abc import Mapping

    import typer

    from mlflow_azure.engine import Reading
    from mlflow_azure.resources.base import Resource

MISSING = "missing"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    command(app, "status")(status)


def status(run: Invocation) -> None:
    """Show the resources, and whether the server answers."""
    from mlflow_azure import engine
    from mlflow_azure.resources.base import Resource
    from mlflow_azure.resources.server import probe
    from mlflow_azure.stack import mlflow_stack

    stack = mlflow_stack(run.azure, run.settings)
    with run.reading():
        readings = engine.read([node for node in stack.nodes if isinstance(node, Resource)], run.deadline)
    site = readings[stack.site].outputs
    health = probe(site["url"]) if site else None
    data = {
        "url": site and site["url"],
        "tracking_uri": site and site["url"],
        "healthy": bool(health and health.healthy),
        "resources": _rows(readings),
    }
    server = health.detail if health else "not deployed"
    run.answer(data, _text(data, server))


def _rows(readings: Mapping[Resource, Reading]) -> list[dict[str, Any]]:
    return [
        {
            "kind": resource.kind,
            "name": resource.name,
            "id": resource.id,
            "state": MISSING if reading.live is None else resource.state(reading.live),
        }
        for resource, reading in readings.items()
    ]


def _text(data: Mapping[str, Any], server: str) -> str:
    rows = [(row["kind"], row["name"], row["state"]) for row in data["resources"]]
    head = [("Server", server), *((("URL", data["url"]),) if data["url"] else ())]
    return f"{text.fields(head)}\n\n{text.table(('RESOURCE', 'NAME', 'STATE'), rows)}"
