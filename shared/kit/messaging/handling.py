"""Run the reactions to an event: each retried in place, each under a cause of its own."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from crm_contracts.envelope import Envelope, Event

from shared.kit.domain import Cause, Clock
from shared.kit.messaging.failures import is_transient, reason_of
from shared.kit.messaging.reactions import Reaction, Reactions, by_event
from shared.kit.storage.repository import Gone
from shared.kit.telemetry.metrics import RETRIED
from shared.kit.telemetry.tracing import current_traceparent, failed, retried

Parse = Callable[[Sequence[tuple[str, bytes | None]], bytes | None], Envelope[Event] | None]

TRIES_IN_PLACE = 6
FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 2.0
"""At most, before the second try and before a later one; at random, so that colliding writers spread out."""


@dataclass(frozen=True)
class HandlingResult:
    """How the attempts to react to one record ended.

    Attributes:
        outcome: `gone`: what it is about has been deleted, so nothing is left to do; `passed_over`: nothing here reacts
            to its type; `failed`: `is_transient(error)` tells whether it may succeed later.
        attempts: how often the reaction ran.
    """

    outcome: Literal["done", "gone", "passed_over", "failed"]
    attempts: int = 0
    error: Exception | None = None


class EventHandler:
    """The reactions of one service, by type of event."""

    def __init__(self, reactions: Reactions, *, clock: Clock) -> None:
        self._reactions = by_event(reactions)
        self._clock = clock

    @property
    def events(self) -> frozenset[type[Event]]:
        """The types that are reacted to."""
        return frozenset(self._reactions)

    def reacts_to(self, event: Envelope[Event]) -> bool:
        """Whether there is a reaction to an event of this type."""
        return type(event.data) in self._reactions

    async def handle(self, event: Envelope[Event]) -> HandlingResult:
        """Run every reaction to the event, in order; one that fails stops no other.

        What a failure leads to is decided by the caller: of several, one that may succeed later counts first.
        """
        reactions = self._reactions.get(type(event.data), ())
        if len(reactions) == 1:
            return await self._react(event, reactions[0])
        return _combined([await self._react(event, reaction) for reaction in reactions])

    async def _react(self, event: Envelope[Event], reaction: Reaction) -> HandlingResult:
        attempts = 0
        while True:
            attempts += 1
            try:
                await reaction.handle(event, self._cause(event, reaction))
            except Gone:
                return HandlingResult("gone", attempts)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is reported
                if attempts == TRIES_IN_PLACE or not is_transient(error):
                    failed(reason_of(error))
                    return HandlingResult("failed", attempts, error)
                RETRIED.labels(event.type).inc()
                retried(reason_of(error), attempts)
            else:
                return HandlingResult("done", attempts)
            # Not by tenacity: to make its object for each event costs more than most reactions.
            pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (attempts - 1))
            await asyncio.sleep(random.uniform(0, pause_s))  # noqa: S311 - no secret

    def _cause(self, event: Envelope[Any], reaction: Reaction) -> Cause:
        return Cause(
            key=f"{event.id}/{reaction.name}",
            actor=event.actor,
            at=self._clock(),
            correlation_id=event.correlation_id,
            causation_id=event.id,
            traceparent=current_traceparent(),
        )


def _combined(results: Sequence[HandlingResult]) -> HandlingResult:
    failures = [result for result in results if result.error is not None]
    if failures:
        return next((each for each in failures if each.error and is_transient(each.error)), failures[0])
    if not results:
        return HandlingResult("passed_over")
    done = [result for result in results if result.outcome == "done"]
    return (done or list(results))[0]
