"""Undo a run by a run of its own, which gives each record back the fields that the other one changed.

Pure. It has the outcomes of the other one to go by: what was changed since is left alone.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from shared.kit.domain import Cause, NotAllowed, Refused, derived_id
from shared.kit.runs.run import Run

UNDO: Final = "undo"
"""The name of its action."""
UNDONE_WITHIN: Final = timedelta(hours=24)
"""How long after its end a run can be undone."""


class RunNotEnded(Refused):
    """The run has not ended yet, so what it changes is not known."""

    code = "run_not_ended"
    advice = "Wait for the end of the run, or cancel it."


class NoInverse(Refused):
    """The run did what cannot be undone: it deleted records, it was a dry run, or it undid another run."""

    code = "no_inverse"
    advice = "Change the records by another run."


class TooLateToUndo(Refused):
    """The run ended more than 24 hours ago."""

    code = "too_late_to_undo"
    advice = "Change the records by another run; the results of this one have their former values for 90 days."


class AlreadyUndone(Refused):
    """The run was undone before, or that is still going on."""

    code = "already_undone"
    advice = "Look at the run that undid it; what that one left can be changed by another run."


class RunOfAnother(NotAllowed):
    """The run was started by another user, with other rights."""

    code = "run_of_another"
    advice = "Let the run be undone by whoever started it."


class ChangedSince(Refused):
    """The record was changed after the run, so what it was before the run is not what it should be now."""

    code = "changed_since"
    advice = "Correct the record by hand where that is wanted; the results of the run have its former values."


def check_undoable(run: Run, actor: str, *, has_inverse: bool, at: datetime) -> None:
    """Check that this run can be undone by this actor.

    Raises:
        RunOfAnother, NoInverse, RunNotEnded, TooLateToUndo: it cannot.
    """
    if run.actor != actor:
        raise RunOfAnother(f"The run was started by {run.actor}.")
    if run.is_rehearsal:
        raise NoInverse("A dry run has changed nothing.")
    if run.undoes is not None:
        raise NoInverse("What undid another run cannot be undone.")
    if not has_inverse:
        raise NoInverse(f"There is no way back from {run.action!r}.")
    if not run.has_ended or run.ended_at is None:
        raise RunNotEnded(f"The run is {run.state}.")
    if run.ended_at < at - UNDONE_WITHIN:
        raise TooLateToUndo(f"The run ended at {run.ended_at.isoformat()}.")


def undo_of(
    run: Run, new_id: str, cause: Cause, *, ids: Sequence[str] | None, is_restricted: bool, is_rehearsal: bool
) -> Run:
    """Make the run that undoes a run: there is one, however often it is asked for, beside dry runs.

    `ids` are those of the records that the run changed, where these are few.
    """
    undone = {"type": run.action, **json.loads(run.parameters)}
    return Run(
        id=new_id if is_rehearsal else derived_id("undo", run.id),
        action=UNDO,
        records=run.records,
        parameters=json.dumps({"run": run.id, "undone": undone}),
        undoes=run.id,
        ids=None if ids is None else tuple(ids),
        is_rehearsal=is_rehearsal,
        actor=cause.actor,
        roles=cause.roles,
        is_restricted=is_restricted,
        correlation_id=cause.correlation_id,
        traceparent=cause.traceparent,
        created_at=cause.at,
        total=run.counts["ok"],
    )


def undone_action(undo: Run) -> str:
    """Return the action of the run that this one undoes."""
    action: str = json.loads(undo.parameters)["undone"]["type"]
    return action
