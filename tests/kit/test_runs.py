"""Runs: each record is changed once, whoever dies and whoever goes on, and what became of it is told once."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.kit.domain import Cause, NotAllowed, NotFound, Refused
from shared.kit.leases.lease import Lease
from shared.kit.leases.leased import HeldByAnother
from shared.kit.runs.outcomes import OUTCOME_INDEXES, Outcome, Outcomes
from shared.kit.runs.run import Run, RunEnded
from shared.kit.runs.runner import AT_ONCE, CHUNK, Runner
from shared.kit.runs.store import MOST_OPEN, RUN_INDEXES, RunViews
from shared.kit.runs.undoing import AlreadyUndone, NoInverse, RunNotEnded, RunOfAnother, TooLateToUndo
from shared.kit.runs.values import Found, Seen, Status
from shared.kit.service.clock import new_id
from shared.kit.storage.collection import Collection
from shared.kit.storage.connection import Database
from shared.kit.storage.documents import Document
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.storage.repository_errors import BacklogFull
from tests.builders.running import Explained
from tests.kit.jars import NOON, Jar, because
from tests.kit.waiting import eventually

COUNTS = {"ok": 0, "denied": 0, "not_found": 0, "refused": 0}


class Killed(BaseException):
    """The process is gone."""


class NoOutbox:
    """Publishes nothing."""

    is_full = False

    def hint(self, collection: Collection, document: Document) -> None:
        """Forget it."""


class Filling:
    """Fills jars by one, those that have less than ten."""

    def __init__(self, jars: MongoRepository[Jar]) -> None:
        self.jars = jars
        self.tried: list[str] = []
        self.failing: dict[str, BaseException] = {}
        self.is_let: asyncio.Event | None = None
        """Where it is set, records are changed when it is."""

    async def find(self, run: Run, place: str | None, limit: int) -> Found:
        del run
        where: dict[str, Any] = {"amount": {"$lt": 10}, **({"_id": {"$gt": place}} if place else {})}
        found = [each["_id"] for each in await self.jars.collection.find(where, sort=[("_id", 1)], limit=limit)]
        return Found(found, found[-1] if len(found) == limit else None)

    async def look(self, ids: Sequence[str]) -> Sequence[Seen]:
        found = [await self.jars.find(id_) for id_ in ids]
        return [Seen(jar.id, jar.version, {"amount": jar.amount}) for jar in found if jar is not None]

    async def handle(self, run: Run, id_: str, cause: Cause) -> Outcome:
        del run
        self.tried.append(id_)
        if self.is_let is not None:
            await self.is_let.wait()
        if id_ in self.failing:
            raise self.failing[id_]
        jar = await self.jars.change(id_, lambda jar: jar.fill(10), cause)
        return Outcome(id_, "ok", version=jar.version, before={"amount": 0})

    def has_inverse(self, action: str) -> bool:
        return action == "fill"

    async def undo(self, run: Run, done: Outcome, cause: Cause) -> Outcome:
        del run
        self.tried.append(done.id)
        if done.id in self.failing:
            raise self.failing[done.id]
        jar = await self.jars.change(done.id, lambda jar: jar.fill(-jar.amount), cause)
        return Outcome(done.id, "ok", version=jar.version)


class DyingLease(Lease[Run]):
    """A lease of a process that is killed: nothing releases it."""

    async def release(self, id_: str) -> None:
        """Do nothing."""


class Kitchen:
    """Jars, runs over them, and the replicas that work at these."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.jars: MongoRepository[Jar] = self.repository(Jar, "jars")
        self.runs: MongoRepository[Run] = self.repository(Run, "runs")
        self.outcomes = Outcomes(database.collection("run_outcomes"))
        self.views = RunViews(self.runs)
        self.paused_for: list[float] = []

    def repository(self, kind: Any, name: str) -> MongoRepository[Any]:
        return MongoRepository(kind, self.database.collection(name), NoOutbox(), source="/kit", new_id=new_id)

    def replica(self, name: str = "a", *, held_s: float = 10.0, dies: bool = False) -> tuple[Runner, Filling]:
        kind = DyingLease if dies else Lease
        runs: MongoRepository[Run] = self.repository(Run, "runs")
        lease = kind(name, runs, self.database.now, new_id, held_s, "service:kit")

        async def pause(seconds: float) -> None:
            self.paused_for.append(seconds)

        runner = Runner(runs, lease, RunViews(runs), self.outcomes, pause=pause)
        work = Filling(self.repository(Jar, "jars"))
        runner.does({"jar": work})
        return runner, work

    async def shelve(self, number: int) -> list[str]:
        ids = [f"jar-{place:03}" for place in range(number)]
        await asyncio.gather(*(self.jars.add(Jar(id=id_), because(f"create {id_}")) for id_ in ids))
        return ids

    def a_run(self, ids: Sequence[str] | None = None, id_: str = "run") -> Run:
        return Run(
            id=id_,
            action="fill",
            records="jar",
            parameters="{}",
            ids=None if ids is None else tuple(ids),
            selection="{}" if ids is None else None,
            actor="user:ann",
            roles=("cook",),
            correlation_id="c",
            created_at=NOON,
        )

    async def start(self, ids: Sequence[str] | None = None, id_: str = "run") -> Run:
        return await self.runs.add(self.a_run(ids, id_), because(f"start {id_}"))

    async def control(self, action: Any, id_: str = "run") -> Run:
        return await self.runs.change(id_, action, because(new_id()))

    async def check_each_once(self, ids: Sequence[str], **counts: int) -> None:
        """Each jar was filled once, each has one row, and the run is done with these counts."""
        jars = [await self.repository(Jar, "jars").get(id_) for id_ in ids]
        assert [(jar.amount, jar.version) for jar in jars] == [(10, 2)] * len(ids)
        run = await self.repository(Run, "runs").get("run")
        assert (run.state, run.chunk, run.is_open, run.holder) == ("done", (), False, None)
        assert run.counts == {**COUNTS, "ok": len(ids), **counts} == await self.outcomes.number("run")


@pytest.fixture
async def kitchen(database: Database) -> Kitchen:
    await database.collection("runs").ensure(RUN_INDEXES)
    await database.collection("run_outcomes").ensure(OUTCOME_INDEXES)
    return Kitchen(database)


@pytest.mark.parametrize("chosen_by", ["ids", "selection"])
async def test_each_record_is_changed_once_and_has_one_outcome(kitchen: Kitchen, chosen_by: str) -> None:
    ids = await kitchen.shelve(2 * CHUNK + 3)
    await kitchen.start(ids if chosen_by == "ids" else None)
    runner, _ = kitchen.replica()
    assert await runner.work_at_runs() == len(ids)
    await kitchen.check_each_once(ids)
    assert await runner.work_at_runs() == 0
    assert all(seconds >= 0 for seconds in kitchen.paused_for)
    assert len(kitchen.paused_for) >= 3


async def test_all_changes_of_a_run_say_that_they_are_its_and_for_whom(kitchen: Kitchen) -> None:
    """DEAL-03."""
    (id_,) = await kitchen.shelve(1)
    await kitchen.start([id_])
    runner, _ = kitchen.replica()
    await runner.work_at_runs()
    document = await kitchen.jars.collection.get(id_)
    assert document is not None
    headers = document["outbox"][-1]["headers"]
    told = {"ce_bulkid": "run", "ce_actor": "user:ann", "ce_actorroles": "cook", "ce_correlationid": "c"}
    assert {name: headers[name] for name in told} == told
    assert document["inbox"][-1] == f"run/run/{id_}"


async def test_two_replicas_change_each_record_once(kitchen: Kitchen) -> None:
    ids = await kitchen.shelve(3 * CHUNK)
    await kitchen.start(ids)
    (first, _), (second, _) = kitchen.replica("a"), kitchen.replica("b")
    handled = await asyncio.gather(first.work_at_runs(), second.work_at_runs())
    assert sum(handled) == len(ids)
    await kitchen.check_each_once(ids)


async def test_a_replica_works_once_at_a_run_that_it_was_asked_for_and_finds_open(kitchen: Kitchen) -> None:
    """The request and the job of one replica have the same lease."""
    ids = await kitchen.shelve(3)
    runner, work = kitchen.replica()
    work.is_let = asyncio.Event()
    asked = asyncio.create_task(runner.start(kitchen.a_run(ids), because("start")))

    async def are_in_hand() -> bool:
        return len(work.tried) == len(ids)

    await eventually(are_in_hand, "records in hand")
    assert await runner.work_at_runs() == 0
    again = await runner.start(kitchen.a_run(ids), because("start"))
    assert (again.state, again.chunk) == ("running", tuple(ids))
    work.is_let.set()
    assert ((await asked).state, work.tried) == ("done", ids)
    await kitchen.check_each_once(ids)


async def test_a_run_that_fails_for_a_while_holds_no_other_up(kitchen: Kitchen) -> None:
    ids = await kitchen.shelve(3)
    await kitchen.start(ids[:1], "run of what fails")
    await kitchen.start(ids[1:], "another run")
    runner, work = kitchen.replica()
    work.failing[ids[0]] = BacklogFull("later")
    with pytest.raises(BacklogFull):
        await runner.work_at_runs()
    assert [(await kitchen.jars.get(id_)).amount for id_ in ids] == [0, 10, 10]
    assert (await kitchen.runs.get("another run")).state == "done"


async def test_what_a_killed_replica_changed_is_not_changed_again(kitchen: Kitchen) -> None:
    """Killed when the records were changed, and before anything was told of them; the selection finds them no more."""
    ids = await kitchen.shelve(CHUNK + 1)
    await kitchen.start()
    runner, work = kitchen.replica("a", held_s=0.0, dies=True)
    work.failing[ids[CHUNK - 1]] = Killed()
    with pytest.raises(Killed):
        await runner.work_at_runs()
    jars = [await kitchen.jars.get(id_) for id_ in ids]
    assert [jar.amount for jar in jars] == [10] * (CHUNK - 1) + [0, 0]
    other, _ = kitchen.replica("b")
    assert await other.work_at_runs() == len(ids)
    await kitchen.check_each_once(ids)


async def test_a_chunk_that_was_told_and_not_ended_is_counted_once(kitchen: Kitchen) -> None:
    ids = await kitchen.shelve(3)
    await kitchen.start(ids)
    runner, _ = kitchen.replica("a", held_s=0.0, dies=True)
    store = runner.outcomes.store

    class Dying(Outcomes):
        """Dies when it has stored."""

        async def store(self, *args: Any, **more: Any) -> Any:
            await store(*args, **more)
            raise Killed

    runner.outcomes = Dying(kitchen.database.collection("run_outcomes"))
    with pytest.raises(Killed):
        await runner.work_at_runs()
    other, _ = kitchen.replica("b")
    await other.work_at_runs()
    await kitchen.check_each_once(ids)


async def test_a_replica_that_holds_a_run_is_left_alone_until_its_lease_is_over(kitchen: Kitchen) -> None:
    ids = await kitchen.shelve(2)
    await kitchen.start(ids)
    runner, work = kitchen.replica("a", dies=True)
    work.failing[ids[1]] = Killed()
    with pytest.raises(Killed):
        await runner.work_at_runs()
    other, its = kitchen.replica("b")
    assert (await other.work_at_runs(), its.tried) == (0, [])


async def test_a_paused_run_waits_until_it_is_resumed(kitchen: Kitchen) -> None:
    ids = await kitchen.shelve(2 * CHUNK)
    run = await kitchen.start(ids)
    runner, work = kitchen.replica()
    await runner.go_on(run)
    await kitchen.control(lambda run: run.pause())
    assert await runner.work_at_runs() == 0
    assert len(work.tried) == CHUNK
    await kitchen.control(lambda run: run.resume())
    assert await runner.work_at_runs() == CHUNK
    await kitchen.check_each_once(ids)


@pytest.mark.parametrize("control", ["pause", "cancel"])
async def test_records_in_hand_are_told_also_of_a_run_that_does_not_go_on(kitchen: Kitchen, control: str) -> None:
    """The replica that had them in hand is killed, so another one ends them."""
    ids = await kitchen.shelve(2 * CHUNK)
    await kitchen.start(ids)
    runner, work = kitchen.replica("a", held_s=0.0, dies=True)
    work.failing[ids[3]] = Killed()
    with pytest.raises(Killed):
        await runner.work_at_runs()
    await kitchen.control(lambda run: run.pause() if control == "pause" else run.cancel(at=NOON))
    other, _ = kitchen.replica("b")
    assert await other.work_at_runs() == CHUNK
    run = await kitchen.repository(Run, "runs").get("run")
    state = "paused" if control == "pause" else "cancelled"
    assert (run.state, run.counts, run.is_open) == (state, {**COUNTS, "ok": CHUNK}, False)
    assert await kitchen.outcomes.number("run") == run.counts


@pytest.mark.parametrize("controls", [[Run.pause], [Run.pause, Run.resume]], ids=["paused", "resumed"])
@pytest.mark.parametrize("chosen_by", ["ids", "selection"])
async def test_a_run_that_is_paused_at_its_last_records_is_done_with_them(
    kitchen: Kitchen, chosen_by: str, controls: Sequence[Any]
) -> None:
    """Nothing is left to go on with: it does not begin again, and counts no record twice."""
    ids = await kitchen.shelve(3)
    await kitchen.start(ids if chosen_by == "ids" else None)
    runner, work = kitchen.replica("a", held_s=0.0, dies=True)
    work.failing[ids[1]] = Killed()
    with pytest.raises(Killed):
        await runner.work_at_runs()
    for control in controls:
        await kitchen.control(control)
    other, _ = kitchen.replica("b")
    assert await other.work_at_runs() == len(ids)
    await kitchen.check_each_once(ids)
    with pytest.raises(RunEnded):
        await kitchen.control(Run.resume)


async def test_a_run_that_has_ended_cannot_go_on(kitchen: Kitchen) -> None:
    await kitchen.start([])
    await kitchen.replica()[0].work_at_runs()
    for control in (Run.pause, Run.resume, lambda run: run.cancel(at=NOON)):
        with pytest.raises(RunEnded):
            await kitchen.control(control)


async def test_cancelling_twice_is_cancelling_once(kitchen: Kitchen) -> None:
    await kitchen.start(["jar"])
    first = await kitchen.control(lambda run: run.cancel(at=NOON))
    assert (await kitchen.control(lambda run: run.cancel(at=NOON))).version == first.version
    with pytest.raises(RunEnded):
        await kitchen.control(Run.resume)


async def test_why_a_record_was_not_changed_is_told_as_a_single_request_would(kitchen: Kitchen) -> None:
    ids = await kitchen.shelve(4)
    await kitchen.start([*ids, "missing"])
    runner, work = kitchen.replica()
    work.failing = {ids[0]: NotAllowed("no"), ids[1]: Refused("later"), ids[2]: ZeroDivisionError()}
    await runner.work_at_runs()
    rows, more = await kitchen.outcomes.page("run", status=None, limit=50, cursor=None)
    assert [(row.id, row.status, row.code) for row in rows] == [
        (ids[0], "denied", "not_allowed"),
        ("missing", "not_found", NotFound.code),
        (ids[3], "ok", None),
        (ids[1], "refused", "refused"),
        (ids[2], "refused", "failed"),
    ]
    assert more is None


async def test_what_fails_for_a_while_is_tried_again_and_changes_nothing_twice(kitchen: Kitchen) -> None:
    ids = await kitchen.shelve(3)
    await kitchen.start(ids)
    runner, work = kitchen.replica()
    work.failing[ids[1]] = BacklogFull("later")
    with pytest.raises(BacklogFull):
        await runner.work_at_runs()
    work.failing.clear()
    assert await runner.work_at_runs() == 3
    await kitchen.check_each_once(ids)


async def test_a_run_whose_records_cannot_be_found_is_paused_with_the_reason(kitchen: Kitchen) -> None:
    run = await kitchen.start()
    runner, work = kitchen.replica()

    async def fail(*_: Any) -> Found:
        raise Refused("gone")

    work.find = fail  # type: ignore[assignment, method-assign] # as another version of the service would
    await runner.work_at_runs()
    run = await kitchen.repository(Run, "runs").get("run")
    assert (run.state, run.reason, run.holder) == ("paused", "refused", None)


async def test_a_replica_whose_place_is_taken_changes_nothing(kitchen: Kitchen) -> None:
    ids = await kitchen.shelve(2 * CHUNK)
    seen = await kitchen.start(ids)
    seen = seen.model_copy()
    await kitchen.replica("a")[0].go_on(await kitchen.runs.get("run"))
    late, work = kitchen.replica("b")
    with pytest.raises(HeldByAnother):
        await late.go_on(seen)
    assert work.tried == []


async def test_outcomes_are_paged_each_once(kitchen: Kitchen) -> None:
    ids = [f"jar-{place}" for place in range(7)]
    statuses: list[Status] = ["ok", "refused", "ok", "denied", "ok", "not_found", "refused"]
    rows = [Outcome(id_, status) for id_, status in zip(ids, statuses, strict=True)]
    await kitchen.outcomes.store("run", rows, at=NOON)
    await kitchen.outcomes.store("run 2", rows, at=NOON)
    seen, cursor = list[str](), None
    while True:
        page, cursor = await kitchen.outcomes.page("run", status=None, limit=2, cursor=cursor)
        seen += [row.id for row in page]
        if cursor is None:
            break
    assert sorted(seen) == ids
    page, _ = await kitchen.outcomes.page("run", status="refused", limit=2, cursor=None)
    assert [row.id for row in page] == ["jar-1", "jar-6"]


async def test_open_runs_and_outcomes_are_found_by_their_indexes(kitchen: Kitchen) -> None:
    ids = await kitchen.shelve(CHUNK)
    await kitchen.start(ids)
    await kitchen.replica()[0].work_at_runs()
    for number in range(30):
        await kitchen.start([], f"run-{number}")
    runs = Explained(kitchen.runs.collection)
    kitchen.runs.collection = runs
    assert len(await kitchen.views.open()) == MOST_OPEN
    await kitchen.views.newest("user:ann", limit=5, cursor=None)
    await kitchen.views.newest(None, limit=5, cursor=None)
    runs.assert_served_by_indexes()
    rows = Explained(kitchen.database.collection("run_outcomes"))
    await Outcomes(rows).page("run", status="ok", limit=5, cursor=None)
    rows.assert_served_by_indexes()


async def test_a_run_goes_90_days_after_its_end_and_no_sooner(kitchen: Kitchen) -> None:
    """MongoDB deletes by the date that a document has under the key; null is none."""
    await kitchen.shelve(1)
    await kitchen.start()
    runs = kitchen.database.collection("runs")
    (expiry,) = (index for index in await _indexes(runs) if "expireAfterSeconds" in index)
    assert (dict(expiry["key"]), expiry["expireAfterSeconds"]) == ({"ended_at": 1}, 90 * 24 * 3600)
    assert (await runs.get("run") or {})["ended_at"] is None
    await kitchen.replica()[0].work_at_runs()
    assert isinstance((await runs.get("run") or {})["ended_at"], datetime)


async def _indexes(collection: Collection) -> list[Document]:
    found: list[Document] = list((await collection._inner.index_information()).values())
    return found


async def undone(kitchen: Kitchen, runner: Runner, *, key: str = "undo", **changes: Any) -> Run:
    run = (await kitchen.repository(Run, "runs").get("run")).model_copy(update=changes)
    cause = replace(because(key), actor="user:ann", at=run.ended_at or NOON)
    return await runner.undo(run, new_id(), cause, is_restricted=False, is_rehearsal=False)


async def test_a_run_is_undone_by_another_one_however_many_records_it_changed(kitchen: Kitchen) -> None:
    ids = await kitchen.shelve(AT_ONCE + 1)
    await kitchen.start()
    runner, _ = kitchen.replica()
    await runner.work_at_runs()
    undo = await undone(kitchen, runner)
    assert (undo.undoes, undo.ids, undo.total, undo.state) == ("run", None, len(ids), "waiting")
    assert await runner.work_at_runs() == len(ids)
    assert [(jar.amount, jar.version) for jar in [await kitchen.jars.get(id_) for id_ in ids]] == [(0, 3)] * len(ids)
    assert await kitchen.outcomes.number(undo.id) == {**COUNTS, "ok": len(ids)}


async def test_what_a_killed_replica_undid_is_not_undone_again(kitchen: Kitchen) -> None:
    ids = await kitchen.shelve(AT_ONCE + 1)
    await kitchen.start()
    await kitchen.replica()[0].work_at_runs()
    dying, work = kitchen.replica("a", held_s=0.0, dies=True)
    work.failing[ids[CHUNK + 2]] = Killed()
    undo = await undone(kitchen, dying)
    with pytest.raises(Killed):
        await dying.work_at_runs()
    other, _ = kitchen.replica("b")
    await other.work_at_runs()
    jars = [await kitchen.repository(Jar, "jars").get(id_) for id_ in ids]
    assert [(jar.amount, jar.version) for jar in jars] == [(0, 3)] * len(ids)
    run = await kitchen.repository(Run, "runs").get(undo.id)
    assert (run.state, run.counts) == ("done", {**COUNTS, "ok": len(ids)})


async def test_a_run_is_undone_once_whoever_asks_at_the_same_moment(kitchen: Kitchen) -> None:
    ids = await kitchen.shelve(3)
    await kitchen.start(ids)
    runner, other = kitchen.replica("a")[0], kitchen.replica("b")[0]
    await runner.work_at_runs()
    found = await asyncio.gather(undone(kitchen, runner), undone(kitchen, other, key="b"), return_exceptions=True)
    assert sorted(type(each).__name__ for each in found) == [AlreadyUndone.__name__, Run.__name__]
    assert [(await kitchen.repository(Jar, "jars").get(id_)).version for id_ in ids] == [3] * 3


async def test_a_repeat_of_the_same_undo_is_a_success_without_effect(kitchen: Kitchen) -> None:
    ids = await kitchen.shelve(1)
    await kitchen.start(ids)
    runner, _ = kitchen.replica()
    await runner.work_at_runs()
    first, again = await undone(kitchen, runner), await undone(kitchen, runner)
    assert (first.id, first.version) == (again.id, again.version)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"actor": "user:bea"}, RunOfAnother),
        ({"is_rehearsal": True}, NoInverse),
        ({"undoes": "another"}, NoInverse),
        ({"action": "smash"}, NoInverse),
        ({"state": "running"}, RunNotEnded),
        ({"state": "cancelled", "chunk": ("jar",)}, RunNotEnded),
    ],
)
async def test_what_cannot_be_undone_says_so(kitchen: Kitchen, changes: Any, error: type[Exception]) -> None:
    await kitchen.start([])
    runner, _ = kitchen.replica()
    await runner.work_at_runs()
    with pytest.raises(error):
        await undone(kitchen, runner, **changes)


async def test_a_run_is_undone_until_24_hours_after_its_end(kitchen: Kitchen) -> None:
    await kitchen.start([])
    runner, _ = kitchen.replica()
    await runner.work_at_runs()
    run = await kitchen.repository(Run, "runs").get("run")
    assert run.ended_at is not None
    cause = replace(because("late"), actor="user:ann", at=run.ended_at + timedelta(hours=24, seconds=1))
    with pytest.raises(TooLateToUndo):
        await runner.undo(run, new_id(), cause, is_restricted=False, is_rehearsal=False)
    cause = replace(cause, at=run.ended_at + timedelta(hours=24))
    assert (await runner.undo(run, new_id(), cause, is_restricted=False, is_rehearsal=False)).state == "done"
