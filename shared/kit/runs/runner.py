"""Work at open runs, chunk by chunk, each in whichever replica gets its lease.

A replica works at one chunk at a time, the runs in turn, and pauses as long as the chunk has taken: so people's
requests have half of its time at least. One that dies no longer renews its lease, and another one handles the same
records again, with the same causes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from time import monotonic
from typing import Final

from shared.kit.domain import Cause, DomainError
from shared.kit.fault_points import fault_point
from shared.kit.leases.lease import Lease
from shared.kit.leases.leased import HeldByAnother
from shared.kit.messaging.failures import is_transient, reason_of
from shared.kit.runs.outcomes import Outcome, Outcomes
from shared.kit.runs.run import Run
from shared.kit.runs.store import RunViews
from shared.kit.runs.undoing import AlreadyUndone, check_undoable, undo_of
from shared.kit.runs.values import Found
from shared.kit.runs.work import Work, cause_of
from shared.kit.storage.batching import all_of
from shared.kit.storage.repository import Repository
from shared.kit.storage.repository_errors import IdTaken
from shared.kit.telemetry.logs import log
from shared.kit.telemetry.metrics import RUN_FAILURES, RUN_RECORDS, RUNS_OPEN

CHUNK: Final = 20
"""Records that are changed side by side."""
AT_ONCE: Final = 50
"""Records of a run that its request waits for."""
HELD_S: Final = 10.0
"""How long after a death another replica continues."""
LOOK_EVERY_S: Final = 1.0


class Runner:
    """One replica, as far as it works at runs."""

    def __init__(
        self,
        runs: Repository[Run],
        lease: Lease[Run],
        views: RunViews,
        outcomes: Outcomes,
        *,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.runs, self.lease, self.views, self.outcomes = runs, lease, views, outcomes
        self._pause = pause
        self._work: dict[str, Work] = {}
        self._in_hand: set[str] = set()

    def does(self, work: Mapping[str, Work]) -> None:
        """Tell it how records are changed, by their types."""
        self._work.update(work)

    async def work_at_runs(self) -> int:
        """Work at all open runs until nothing is left here, and return how many records were handled.

        A run that fails for a while is left to the next time, and holds no other up.
        """
        handled = 0
        while True:
            handled_now, is_moved = 0, False
            failure: Exception | None = None
            open_runs = await self.views.open()
            RUNS_OPEN.set(len(open_runs))
            for run in open_runs:
                began = monotonic()
                try:
                    handled_now += await self.go_on(run)
                except HeldByAnother:
                    continue
                except Exception as error:
                    if not is_transient(error):
                        raise
                    failure = failure or error
                    continue
                is_moved = True
                await self._pause(monotonic() - began)
            handled += handled_now
            if is_moved:
                continue
            if failure is not None:
                raise failure
            return handled

    async def start(self, run: Run, cause: Cause) -> Run:
        """Start a run; one of few records is ended at once, unless something is in the way for a while."""
        if run.ids is None or len(run.ids) > AT_ONCE:
            return await self.runs.add(run, cause)
        run.take_all(await self._work[run.records].look(run.ids))
        run.hold(self.lease.holder, now=await self.lease.server_time(), seconds=self.lease.held_s)
        with self._taking(run.id) as is_free:  # before it is stored, so that the job does not find it first
            run = await self.runs.add(run, cause)
            try:
                if is_free and not run.has_ended:
                    await self._go_on(run)
            except Exception as error:
                if not (isinstance(error, HeldByAnother) or is_transient(error)):
                    raise
        return await self.runs.get(run.id)

    async def undo(self, run: Run, new_id: str, cause: Cause, *, is_restricted: bool, is_rehearsal: bool) -> Run:
        """Start the run that undoes a run.

        Raises:
            RunOfAnother, NoInverse, RunNotEnded, TooLateToUndo, AlreadyUndone: it cannot be undone.
        """
        has_inverse = run.undoes is None and self._work[run.records].has_inverse(run.action)
        check_undoable(run, cause.actor, has_inverse=has_inverse, at=cause.at)
        ids: Sequence[str] | None = None
        if run.counts["ok"] <= AT_ONCE:
            done, _ = await self.outcomes.page(run.id, status="ok", limit=AT_ONCE, cursor=None)
            ids = [each.id for each in done]
        undo = undo_of(run, new_id, cause, ids=ids, is_restricted=is_restricted, is_rehearsal=is_rehearsal)
        try:
            return await self.start(undo, cause)
        except IdTaken:
            raise AlreadyUndone(f"The run was undone by the run {undo.id}.") from None

    async def go_on(self, seen: Run) -> int:
        """Handle one chunk, and return how many records it had.

        Raises:
            HeldByAnother: another replica works at it, or a request of this one, or nothing is left to do.
        """
        with self._taking(seen.id) as is_free:
            if not is_free:
                raise HeldByAnother("A request works at the run.")
            return await self._go_on(seen)

    @contextmanager
    def _taking(self, run_id: str) -> Iterator[bool]:
        """Take a run in hand, unless something else of this process has it: all of that shares one lease."""
        is_free = run_id not in self._in_hand
        self._in_hand.add(run_id)
        try:
            yield is_free
        finally:
            if is_free:
                self._in_hand.discard(run_id)

    async def _go_on(self, seen: Run) -> int:
        try:
            found = None if seen.chunk else await self._found(seen)
        except Exception as error:
            if is_transient(error):
                raise
            log.exception("run stopped", run=seen.id)
            RUN_FAILURES.labels(seen.action).inc()
            reason = reason_of(error)
            await self.lease.hold(seen.id, lambda run: run.stop(reason))
            return 0
        moment = await self.lease.server_time()
        before = [] if found is None else await self._work[seen.records].look(found.ids)
        run = await self.lease.hold(seen.id, lambda run: run.begin_chunk(seen, found, before, at=moment))
        if not run.chunk:
            return 0
        try:
            await self._handle(run)
        except BaseException:
            await self.lease.release(run.id)
            raise
        return len(run.chunk)

    async def _found(self, run: Run) -> Found:
        if run.ids is not None:
            return run.given_after(run.place, CHUNK)
        if run.undoes is not None:
            done, more = await self.outcomes.page(run.undoes, status="ok", limit=CHUNK, cursor=run.place)
            return Found([each.id for each in done], more)
        return await self._work[run.records].find(run, run.place, CHUNK)

    async def _handle(self, run: Run) -> None:
        moment = await self.lease.server_time()
        outcomes = await all_of(self._outcome(run, id_, moment) for id_ in run.chunk)
        fault_point("run:changed")
        statuses = await self.outcomes.store(run.id, outcomes, at=moment)
        fault_point("run:stored")
        chunk = run.chunk

        def end(held: Run) -> None:
            if held.chunk != chunk:
                raise HeldByAnother("Another replica has gone on with the run.")
            held.end_chunk(statuses, at=moment)

        await self.lease.hold(run.id, end)
        for status, number in statuses.items():
            RUN_RECORDS.labels(run.action, status).inc(number)

    async def _outcome(self, run: Run, id_: str, moment: datetime) -> Outcome:
        """Handle one record; what fails for a while is left to a repeat, what cannot succeed is its outcome."""
        work, cause = self._work[run.records], cause_of(run, id_, moment)
        try:
            if run.undoes is None:
                return await work.handle(run, id_, cause)
            (done,) = await self.outcomes.of_ids(run.undoes, [id_])
            return await work.undo(run, done, cause)
        except Exception as error:
            if is_transient(error):
                raise
            if isinstance(error, DomainError):
                return Outcome.of_error(id_, error)
            log.exception("record of a run failed", run=run.id, id=id_)
            RUN_FAILURES.labels(run.action).inc()
            return Outcome(
                id_, "refused", "failed", "The record could not be changed; the log of the service says why."
            )
