"""The chart of a run."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from mlflow_azure.console.timeline import CRITICAL, FAILED, OTHER, PREPARING, Timeline
from mlflow_azure.errors import MlflowAzureError
from mlflow_azure.events import Action, Event, Failed, Finished, Planned, Started, Step

SVG = "{http://www.w3.org/2000/svg}"
GROUP, SITE, ACCOUNT, MOUNT = (
    Step(f"{kind}/a", kind, "<a> & b", Action.CREATE) for kind in ("group", "site", "account", "mount")
)
WAITS = {SITE.key: (GROUP.key,), ACCOUNT.key: (GROUP.key,), MOUNT.key: (SITE.key, ACCOUNT.key)}


def drawn(*events: Event) -> Timeline:
    timeline = Timeline()
    assert list(timeline.record([Planned((GROUP, SITE, ACCOUNT, MOUNT), WAITS), *events])) == [
        Planned((GROUP, SITE, ACCOUNT, MOUNT), WAITS),
        *events,
    ]
    return timeline


def both(step: Step) -> tuple[Event, Event]:
    return Started(step), Finished(step, 0.0)


def colours(timeline: Timeline) -> dict[str, str]:
    """The colour of each bar, by its label."""
    image = ET.fromstring(timeline.svg())
    bars = [bar for bar in image.iter(f"{SVG}rect") if bar.find(f"{SVG}title") is not None]
    return {str(bar.findtext(f"{SVG}title")).rpartition(":")[0]: str(bar.get("fill")) for bar in bars}


def test_the_critical_path_leads_from_the_end_to_what_each_step_waited_for_last() -> None:
    started = (Started(ACCOUNT), Started(SITE), Finished(ACCOUNT, 0.0), Finished(SITE, 0.0))
    timeline = drawn(*both(GROUP), *started, *both(MOUNT))
    assert timeline.critical == [PREPARING, GROUP.key, SITE.key, MOUNT.key]
    assert colours(timeline) == {
        PREPARING: CRITICAL,
        "group <a> & b": CRITICAL,
        "site <a> & b": CRITICAL,
        "account <a> & b": OTHER,
        "mount <a> & b": CRITICAL,
    }


def test_a_step_that_failed_is_seen_as_such_and_what_never_began_has_no_bar() -> None:
    timeline = drawn(*both(GROUP), Started(SITE), Failed(SITE, 0.0, MlflowAzureError("broken", hint="again")))
    assert colours(timeline) == {PREPARING: CRITICAL, "group <a> & b": CRITICAL, "site <a> & b": FAILED}


def test_a_run_that_ended_before_it_began_can_be_drawn() -> None:
    assert colours(Timeline()) == {}
