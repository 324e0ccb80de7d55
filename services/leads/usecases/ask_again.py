"""Conversions that heard nothing ask the same attempt again."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from services.leads.domain.lead import Lead
from shared.kit.domain import Cause, Clock, NewId
from shared.kit.storage.repository import Repository


class SilentConversions(Protocol):
    """Finds conversions that have asked nothing for a while."""

    async def silent_conversions(self, since: datetime) -> Sequence[Lead]:
        """Leads, longest silence first."""
        ...


async def ask_again(
    *, leads: Repository[Lead], views: SilentConversions, clock: Clock, new_id: NewId, silence_s: float
) -> int:
    """Repeat the last question of each; how many asked. Several replicas may run this: the lead decides."""
    now = clock()
    since = now - timedelta(seconds=silence_s)
    asked = 0
    for lead in await views.silent_conversions(since):
        conversion = lead.conversion
        cause = Cause(
            key=f"ask-again/{new_id()}",
            actor=conversion.started_by,
            at=now,
            correlation_id=conversion.correlation_id,
            traceparent=conversion.traceparent,
        )
        after = await leads.change(lead.id, lambda found: found.ask_again(silent_since=since, at=now), cause)
        asked += after.conversion.asked_at == now
    return asked
