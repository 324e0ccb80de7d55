"""Declare the reactions of a service to events: a typed list, with several reactions to one event allowed."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

from crm_contracts.envelope import Envelope, Event

from shared.kit.domain import Cause

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Reaction:
    """One function that reacts to one type of event.

    Attributes:
        event: the type.
        handle: called with the event and a cause of its own, `<event id>/<name>`.
        name: unique among the reactions to the event; part of the cause, so two reactions may change one document.
        give_up: called instead of dead-lettering the event where `handle` has raised `NotYet` for long enough: it
            answers the process that waits for an answer.
    """

    event: type[Event]
    handle: Callable[[Envelope[Any], Cause], Awaitable[None]]
    name: str
    give_up: Callable[[Envelope[Any], Cause], Awaitable[None]] | None = None

    def cause(self, event: Envelope[Any], *, at: datetime, traceparent: str | None = None) -> Cause:
        """Return the cause of what it does about an event, in the name of the user who caused that."""
        return Cause(
            key=f"{event.id}/{self.name}",
            actor=event.actor,
            roles=event.actor_roles,
            at=at,
            correlation_id=event.correlation_id,
            causation_id=event.id,
            traceparent=traceparent,
        )


Reactions: TypeAlias = Sequence[Reaction]


def on(
    event: type[E],
    handle: Callable[[Envelope[E], Cause], Awaitable[None]],
    *,
    name: str | None = None,
    give_up: Callable[[Envelope[E], Cause], Awaitable[None]] | None = None,
) -> Reaction:
    """Pair an event with the function that reacts to it, named after that function unless said otherwise."""
    return Reaction(event, handle, name or handle.__name__, give_up)


def by_event(reactions: Reactions) -> dict[type[Event], tuple[Reaction, ...]]:
    """Group the reactions by event, in their order.

    Raises:
        ValueError: two reactions to one event share a name, and would share a cause.
    """
    found: dict[type[Event], tuple[Reaction, ...]] = {}
    for reaction in reactions:
        others = found.get(reaction.event, ())
        if any(other.name == reaction.name for other in others):
            message = f"two reactions to {reaction.event.__name__} are called {reaction.name}"
            raise ValueError(message)
        found[reaction.event] = (*others, reaction)
    return found
