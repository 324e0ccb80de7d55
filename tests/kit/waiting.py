"""Waiting for something that happens elsewhere: ask, with a deadline; never sleep for luck."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

from tests.deadlines import DEADLINE_S

T = TypeVar("T")


async def eventually(ask: Callable[[], Awaitable[T]], what: str) -> T:
    """The first truthy answer."""
    deadline = monotonic() + DEADLINE_S
    while not (answer := await ask()):
        if monotonic() > deadline:
            raise AssertionError(f"not within {DEADLINE_S:.0f} s: {what}")
        await asyncio.sleep(0.02)
    return answer
