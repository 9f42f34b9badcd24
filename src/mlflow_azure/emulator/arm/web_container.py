"""From a web app's configuration to the container that the runtime runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.resources import Body
    from mlflow_azure.emulator.arm.world import World


async def run_site(world: World, site: Body) -> None:
    """Let the runtime bring the site's container in line with its configuration."""
