"""Lines of what happens to deals alone."""

from collections.abc import Iterator, Mapping
from typing import Final

from crm_contracts.deals import DealAmountChanged, DealClosed, DealMovedToPipeline, DealWon
from crm_contracts.envelope import Event

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


NARRATORS: Final[Mapping[type[Event], Narrator]] = {
    DealClosed: _closed,
    DealAmountChanged: _amount_changed,
    DealMovedToPipeline: _moved_to_pipeline,
}
