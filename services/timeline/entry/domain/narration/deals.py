"""Lines of what happens to deals alone."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from crm_contracts.deals import DealAmountChanged, DealClosed, DealMovedToPipeline, DealWon
from crm_contracts.envelope import Event
from crm_contracts.recurrences import (
    DealRecurringCreated,
    DealRecurringDue,
    DealRecurringExposed,
    DealRecurringUpdated,
    Recurrence,
)

from services.timeline.entry.domain.narration.line import Line, Narrator, money, name_of


def _closed(event: DealClosed) -> Iterator[Line]:
    """Show the amount, on the deal and on its clients."""
    how = "won" if isinstance(event, DealWon) else "lost"
    payload = {"stage": event.stage_id, "amount": money(event.amount)}
    text = f"{how.capitalize()}: {money(event.amount)}"
    yield Line(event.deal, "log_message", text, payload)
    for client in event.client.refs:
        text = f"Deal {name_of(event.deal)} was {how}"
        yield Line(client, "log_message", text, {"element": str(event.deal), **payload})


def _amount_changed(event: DealAmountChanged) -> Iterator[Line]:
    """Show both amounts."""
    before, after = money(event.before), money(event.after)
    yield Line(event.deal, "element_modified", f"Amount: {after}, before {before}", {"from": before, "to": after})


def _moved_to_pipeline(event: DealMovedToPipeline) -> Iterator[Line]:
    """Show both pipelines, and both stages with their semantics (TL-01)."""
    payload = {
        "from_pipeline": event.from_pipeline,
        "to_pipeline": event.pipeline_id,
        "from": event.from_stage,
        "to": event.to_stage,
        "from_semantic": event.from_semantic,
        "to_semantic": event.to_semantic,
    }
    text = f"Moved from pipeline {event.from_pipeline} to {event.pipeline_id}, stage {event.to_stage}"
    yield Line(event.deal, "pipeline_changed", text, payload)


def _recurring_created(event: DealRecurringCreated) -> Iterator[Line]:
    """Show which deal a template was copied from, and its next date (DEAL-15)."""
    text = f"Recurring from deal {name_of(event.based_on)}: {_next(event.recurrence)}"
    yield Line(event.deal, "log_message", text, {"from": str(event.based_on), **_progress(event.recurrence)})


def _recurring_updated(event: DealRecurringUpdated) -> Iterator[Line]:
    """Show the next date, and how many passed without a deal."""
    yield Line(event.deal, "element_modified", f"Schedule: {_next(event.recurrence)}", _progress(event.recurrence))


def _recurring_due(event: DealRecurringDue) -> Iterator[Line]:
    """Show the date that a deal is made for; the deal itself shows when it is there."""
    text = f"A deal is due for {event.planned_for}; {_next(event.recurrence)}"
    yield Line(event.deal, "log_message", text, {"date": str(event.planned_for), **_progress(event.recurrence)})


def _recurring_exposed(event: DealRecurringExposed) -> Iterator[Line]:
    """Show on the deal which template it was made from, and the deal on the template."""
    when = f" for {event.planned_for}" if event.planned_for else ""
    text = f"Made from template {name_of(event.template)}{when}"
    yield Line(event.deal, "created_on_basis_of", text, {"from": str(event.template)})
    text = f"Deal {name_of(event.deal)} was made{when}"
    yield Line(event.template, "child_created", text, {"child": str(event.deal)})


def _next(recurrence: Recurrence) -> str:
    if recurrence.next_date is None:
        return "no date to come" if recurrence.active else "paused"
    return f"next on {recurrence.next_date}"


def _progress(recurrence: Recurrence) -> dict[str, Any]:
    return {
        "next": str(recurrence.next_date) if recurrence.next_date else None,
        "made": recurrence.made,
        "skipped": recurrence.skipped,
    }


NARRATORS: Final[Mapping[type[Event], Narrator]] = {
    DealClosed: _closed,
    DealAmountChanged: _amount_changed,
    DealMovedToPipeline: _moved_to_pipeline,
    DealRecurringCreated: _recurring_created,
    DealRecurringUpdated: _recurring_updated,
    DealRecurringDue: _recurring_due,
    DealRecurringExposed: _recurring_exposed,
}
