"""Lines of what happens to deals alone."""

from collections.abc import Iterator, Mapping
from typing import Final

from crm_contracts.deals import DealAmountChanged, DealClosed, DealWon
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


NARRATORS: Final[Mapping[type[Event], Narrator]] = {DealClosed: _closed, DealAmountChanged: _amount_changed}
