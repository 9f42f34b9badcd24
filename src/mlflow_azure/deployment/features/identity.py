"""Pulling the image with the web app's managed identity, instead of with a password of the registry."""

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
    """What `Features.identity` is to be, and a warning where what is asked for may not be done.

    Args:
        live: What it is now.
        asked: What the user wants; None leaves it as it is.

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
    """The right to pull, which the web app needs before it does."""
    return (_pull_role(base),) if identity else ()


def identity_afterwards(
    base: Foundation, *, identity: bool | None, config: SiteConfig, server: Node
) -> tuple[Node, ...]:
    """What is taken away once it is no longer needed: the registry's admin user, or the role."""
    if identity:
        return (AdminUser(base.registry, unused=config.refuse_other_pull, after=(server,)),)
    # Even where it is not used any more: a deploy that was stopped on the way to it left the role.
    return (_pull_role(base, wanted=False, after=(config,)),)


def _pull_role(base: Foundation, *, wanted: bool = True, after: tuple[Node, ...] = ()) -> RoleAssignment:
    return RoleAssignment(
        ACR_PULL, scope=base.registry, principal=base.site, hint=ASK_FOR_ROLE, wanted=wanted, after=after
    )
