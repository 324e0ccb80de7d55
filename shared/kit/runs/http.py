"""Look at runs, and pause, resume, cancel or undo them: those of the caller, of an administrator all."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from shared.kit.domain import Aggregate, NotFound
from shared.kit.runs.run import Run
from shared.kit.runs.runner import Runner
from shared.kit.runs.schemas import OutcomeOut, RunOut, StartedRunOut, UndoIn
from shared.kit.runs.values import Status
from shared.kit.web.auth import Caller
from shared.kit.web.call import Call, needs
from shared.kit.web.guard import EveryRecord, Guarded
from shared.kit.web.openapi.headers import LOCATION
from shared.kit.web.routes import is_process, router
from shared.kit.web.schemas import Cursor, Limit, Page

OutcomeStatus = Annotated[Status | None, Query(description="those alone of which this became")]


@dataclass(frozen=True, slots=True)
class OwnRuns:
    """Access to the runs that a caller started, for an administrator to all."""

    caller: Caller
    is_admin: bool

    def check(self, right: str, record: Aggregate) -> None:
        """Check that the caller may know of a run; see `Access`."""
        del right
        if not self.is_admin and isinstance(record, Run) and record.actor != self.caller.actor:
            raise NotFound(f"There is no run {record.id}.")

    def changing(self, right: str, record: Aggregate) -> AbstractContextManager[None]:
        """Check the same; see `Access`."""
        self.check(right, record)
        return nullcontext()

    def check_gone(self, noun: str, id_: str) -> None:
        """Allow it: runs are never deleted."""


def run_routes(service: str, runner: Runner) -> APIRouter:
    """Make the routes of the runs of a service."""
    api, can_read, can_write = router("runs"), needs(f"{service}:read"), needs(f"{service}:write")
    runs = runner.lease.records

    def own(call: Call) -> Guarded[Run]:
        return Guarded(runs, OwnRuns(call.caller, is_admin=call.caller.may(f"{service}:admin")))

    @api.get("/runs")
    async def newest(call: Call = can_read, limit: Limit = 50, cursor: Cursor = None) -> Page[RunOut]:
        """List the runs that the caller started, newest first; an administrator's list has all (DEAL-03).

        A run is kept for 90 days after its end.
        """
        actor = None if call.caller.may(f"{service}:admin") else call.caller.actor
        found, more = await runner.views.newest(actor, limit=limit, cursor=cursor)
        return Page(items=[RunOut.of(each) for each in found], next_cursor=more)

    @api.get("/runs/{run_id}")
    async def read(run_id: str, call: Call = can_read) -> RunOut:
        """Read how far a run is."""
        return RunOut.of(await own(call).get(run_id))

    @api.get("/runs/{run_id}/results")
    async def results(
        run_id: str,
        call: Call = can_read,
        status: OutcomeStatus = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Page[OutcomeOut]:
        """List what became of each record so far; that is kept for 90 days."""
        await own(call).get(run_id)
        found, more = await runner.outcomes.page(run_id, status=status, limit=limit, cursor=cursor)
        return Page(items=[OutcomeOut.of(each) for each in found], next_cursor=more)

    _add_control(api, own, can_write)
    _add_undo(api, own, runner, can_write)
    return api


async def started(run: Run, runner: Runner, response: Response) -> StartedRunOut:
    """Show a run that was just started, with what became of each of few records if it has ended."""
    if not run.has_ended or run.ids is None:
        response.status_code = 202
        response.headers["Location"] = f"/v1/runs/{run.id}"
        return StartedRunOut.ended(run, None)
    outcomes = await runner.outcomes.of_ids(run.id, run.ids)
    return StartedRunOut.ended(run, [OutcomeOut.of(each) for each in outcomes])


def _add_control(api: APIRouter, own: Callable[[Call], Guarded[Run]], can_write: Any) -> None:
    @api.post("/runs/{run_id}/pause", operation_id="pauseRun")
    @is_process
    async def pause(run_id: str, call: Call = can_write) -> RunOut:
        """Pause a run; what it has in hand is ended."""
        return RunOut.of(await own(call).change(run_id, Run.pause, call.cause))

    @api.post("/runs/{run_id}/resume", operation_id="resumeRun")
    @is_process
    async def resume(run_id: str, call: Call = can_write) -> RunOut:
        """Let a paused run go on."""
        return RunOut.of(await own(call).change(run_id, Run.resume, call.cause))

    @api.post("/runs/{run_id}/cancel", operation_id="cancelRun")
    @is_process
    async def cancel(run_id: str, call: Call = can_write) -> RunOut:
        """Cancel a run; what it has changed stays as it is."""
        return RunOut.of(await own(call).change(run_id, lambda run: run.cancel(at=call.cause.at), call.cause))


def _add_undo(api: APIRouter, own: Callable[[Call], Guarded[Run]], runner: Runner, can_write: Any) -> None:
    @api.post(
        "/runs/{run_id}/undo",
        operation_id="undoRun",
        responses={202: {"model": StartedRunOut, "headers": LOCATION}},
    )
    @is_process  # a repeat with the same key is answered with what has become of the undo
    async def undo(
        run_id: str, response: Response, body: UndoIn | None = None, call: Call = can_write
    ) -> StartedRunOut:
        """Undo what a run of the caller changed, within 24 hours of its end (DEAL-03).

        That is a run, too, once for each run, and works as any other, with the rights that the caller has at each
        change. A record that was changed since is refused as `changed_since`, unless it is as it was again.
        """
        undo = await runner.undo(
            await own(call).get(run_id),
            call.new_id,
            call.cause,
            is_restricted=not isinstance(call.access, EveryRecord),
            is_rehearsal=body is not None and body.dry_run,
        )
        return await started(undo, runner, response)
