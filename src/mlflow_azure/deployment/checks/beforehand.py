"""The checks before a deploy's first write: the cheap ones, for what it is about to write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure import engine
from mlflow_azure.azure.permissions import ASK_TO_READ
from mlflow_azure.deployment.checks import account, policies, services
from mlflow_azure.deployment.checks.finding import Finding, Outcome, failed, warning
from mlflow_azure.engine.node import Resource
from mlflow_azure.errors import AzureRefusedError
from mlflow_azure.events import Action
from mlflow_azure.resources.arm import group_id
from mlflow_azure.resources.entra.app_registration import AppRegistration
from mlflow_azure.resources.role_assignment import RoleAssignment
from mlflow_azure.resources.tagged import TaggedResource
from mlflow_azure.settings import POSTGRES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.deployment.stack_nodes import Stack
    from mlflow_azure.settings import Settings

    Check = Callable[[], Finding]

_SILENT = frozenset({"quota", "policies"})
"""Checks whose warnings only say that Azure does not tell."""


def before_writing(
    azure: Azure, settings: Settings, stack: Stack, plan: engine.Plan, *, writes: bool = True
) -> list[Finding]:
    """Run the checks that a plan with changes needs.

    Args:
        azure: The subscription.
        settings: The deployment's settings.
        stack: Its resources.
        plan: The plan.
        writes: Whether it will be carried out. If not, missing permissions are a warning, since someone else may
            carry out the plan, and policies are checked, which Azure enforces by itself during a deploy.

    Returns:
        The warnings, and the errors that a deploy would fail with.

    Raises:
        MlflowAzureError: The deploy would fail half-way.

    """
    changed = [each for each in plan.nodes if isinstance(each, Resource) and plan.steps[each].action is not Action.KEEP]
    if not changed:
        return []
    rights = _rights(azure, settings, changed)
    if not writes:
        rights = {name: _told(name, check) for name, check in rights.items()}
        rights["policies"] = lambda: _policies(azure, settings, stack, plan, changed)
    checks = {**rights, **_room(azure, settings, stack, plan, changed)}
    found = [*engine.gather(checks, azure.deadline).values()]
    if not writes and stack.image in changed and stack.image.context is None:
        found.append(failed("image", stack.image.missing(stack.registry.name)))
    return [each for each in found if each.problem or _is_worth_telling(each)]


def _is_worth_telling(found: Finding) -> bool:
    return found.outcome is Outcome.WARNING and found.fix != ASK_TO_READ and found.check not in _SILENT


def _told(name: str, check: Check) -> Check:
    def finding() -> Finding:
        try:
            return check()
        except AzureRefusedError as problem:
            return warning(name, problem.message, problem.hint)

    return finding


def _rights(azure: Azure, settings: Settings, changed: Sequence[Resource]) -> Mapping[str, Check]:
    """Check that the user may write what changes."""
    checks: dict[str, Check] = {"permissions": lambda: account.permissions(azure, settings, changed)}
    if settings.mlflow_version == POSTGRES and any(isinstance(each, RoleAssignment) for each in changed):
        checks["roles"] = lambda: account.roles(azure, settings)
    return checks


def _room(
    azure: Azure, settings: Settings, stack: Stack, plan: engine.Plan, changed: Sequence[Resource]
) -> Mapping[str, Check]:
    """Check that Azure offers and allows it."""

    def is_made(each: Resource | None) -> bool:
        return each is not None and plan.steps[each].action is Action.CREATE

    checks: dict[str, Check] = {"subscription": lambda: account.subscription(azure)}
    if stack.config in changed and stack.config.identity:
        checks["registry"] = lambda: account.takes_arm_tokens(stack.registry, plan.readings[stack.registry].live)
    if stack.plan in changed or is_made(stack.database):
        checks["region"] = lambda: services.region(azure, settings)
    if is_made(stack.database) or (is_made(stack.plan) and plan.steps[stack.plan.provider].action is Action.KEEP):
        checks["quota"] = lambda: services.quota(azure, settings)
    if any(isinstance(each, AppRegistration) and is_made(each) for each in changed):
        checks["registrations"] = lambda: account.registrations(azure)
    return checks


def _policies(
    azure: Azure, settings: Settings, stack: Stack, plan: engine.Plan, changed: Sequence[Resource]
) -> Finding:
    """Check that policies allow the changed resources."""
    kinds = {each.type for each in changed if isinstance(each, TaggedResource)}
    is_new = plan.steps[stack.group].action is Action.CREATE
    scope = f"/subscriptions/{azure.subscription_id}" if is_new else group_id(azure, settings.rg_name)
    return policies.policies(azure, settings, kinds, scope)
