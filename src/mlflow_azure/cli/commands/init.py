"""`mlflow-azure init`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from mlflow_azure.cli.answer import Answer, only_for_text
from mlflow_azure.cli.build_options import Build, image_source
from mlflow_azure.cli.command import command
from mlflow_azure.cli.commands.plan import Change, PlanAnswer, plan_answer
from mlflow_azure.cli.invocation import Invocation
from mlflow_azure.errors import MlflowAzureError, SettingsError, TimedOutError
from mlflow_azure.events import Warned
from mlflow_azure.settings import DEFAULT_FILE, FILE_SHARE, POSTGRES, SETTINGS, Source, render
from mlflow_azure.settings.naming import canonical_location

PEOPLE, NETWORKS, ANYONE = "1", "2", "3"
_OPTIONS = {PEOPLE: "--auth", ANYONE: "--public"}
"""The option of `deploy` for each answer to who can reach the server; networks are a setting."""


@dataclass(frozen=True)
class InitAnswer(Answer):
    """The settings file that was written, and the plan for it.

    Attributes:
        file: Path of the file.
        settings: The value of each setting in it, by name.
        deploy: The command that deploys it.
        changes: What a deploy would do to each resource.

    """

    file: str
    settings: Mapping[str, str]
    deploy: str
    changes: tuple[Change, ...]
    plan: PlanAnswer = only_for_text()  # noqa: RUF009 -- a field, like the others

    def text(self) -> str:
        return f"{self.plan.text()}\n\nWrote {self.file}. Deploy it:\n  {self.deploy}"


@command("init", InitAnswer, makes=True, asks=True)
def init(run: Invocation) -> None:
    """Ask what a deployment needs, write the settings file, and show the plan.

    Examples:
      mlflow-azure init
      mlflow-azure init --cloud emulator

    """
    path = run.common.settings or Path(DEFAULT_FILE)
    try:
        there = path.exists()
    except OSError as error:  # a name that no file system takes
        raise _cannot_write(path, error) from error
    asked = run if there else Invocation(run.command, replace(run.common, settings=None), run.options, within=run)
    kept = {name: value.text for name, value in asked.loaded.values.items() if value.source is Source.FILE}
    answers, access = _ask(asked)
    values = {name: text for name, text in (kept | answers).items() if text}
    if there:
        run.require_consent(f"Overwrite {path}?")
    try:
        path.write_text(render.answered(values), encoding="utf-8")
    except OSError as error:
        raise _cannot_write(path, error) from error
    written = Invocation(run.command, replace(run.common, settings=path), {}, within=run)
    _warn_of_environment(written, answers)
    planned = _plan(written, access)
    deploy = f"{written.aimed('mlflow-azure deploy')} {_OPTIONS.get(access, '')}".rstrip()
    written.answer(InitAnswer(str(path), values, deploy, planned.changes, planned))


def _cannot_write(path: Path, error: OSError) -> MlflowAzureError:
    return MlflowAzureError(
        f"writing {path}: {error.strerror}", hint="Name another: --settings FILE", code="CannotWrite"
    )


def _ask(run: Invocation) -> tuple[dict[str, str], str]:
    """Return the answers by setting, and who can reach the server."""
    answers = {"RG_NAME": _setting(run, "RG_NAME", "Resource group")}  # before Azure is asked for anything
    if not run.cloud.subscription_id:
        answers["SUBSCRIPTION_ID"] = _setting(run, "SUBSCRIPTION_ID", "Subscription id", _subscription(run))
    answers["RG_LOCATION"] = _region(run, answers.get("SUBSCRIPTION_ID") or str(run.cloud.subscription_id))
    answers["MLFLOW_VERSION"] = _setting(
        run, "MLFLOW_VERSION", f"MLflow: {FILE_SHARE} on a file share, or {POSTGRES} on PostgreSQL"
    )
    run.note(
        f"Who can reach the server?\n  {PEOPLE}  people in your organisation, after signing in\n"
        f"  {NETWORKS}  these networks\n  {ANYONE}  anyone on the internet"
    )
    while (access := run.console.ask("1, 2 or 3?", PEOPLE)) not in (PEOPLE, NETWORKS, ANYONE):
        run.note("1, 2 or 3.")
    answers["ALLOW_IP"] = ""
    while access == NETWORKS and not answers["ALLOW_IP"]:
        answers["ALLOW_IP"] = _setting(run, "ALLOW_IP", "Networks, separated by commas (such as 203.0.113.0/24)")
    return answers, access


def _setting(run: Invocation, name: str, question: str, proposed: str = "") -> str:
    """Ask for a value until it is valid, and return it."""
    known = run.loaded.values.get(name)
    proposed = proposed or (known.text if known else "")
    while True:
        text = run.console.ask(question, proposed)
        broken = SETTINGS[name].rule(text)
        if not broken:
            return text
        run.note(f"{SETTINGS[name].quoted(text)} {broken}.")


def _region(run: Invocation, subscription_id: str) -> str:
    """A region that the subscription has; it is asked for until it is one."""
    known = _regions(run, subscription_id)
    while True:
        text = _setting(run, "RG_LOCATION", "Region")
        name = canonical_location(text)
        if not known or name in known:
            return text
        near = get_close_matches(name, known, 1)
        run.note(f'Your subscription has no region "{text}".{f" Did you mean {near[0]}?" if near else ""}')


def _regions(run: Invocation, subscription_id: str) -> tuple[str, ...]:
    """The regions to choose from; none where Azure does not tell, which the plan says then."""
    from mlflow_azure.azure.clients import Azure
    from mlflow_azure.azure.subscription import regions

    azure = Azure(run.cloud, run.credential, subscription_id, run.deadline)
    try:
        return run.wait(lambda: regions(azure), "Listing the regions")
    except TimedOutError:
        raise
    except MlflowAzureError:
        return ()


def _subscription(run: Invocation) -> str:
    """Return the subscription that a deploy would use; if that is not clear, list the visible ones and return ""."""
    try:
        return run.settings.subscription_id
    except SettingsError as error:
        run.note(error.message)
        return ""


def _warn_of_environment(written: Invocation, answers: Mapping[str, str]) -> None:
    """Warn about environment variables that override the answers."""
    if winning := written.loaded.instead_of(answers):
        named = ", ".join(f"{name}={text}" for name, text in winning.items())
        written.console.warn(f"The environment overrides the settings file: {named}.", f"unset {' '.join(winning)}")


def _plan(run: Invocation, access: str) -> PlanAnswer:
    from mlflow_azure.deployment.deploy import Deploy, Wish

    context, builder = image_source(run, run.settings, Build.AUTO, None)
    wish = Wish(auth=access == PEOPLE, public=access == ANYONE, context=context, build=builder)
    prepared = run.wait(lambda: Deploy(run.azure, run.settings, wish, writes=False))
    run.warn(prepared.warnings)
    run.warn(Warned(each.message, each.hint) for each in prepared.refused)
    return plan_answer(prepared.plan.changes, verbose=run.common.verbose)
