"""Runs all checks, for `doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.deployment.checks import account, machine, policies, services
from mlflow_azure.deployment.checks.finding import Finding, failed, warning
from mlflow_azure.deployment.stack import mlflow_stack
from mlflow_azure.engine import walk
from mlflow_azure.errors import ONE_FOR_ALL, MlflowAzureError
from mlflow_azure.resources.provider import Provider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.azure.clouds import Cloud
    from mlflow_azure.azure.credential import Credential
    from mlflow_azure.deadline import Deadline
    from mlflow_azure.settings import Settings

    Check = Callable[[], Finding]
    Target = Callable[[], tuple[Azure, Settings]]

SIGN_IN = "sign-in"
NETWORK = "network"
TARGET = "target"
SUBSCRIPTION = "subscription"
NOT_CHECKED = "not checked"


def examine(cloud: Cloud, credential: Credential, target: Target, deadline: Deadline) -> list[Finding]:
    """Run all checks, independent ones in parallel.

    Args:
        cloud: The cloud.
        credential: The credential.
        target: Returns the subscription and the settings; asks Azure for the subscription if none is set.
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
    """Return the finding of a check, without problems that another check already found."""
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
    """The checks that need the subscription."""

    def permissions() -> Finding:
        azure, settings = target()
        needed = [each for each in mlflow_stack(azure, settings).resources if not isinstance(each, Provider)]
        return account.permissions(azure, settings, needed)

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
