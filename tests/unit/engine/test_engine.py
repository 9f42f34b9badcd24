"""The engine over resources that live in a dictionary: no Azure, no network."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlflow_azure import engine
from mlflow_azure.deadline import Deadline
from mlflow_azure.engine import walk
from mlflow_azure.engine.compare import UNKNOWN
from mlflow_azure.engine.node import Check, Given, Node, Properties, Report, Resource, Task
from mlflow_azure.errors import AzureRefusedError, MlflowAzureError, SettingsError, SeveralErrors, TimedOutError
from mlflow_azure.events import Action, Event, Failed, Finished, Planned, Skipped, Started

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class World:
    """A cloud in memory: what exists, what was asked for, and what fails."""

    live: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    fails: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, verb: str, name: str) -> None:
        with self.lock:
            self.requests.append((verb, name))

    @property
    def writes(self) -> list[str]:
        return [name for verb, name in self.requests if verb != "read"]


class Thing(Resource):
    kind = "thing"

    def __init__(
        self,
        world: World,
        name: str,
        *,
        parent: Thing | None = None,
        needs: tuple[Node, ...] = (),
        after: tuple[Node, ...] = (),
        **properties: Any,
    ) -> None:
        super().__init__(name, parent=parent, needs=needs, after=after)
        self.world = world
        self.properties = properties
        self.refusal: str | None = None

    @property
    def id(self) -> str:
        return f"/things/{self.name}"

    def read(self, given: Given) -> Properties | None:
        self.world.note("read", self.name)
        return self.world.live.get(self.name)

    def desired(self, given: Given) -> Properties:
        return {**self.properties, **{other.name: given(other, "key") for other in self.needs}}

    def check_before_create(self, given: Given) -> None:
        if self.refusal:
            raise AzureRefusedError(self.refusal, hint="choose another")

    def create(self, desired: Properties, given: Given, report: Report) -> Properties:
        return self._write("create", desired, {})

    def update(self, desired: Properties, live: Properties, given: Given, report: Report) -> Properties:
        return self._write("update", desired, live)

    def _write(self, verb: str, desired: Properties, live: Properties) -> Properties:
        self.world.note(verb, self.name)
        if self.name in self.world.fails:
            raise MlflowAzureError(f"writing {self.name}: broken", hint="again")
        self.world.live[self.name] = {**live, **desired}
        return self.world.live[self.name]

    def outputs(self, live: Properties) -> Properties:
        return {"key": f"key of {self.name}"}

    def is_ours(self, live: Properties) -> bool:
        return not live.get("foreign")


def a_stack(world: World) -> list[Thing]:
    group = Thing(world, "group")
    account = Thing(world, "account", parent=group)
    share = Thing(world, "share", parent=account, size=2)
    plan = Thing(world, "plan", parent=group)
    site = Thing(world, "site", parent=group, after=(plan,))
    config = Thing(world, "config", parent=site, needs=(account,), after=(share,), tls=True)
    return [group, account, share, plan, site, config]


def deploy(things: list[Thing], **options: Any) -> engine.Execution:
    application = engine.Execution(engine.plan(things, Deadline(), **options), Deadline())
    application_events = list(application.events())
    assert isinstance(application_events[0], Planned)
    return application


def _consume(events: Iterator[Event], into: list[Event]) -> None:
    for event in events:
        into.append(event)  # noqa: PERF402 - those before an error are wanted too


def actions(application: engine.Execution) -> dict[str, Action]:
    return {result.step.name: result.step.action for result in application.results}


def test_what_comes_with_its_parent_is_not_created_but_changed_where_someone_changed_it() -> None:
    class Switch(Thing):
        implied = True

    world = World()
    group = Thing(world, "group")
    things = [group, Switch(world, "switch", parent=group, on=False)]
    assert actions(deploy(things)) == {"group": Action.CREATE}
    assert world.writes == ["group"]

    world.live["switch"] = {"on": True}
    assert actions(deploy(things)) == {"group": Action.KEEP, "switch": Action.UPDATE}
    assert world.live["switch"] == {"on": False}


def test_a_first_deploy_creates_everything_and_a_second_writes_nothing() -> None:
    world = World()
    assert set(actions(deploy(a_stack(world))).values()) == {Action.CREATE}

    world.requests.clear()
    assert set(actions(deploy(a_stack(world))).values()) == {Action.KEEP}
    assert world.writes == []


def test_parts_of_what_does_not_exist_are_not_asked_for() -> None:
    world = World()
    engine.plan(a_stack(world), Deadline())
    assert sorted(world.requests) == [("read", name) for name in ("account", "group", "plan", "site")]


def test_reading_a_part_reads_what_it_lives_in_and_needs() -> None:
    world = World()
    deploy(a_stack(world))
    config = a_stack(world)[-1]
    readings = engine.read([config], Deadline())
    assert {resource.name for resource in readings} == {"config", "site", "account", "group"}


def test_a_graph_that_can_never_be_done_is_refused() -> None:
    first, second = Thing(World(), "first"), Thing(World(), "second")
    with pytest.raises(ValueError, match="cycle"):
        list(walk.run({first: [second], second: [first]}, lambda _node, _tell: None, Deadline()))


def test_an_output_of_what_does_not_exist_is_unknown_in_the_plan_and_known_when_written() -> None:
    world = World()
    things = a_stack(world)
    config = engine.plan(things, Deadline()).steps[things[-1]]
    assert {found.path: found.after for found in config.differences} == {"tls": True, "account": UNKNOWN}

    deploy(things)
    assert world.live["config"]["account"] == "key of account"


def test_an_update_that_changes_an_output_reaches_what_needs_it() -> None:
    class Versioned(Thing):
        changing_outputs = ("key",)

        def outputs(self, live: Properties) -> Properties:
            return {"key": f"version {live['version']}"}

    def stack(version: int) -> list[Thing]:
        image = Versioned(world, "image", version=version)
        return [image, Thing(world, "settings", needs=(image,))]

    world = World()
    deploy(stack(1))
    planned = engine.plan(stack(2), Deadline())
    assert [step.action for step in planned.changes] == [Action.UPDATE, Action.UPDATE]
    assert planned.changes[1].differences[0].after is UNKNOWN

    deploy(stack(2))
    assert world.live["settings"] == {"image": "version 2"}


def test_drift_is_repaired_and_what_others_added_is_kept() -> None:
    world = World()
    deploy(a_stack(world))
    world.live["share"] = {"size": 1, "added": "by hand"}

    assert actions(deploy(a_stack(world)))["share"] is Action.UPDATE
    assert world.live["share"] == {"size": 2, "added": "by hand"}


def test_what_others_added_between_the_plan_and_the_write_is_kept() -> None:
    world = World()
    deploy(a_stack(world))
    world.live["share"] = {"size": 1}
    planned = engine.plan(a_stack(world), Deadline())
    world.live["share"] = {"size": 1, "added": "meanwhile"}

    list(engine.Execution(planned, Deadline()).events())
    assert world.live["share"] == {"size": 2, "added": "meanwhile"}


def test_what_others_repaired_between_the_plan_and_the_write_is_not_written() -> None:
    world = World()
    deploy(a_stack(world))
    world.live["share"] = {"size": 1}
    execution = engine.Execution(engine.plan(a_stack(world), Deadline()), Deadline())
    world.live["share"] = {"size": 2}
    world.requests.clear()

    list(execution.events())
    assert world.writes == []
    assert actions(execution)["share"] is Action.KEEP


def test_what_others_deleted_between_the_plan_and_the_write_is_made_again() -> None:
    world = World()
    deploy(a_stack(world))
    world.live["share"] = {"size": 1}
    execution = engine.Execution(engine.plan(a_stack(world), Deadline()), Deadline())
    del world.live["share"]

    list(execution.events())
    assert world.live["share"] == {"size": 2}
    assert actions(execution)["share"] is Action.CREATE


def test_a_value_that_is_still_unknown_is_never_written() -> None:
    class Silent(Thing):
        def outputs(self, live: Properties) -> Properties:
            return {"key": UNKNOWN}

    world = World()
    silent = Silent(world, "silent")
    things = [silent, Thing(world, "needs it", needs=(silent,))]
    execution = engine.Execution(engine.plan(things, Deadline()), Deadline())
    with pytest.raises(MlflowAzureError, match="writing thing needs it: a value it needs is unknown"):
        list(execution.events())
    assert world.writes == ["silent"]


def test_a_property_that_is_ignored_is_no_reason_to_write_and_is_written_with_one() -> None:
    class Versioned(Thing):
        ignored = frozenset({"tags.version"})

    def stack(version: str, owner: str) -> list[Thing]:
        return [Versioned(world, "account", tags={"version": version, "owner": owner})]

    world = World()
    deploy(stack("1", "me"))
    assert engine.plan(stack("2", "me"), Deadline()).is_empty

    deploy(stack("2", "you"))
    assert world.live["account"]["tags"] == {"version": "2", "owner": "you"}


def test_what_waits_for_a_failure_is_skipped_and_everything_else_is_done() -> None:
    world = World(fails={"account"})
    application = engine.Execution(engine.plan(a_stack(world), Deadline()), Deadline())
    events: list[Event] = []
    with pytest.raises(MlflowAzureError, match="writing account: broken"):
        _consume(application.events(), events)

    assert set(world.live) == {"group", "plan", "site"}
    assert [event.step.name for event in events if isinstance(event, Failed)] == ["account"]
    assert {event.step.name for event in events if isinstance(event, Skipped)} == {"share", "config"}


def test_every_refusal_is_told_before_anything_is_written() -> None:
    world = World()
    things = a_stack(world)
    things[1].refusal, things[3].refusal = "account is taken", "plan is taken"
    with pytest.raises(SeveralErrors) as caught:
        engine.plan(things, Deadline())

    assert {problem.message for problem in caught.value.problems} == {"account is taken", "plan is taken"}
    assert caught.value.exit_code == 4
    assert world.writes == []


def test_what_was_not_made_by_us_is_refused_unless_adopted() -> None:
    world = World(live={"group": {"foreign": True}})
    with pytest.raises(SettingsError, match="was not created by mlflow-azure"):
        engine.plan(a_stack(world), Deadline())

    assert engine.plan(a_stack(world), Deadline(), adopt=True).changes


def test_what_cannot_be_changed_is_refused_with_the_setting_that_says_it() -> None:
    world = World()
    deploy(a_stack(world))
    things = a_stack(world)
    things[2].properties["size"] = 5
    things[2].fixed = {"size": "STORAGE_FILE_SHARE_SIZE"}  # type: ignore[misc]
    with pytest.raises(SettingsError) as caught:
        engine.plan(things, Deadline())

    assert "STORAGE_FILE_SHARE_SIZE" in caught.value.hint


def test_a_check_runs_last_even_when_nothing_changes() -> None:
    ran: list[str] = []

    class Answers(Check):
        kind = "server"

        def run(self, given: Given, report: Report) -> None:
            ran.append(given(self.needs[0], "key"))

    world = World()
    for _ in range(2):
        things = a_stack(world)
        plan = engine.plan([*things, Answers("server", needs=(things[4],), after=(things[5],))], Deadline())
        events = list(engine.Execution(plan, Deadline()).events())
        finished = [event.step.name for event in events if isinstance(event, Finished)]
        assert finished[-1] == "server"
    assert ran == ["key of site"] * 2


def test_the_deadline_ends_a_deploy_that_hangs() -> None:
    class Hangs(Thing):
        def read(self, given: Given) -> Properties | None:
            threading.Event().wait()
            return None

    with pytest.raises(TimedOutError):
        engine.plan([Hangs(World(), "hangs")], Deadline(0.05))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sets(st.sampled_from([thing.name for thing in a_stack(World())])), max_size=4))
def test_after_any_failures_running_again_ends_with_everything_as_desired(failures: list[set[str]]) -> None:
    world = World()
    for fails in failures:
        world.fails = fails
        before = dict(world.live)
        try:
            deploy(a_stack(world))
        except MlflowAzureError:
            assert before.keys() <= world.live.keys(), "a failed deploy lost what was there"
    world.fails = set()
    deploy(a_stack(world))
    world.requests.clear()
    assert set(actions(deploy(a_stack(world))).values()) == {Action.KEEP}
    assert world.writes == []


def test_independent_branches_run_at_the_same_time() -> None:
    meet = threading.Barrier(2, timeout=120)

    class Meets(Thing):
        def create(self, desired: Properties, given: Given, report: Report) -> Properties:
            meet.wait()  # breaks unless the other one is being created as well
            return super().create(desired, given, report)

    world = World()
    application = deploy([Meets(world, "left"), Meets(world, "right")])
    assert len(application.results) == 2


def test_nothing_starts_before_what_it_waits_for_is_done() -> None:
    world = World()
    application = engine.Execution(engine.plan(a_stack(world), Deadline()), Deadline())
    finished: set[str] = set()
    for event in application.events():
        if isinstance(event, Started) and event.step.name == "config":
            assert {"site", "account", "share"} <= finished
        if isinstance(event, Finished):
            finished.add(event.step.name)


def test_what_waits_for_something_outside_of_the_graph_is_refused() -> None:
    with pytest.raises(ValueError, match="not in the graph"):
        list(walk.run({"first": ("nobody",)}, lambda node, _tell: node, Deadline()))


def test_nothing_is_begun_once_the_deadline_has_passed() -> None:
    begun: list[str] = []
    with pytest.raises(TimedOutError):
        list(walk.run({"first": ()}, lambda node, _tell: begun.append(node), Deadline(0)))
    assert begun == []


class Provider(Thing):
    """What cannot be missing where something of its kind exists."""

    shown: ClassVar[Properties] = {"registered": True}


def test_what_is_shown_by_something_that_exists_is_not_asked_for() -> None:
    world = World(live={"account": {}})
    provider = Provider(world, "provider", registered=True)
    account = Thing(world, "account")
    provider.shown_by.append(account)
    assert engine.plan([provider, account], Deadline()).is_empty
    assert world.requests == [("read", "account")]

    world.live.clear()
    world.requests.clear()
    assert not engine.plan([provider, account], Deadline()).is_empty
    assert sorted(world.requests) == [("read", "account"), ("read", "provider")]


def test_what_was_read_just_now_is_not_asked_for_again() -> None:
    world = World(live={"group": {}})
    group = Thing(world, "group")
    seen = {group.key: engine.Reading({"seen": True}, None)}
    assert engine.read([group], Deadline(), seen=seen)[group].live == {"seen": True}
    assert world.requests == []
    assert engine.read([group], Deadline())[group].live == {}
    assert world.requests == [("read", "group")]


def test_a_part_is_read_without_waiting_for_what_it_needs() -> None:
    """The reading of what is needed waits for the part's here, so that it hangs where the part waits, too."""
    world = World(live={"account": {}, "part": {}})
    part_was_read = threading.Event()

    class Slow(Thing):
        def read(self, given: Given) -> Properties | None:
            assert part_was_read.wait(30)
            return super().read(given)

    class Part(Thing):
        def read(self, given: Given) -> Properties | None:
            part_was_read.set()
            return super().read(given)

    account = Slow(world, "account")
    assert engine.read([Part(world, "part", needs=(account,))], Deadline()).keys() >= {account}


def test_who_asks_for_the_output_of_something_that_cannot_be_read_fails_as_it_failed() -> None:
    world = World()

    class Broken(Thing):
        def read(self, given: Given) -> Properties | None:
            raise MlflowAzureError("reading it: broken", hint="again")

    class Asking(Thing):
        def read(self, given: Given) -> Properties | None:
            return {"key": given(self.needs[0], "key")}

    with pytest.raises(MlflowAzureError, match="reading it: broken"):
        engine.read([Asking(world, "asking", needs=(Broken(world, "broken"),))], Deadline())


class Ahead(Task):
    """Work ahead for a thing, which waits for nothing."""

    kind = "work ahead"
    ahead = True

    def __init__(self, began: threading.Event) -> None:
        super().__init__("ahead")
        self.began = began

    def run(self, given: Given, report: Report) -> Action:
        self.began.set()
        return Action.CREATE


def test_work_ahead_begins_while_what_is_needed_is_still_being_made() -> None:
    world, began = World(), threading.Event()

    class Slow(Thing):
        def create(self, desired: Properties, given: Given, report: Report) -> Properties:
            assert began.wait(30)
            return super().create(desired, given, report)

    registry, ahead = Slow(world, "registry"), Ahead(began)
    image = Thing(world, "image", parent=registry, after=(ahead,))
    execution = engine.Execution(engine.plan([registry, ahead, image], Deadline()), Deadline())
    list(execution.events())
    assert world.writes == ["registry", "image"]


def test_no_work_is_done_ahead_for_what_is_kept() -> None:
    world, began = World(live={"image": {}}), threading.Event()
    ahead = Ahead(began)
    image = Thing(world, "image", after=(ahead,))
    list(engine.Execution(engine.plan([ahead, image], Deadline()), Deadline()).events())
    assert not began.is_set()


def test_what_needs_the_thing_that_it_lives_in_is_not_asked_for_without_it() -> None:
    world = World()
    registration = Thing(world, "registration")
    principal = Thing(world, "principal", parent=registration, needs=(registration,))
    engine.read([principal], Deadline())
    assert world.requests == [("read", "registration")]
