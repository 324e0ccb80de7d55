"""Waiting for something that happens elsewhere: ask, with a deadline; never sleep for luck."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

T = TypeVar("T")


async def eventually(ask: Callable[[], Awaitable[T]], what: str, deadline_s: float = 15.0) -> T:
    """The first truthy answer."""
    deadline = monotonic() + deadline_s
    while not (answer := await ask()):
        if monotonic() > deadline:
            raise AssertionError(f"not within {deadline_s:.0f} s: {what}")
        await asyncio.sleep(0.02)
    return answer
