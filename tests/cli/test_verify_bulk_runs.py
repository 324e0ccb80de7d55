"""The promise of runs is seen broken: by the log, by the outcomes, or by both not being alike (DEAL-03)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from crm_contracts.envelope import Envelope

from deploy.verify.bulk_runs import BulkRuns
from services.leads.lead.domain.lead import Lead
from shared.kit.runs.outcomes import KEPT_S
from tests.builders.causes import NOON
from tests.builders.leads import just_created_lead
from tests.cli.office import Office

COUNTS = {"ok": 1, "denied": 0, "not_found": 0, "refused": 1}


async def changed() -> Envelope[Any]:
    """What a run has published of the lead that it changed."""
    office = Office()
    await office.add(just_created_lead())
    await office.change(Lead, "lead-1", lambda lead, by: lead.correct({"title": "A"}, **by))
    return replace(office.events[-1], bulk_id="run-1")


def a_run(**changes: Any) -> dict[str, Any]:
    state = {"action": "assign", "is_open": False, "is_rehearsal": False}
    return {"_id": "run-1", "created_at": NOON, "counts": COUNTS, **state, **changes}


def judged(*events: Envelope[Any], run: Any = None, rows: Any = None, told: Any = ()) -> list[str]:
    runs = BulkRuns(now=NOON)
    for event in events:
        runs.take_event(event)
    runs.take_run(run or a_run())
    for id_, status in (rows or {"lead-1": "ok", "lead-2": "refused"}).items():
        runs.take_outcome({"run": "run-1", "id": id_, "status": status, "before": {"title": ""} if id_ in told else {}})
    return [finding.detail for finding in runs.broken()]


async def test_a_run_that_changed_each_record_once_is_as_it_must_be() -> None:
    assert judged(await changed()) == []


async def test_a_record_that_was_changed_twice_is_named() -> None:
    event = await changed()
    again = replace(event, time=event.time + timedelta(seconds=1))
    assert judged(event, again) == ["has changed lead-1 2 times"]


@pytest.mark.parametrize("rows", [{"lead-1": "ok"}, {"lead-1": "ok", "lead-2": "denied"}])
async def test_a_run_that_counted_otherwise_is_named(rows: Any) -> None:
    assert judged(await changed(), rows=rows) == ["has counted other outcomes than are stored"]


async def test_a_change_of_which_nothing_is_told_is_named() -> None:
    rows = {"lead-3": "ok", "lead-1": "refused"}
    assert judged(await changed(), rows=rows) == ["has changed lead-1, and does not say so"]


async def test_a_conversion_that_was_begun_may_be_refused_in_the_end() -> None:
    """MODE-07: the lead was changed all the same, and the run says how that ended."""
    rows = {"lead-3": "ok", "lead-1": "refused"}
    assert judged(await changed(), run=a_run(action="convert"), rows=rows) == []


async def test_a_run_that_goes_on_may_have_more_outcomes_than_it_counted() -> None:
    assert judged(await changed(), run=a_run(is_open=True), rows={"lead-1": "ok"}) == []


async def test_outcomes_that_are_too_old_may_be_gone() -> None:
    assert judged(run=a_run(created_at=NOON - timedelta(seconds=KEPT_S + 1)), rows={"lead-1": "ok"}) == []


async def test_a_change_that_is_told_and_of_which_no_event_has_the_run_is_named() -> None:
    assert judged(await changed(), told=["lead-1"]) == []
    assert judged(told=["lead-1"]) == ["says that it changed lead-1, and no event does"]
    assert judged(run=a_run(is_rehearsal=True), told=["lead-1"]) == []
