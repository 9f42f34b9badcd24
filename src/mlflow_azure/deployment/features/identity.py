"""Pulling the image with the web app's managed identity instead of a registry password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.azure.permissions import ASSIGN_ROLES, may
from mlflow_azure.events import Warned
from mlflow_azure.resources.registry.admin_user import AdminUser
from mlflow_azure.resources.role_assignment import ACR_PULL, ASK_FOR_ROLE, RoleAssignment

if TYPE_CHECKING:
    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.deployment.foundation import Foundation
    from mlflow_azure.engine.node import Node
    from mlflow_azure.resources.web.site_config import SiteConfig
    from mlflow_azure.settings import Settings


def allowed_identity(
    azure: Azure, settings: Settings, *, live: bool | None, asked: bool | None
) -> tuple[bool | None, Warned | None]:
    """Return the desired `Features.identity`, and a warning if the request is not permitted.

    Args:
        live: Its live value.
        asked: What the user wants; None leaves it unchanged.

    """
    if asked is None or asked is bool(live):
        return live, None
    if not asked or may(azure, settings.rg_name, ASSIGN_ROLES):
        return asked, None
    return live, Warned(
        f"You cannot assign roles in resource group {settings.rg_name}, so the web app cannot be allowed to pull the "
        "image with its identity. It pulls as the registry's admin user, with a password in its app settings.",
        ASK_FOR_ROLE,
    )


def pull_role(base: Foundation, *, identity: bool | None) -> tuple[Node, ...]:
    """The role to pull, which the web app needs first."""
    return (_pull_role(base),) if identity else ()


def identity_afterwards(
    base: Foundation, *, identity: bool | None, config: SiteConfig, server: Node
) -> tuple[Node, ...]:
    """What is removed once it is no longer needed: the registry's admin user, or the role."""
    if identity:
        return (AdminUser(base.registry, unused=config.refuse_other_pull, after=(server,)),)
    # Even if it is no longer used: an interrupted deploy may have left the role.
    return (_pull_role(base, wanted=False, after=(config,)),)


def _pull_role(base: Foundation, *, wanted: bool = True, after: tuple[Node, ...] = ()) -> RoleAssignment:
    return RoleAssignment(
        ACR_PULL, scope=base.registry, principal=base.site, hint=ASK_FOR_ROLE, wanted=wanted, after=after
    )
