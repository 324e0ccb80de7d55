"""What a runner needs to know of the records that a run changes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from shared.kit.domain import Cause
from shared.kit.runs.outcomes import Outcome
from shared.kit.runs.run import Run
from shared.kit.runs.values import Found, Seen


class Work(Protocol):
    """What runs do to the records of one type."""

    async def find(self, run: Run, place: str | None, limit: int) -> Found:
        """Find the next records of a run that says what they have to be."""
        ...

    async def look(self, ids: Sequence[str]) -> Sequence[Seen]:
        """Return those of the records that there are, as they are now."""
        ...

    async def handle(self, run: Run, id_: str, cause: Cause) -> Outcome:
        """Change one record, which may have been changed by this cause already."""
        ...

    def has_inverse(self, action: str) -> bool:
        """Return whether what an action changes can be undone."""
        ...

    async def undo(self, run: Run, done: Outcome, cause: Cause) -> Outcome:
        """Give one record back what a run changed of it; this cause may have done so already.

        Raises:
            ChangedSince: it was changed since that run.
        """
        ...


def cause_of(run: Run, id_: str, at: datetime) -> Cause:
    """Make the cause of the change of one record, which is the same however often it is tried."""
    return Cause(
        key=f"run/{run.id}/{id_}",
        actor=run.actor,
        at=at,
        correlation_id=run.correlation_id,
        traceparent=run.traceparent,
        roles=run.roles,
        bulk_id=run.id,
    )
