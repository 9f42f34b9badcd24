"""Does the checks: all of them for `doctor`, and before a deploy writes those that cost little."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure import engine
from mlflow_azure.azure.permissions import ASK_TO_READ
from mlflow_azure.deployment.checks import account, machine, policies, services
from mlflow_azure.deployment.checks.finding import Finding, Outcome, failed, warning
from mlflow_azure.deployment.stack import mlflow_stack
from mlflow_azure.engine import walk
from mlflow_azure.engine.node import Resource
from mlflow_azure.errors import ONE_FOR_ALL, AzureRefusedError, MlflowAzureError
from mlflow_azure.events import Action
from mlflow_azure.resources.role_assignment import RoleAssignment
from mlflow_azure.settings import POSTGRES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.azure.clouds import Cloud
    from mlflow_azure.azure.credential import Credential
    from mlflow_azure.deadline import Deadline
    from mlflow_azure.deployment.stack_nodes import Stack
    from mlflow_azure.settings import Settings

    Check = Callable[[], Finding]
    Target = Callable[[], tuple[Azure, Settings]]

SIGN_IN = "sign-in"
NETWORK = "network"
TARGET = "target"
SUBSCRIPTION = "subscription"
NOT_CHECKED = "not checked"


def examine(cloud: Cloud, credential: Credential, target: Target, deadline: Deadline) -> list[Finding]:
    """Do all checks, those at the same time that do not need each other.

    Args:
        cloud: Which Azure.
        credential: Who signs in.
        target: The subscription and the settings; asks Azure for the subscription where none is set.
        deadline: When to give up.

    """
    here = _checks_here(cloud, credential, deadline)
    there = _checks_there(target)
    before = {**dict.fromkeys(here, ()), TARGET: (SIGN_IN,), **dict.fromkeys(there, (TARGET,))}

    def work(name: str, _tell: object) -> Finding | None:
        if name == TARGET:
            target()
            return None
        return {**here, **there}[name]()

    found: dict[str, list[Finding]] = {}
    for outcome in walk.run(before, work, deadline):
        if isinstance(outcome, walk.Ended | walk.Passed):
            found[outcome.node] = list(_findings(outcome))
    return [each for name in before for each in _without_echoes(name, found, there)]


def _without_echoes(name: str, found: Mapping[str, list[Finding]], there: Mapping[str, Check]) -> list[Finding]:
    """What a check found; nothing that another check has found already."""
    offline = _failed_for_all(found[NETWORK])
    if offline and name in (SIGN_IN, "clock") and _failed_for_all(found[name]):
        return [warning(name, NOT_CHECKED, f"Fix {NETWORK} first")]
    if offline and name in there and _failed_for_all(found[SIGN_IN]):
        return [warning(name, NOT_CHECKED, f"Fix {NETWORK} first")]
    if name in there and name != SUBSCRIPTION and _failed_for_all(found[SUBSCRIPTION]):
        return [warning(name, NOT_CHECKED, "Fix subscription first")]
    return found[name]


def _failed_for_all(findings: list[Finding]) -> bool:
    return any(each.problem and each.problem.code in ONE_FOR_ALL for each in findings)


def _checks_here(cloud: Cloud, credential: Credential, deadline: Deadline) -> Mapping[str, Check]:
    return {
        NETWORK: lambda: machine.network(cloud, deadline),
        SIGN_IN: lambda: account.sign_in(cloud, credential),
        "clock": lambda: machine.clock(cloud),
        "container engine": machine.container_engine,
        "disk": machine.disk,
    }


def _checks_there(target: Target) -> Mapping[str, Check]:
    """The checks of the subscription."""

    def permissions() -> Finding:
        azure, settings = target()
        return account.permissions(azure, settings, mlflow_stack(azure, settings).resources)

    return {
        SUBSCRIPTION: lambda: account.subscription(target()[0]),
        "role": lambda: account.role(*target()),
        "permissions": permissions,
        "roles": lambda: account.roles(*target()),
        "registrations": lambda: account.registrations(target()[0]),
        "providers": lambda: services.providers(*target()),
        "region": lambda: services.region(*target()),
        "quota": lambda: services.quota(*target()),
        "names": lambda: services.names(*target()),
        "policies": lambda: policies.policies(*target()),
    }


def _findings(outcome: walk.Ended[str] | walk.Passed[str]) -> Iterator[Finding]:
    match outcome:
        case walk.Passed(node=name, cause=cause) if name != TARGET:
            yield warning(name, NOT_CHECKED, f"Fix {'subscription' if cause == TARGET else cause} first")
        case walk.Ended(node=name, error=MlflowAzureError(problems=problems)):
            yield from (failed("subscription" if name == TARGET else name, problem) for problem in problems)
        case walk.Ended(error=Exception() as error):
            raise error
        case walk.Ended(result=Finding() as finding):
            yield finding


def before_writing(
    azure: Azure, settings: Settings, stack: Stack, plan: engine.Plan, *, writes: bool = True
) -> list[Finding]:
    """Do the cheap checks that a plan with something to write calls for, and return their warnings.

    Args:
        azure: The subscription.
        settings: Of the deployment.
        stack: Its resources.
        plan: What is to be done.
        writes: Whether it will be done; where not, missing rights are a warning.

    Raises:
        MlflowAzureError: What would make the deploy fail half way.

    """
    changed = [each for each in plan.nodes if isinstance(each, Resource) and plan.steps[each].action is not Action.KEEP]
    if not changed:
        return []

    def permissions() -> Finding:
        try:
            return account.permissions(azure, settings, changed)
        except AzureRefusedError as problem:
            if writes:
                raise
            return warning("permissions", problem.message, problem.hint)

    checks: dict[str, Check] = {"subscription": lambda: account.subscription(azure), "permissions": permissions}
    if stack.config in changed and stack.config.identity:
        checks["registry"] = lambda: account.takes_arm_tokens(stack.registry, plan.readings[stack.registry].live)
    if stack.plan in changed:
        checks["region"] = lambda: services.region(azure, settings)
    if stack.database and plan.steps[stack.database].action is Action.CREATE:
        checks["region"] = lambda: services.region(azure, settings)
        checks["quota"] = lambda: services.quota(azure, settings)
    if settings.mlflow_version == POSTGRES and any(isinstance(each, RoleAssignment) for each in changed):
        checks["roles"] = lambda: account.roles(azure, settings)
    found = engine.gather(checks, azure.deadline)
    return [each for each in found.values() if each.outcome is Outcome.WARNING and each.fix != ASK_TO_READ]
