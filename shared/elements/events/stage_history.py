"""Keep the stage history from what the service publishes itself (PIPE-08)."""

from typing import Any

from crm_contracts.envelope import Envelope
from crm_contracts.events import ElementEvent

from shared.elements.store.stage_history import StageHistory, StageRecord
from shared.kit.domain import Cause
from shared.kit.messaging.reactions import Reactions, on


def stage_history_reactions(
    history: StageHistory, *told_by: type[ElementEvent], ended_by: type[ElementEvent]
) -> Reactions:
    """Make the reactions to the events that tell of new elements, of their moves and of their deletion."""

    async def on_event(event: Envelope[Any], _: Cause) -> None:
        """Keep the row, or delete all of them."""
        if isinstance(event.data, ended_by):
            await history.forget(event.data.element.id)
        else:
            await history.add(StageRecord.of(event))

    return [on(each, on_event, name="keep_stage_history") for each in (*told_by, ended_by)]
