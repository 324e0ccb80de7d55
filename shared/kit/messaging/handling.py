"""Run the reactions to an event, each retried in place and under a cause of its own."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from crm_contracts.envelope import Envelope, Event

from shared.kit.domain import Clock, NotYet
from shared.kit.messaging.failures import is_transient, reason_of
from shared.kit.messaging.reactions import Reaction, Reactions, by_event
from shared.kit.storage.repository_errors import Gone
from shared.kit.telemetry.metrics import RETRIED
from shared.kit.telemetry.spans import current_traceparent, record_failure, record_retry

Parse = Callable[[Sequence[tuple[str, bytes | None]], bytes | None], Envelope[Event] | None]

TRIES_IN_PLACE = 6
TRIES_WHILE_WAITING = 3
"""Of a reaction that waits for another event, which its record does better apart from the batch."""
FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 2.0
"""Longest pauses before the second and before a later attempt; random, so that colliding writers spread out."""


@dataclass(frozen=True)
class HandlingResult:
    """How the attempts to react to one record ended.

    Attributes:
        outcome: `gone`: its subject was deleted, so nothing is left to do; `passed_over`: no reaction to its type;
            `failed`: it may succeed later if `is_transient(error)`. The values reach the wire.
        attempts: number of times the reaction ran.
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
        """The types of events with a reaction."""
        return frozenset(self._reactions)

    def reacts_to(self, event: Envelope[Event]) -> bool:
        """Return whether there is a reaction to this type of event."""
        return type(event.data) in self._reactions

    async def handle(self, event: Envelope[Event], *, is_last_try: bool = False) -> HandlingResult:
        """Run every reaction to the event, in order; a failure stops none of the others.

        One that still waits at the last try gives up, where it can. Of several failures the result has one that may
        succeed later, if there is one.
        """
        reactions = self._reactions.get(type(event.data), ())
        if len(reactions) == 1:
            return await self._react(event, reactions[0], is_last_try=is_last_try)
        return _combined([await self._react(event, reaction, is_last_try=is_last_try) for reaction in reactions])

    async def _react(self, event: Envelope[Event], reaction: Reaction, *, is_last_try: bool) -> HandlingResult:
        result = await self._try(event, reaction)
        if is_last_try and reaction.give_up is not None and isinstance(result.error, NotYet):
            return await self._try(event, replace(reaction, handle=reaction.give_up))
        return result

    async def _try(self, event: Envelope[Event], reaction: Reaction) -> HandlingResult:
        attempts = 0
        while True:
            attempts += 1
            try:
                cause = reaction.cause(event, at=self._clock(), traceparent=current_traceparent())
                await reaction.handle(event, cause)
            except Gone:
                return HandlingResult("gone", attempts)
            except Exception as error:  # noqa: BLE001 - returned to the caller
                most = TRIES_WHILE_WAITING if isinstance(error, NotYet) else TRIES_IN_PLACE
                if attempts >= most or not is_transient(error):
                    record_failure(reason_of(error))
                    return HandlingResult("failed", attempts, error)
                RETRIED.labels(event.type).inc()
                record_retry(reason_of(error), attempts)
            else:
                return HandlingResult("done", attempts)
            # Without tenacity: making its object for each event costs more than most reactions.
            pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (attempts - 1))
            await asyncio.sleep(random.uniform(0, pause_s))  # noqa: S311 - no secret


def _hope(result: HandlingResult) -> int:
    """Order failures: what passes with the network or the database, what waits for another process, what is final."""
    if result.error is None or not is_transient(result.error):
        return 0
    return 1 if isinstance(result.error, NotYet) else 2


def _combined(results: Sequence[HandlingResult]) -> HandlingResult:
    failures = [result for result in results if result.error is not None]
    if failures:
        return max(failures, key=_hope)
    if not results:
        return HandlingResult("passed_over")
    done = [result for result in results if result.outcome == "done"]
    return (done or list(results))[0]
