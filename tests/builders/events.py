"""Events as they arrive."""

from datetime import datetime
from typing import TypeVar

from crm_contracts.envelope import Envelope, Event

from shared.kit.domain import Cause
from shared.kit.messaging.reactions import Reactions, by_event
from tests.builders.causes import ANNA, NOON

E = TypeVar("E", bound=Event)


def an_event(
    data: E, *, id_: str = "event-1", subject: str = "lead-1", sequence: int | None = 1, at: datetime = NOON
) -> Envelope[E]:
    return Envelope(
        id=id_,
        source="/crm/tests",
        subject=subject,
        time=at,
        data=data,
        correlation_id="chain-1",
        actor=ANNA,
        sequence=sequence,
    )


def cause_of(event: Envelope[Event], *, at: datetime | None = None) -> Cause:
    """The cause that a subscription makes of an event."""
    return Cause(
        key=event.id,
        actor=event.actor,
        roles=event.actor_roles,
        at=at or event.time,
        correlation_id=event.correlation_id,
        causation_id=event.id,
    )


async def react(reactions: Reactions, event: Envelope[Event], *, at: datetime | None = None) -> None:
    """Run every reaction to the event, each under its own cause, as a subscription does."""
    for reaction in by_event(reactions)[type(event.data)]:
        await reaction.handle(event, cause_of(event, at=at).step(reaction.name))
