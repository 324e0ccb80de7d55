"""Do many things at once, with a bound on how many."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from deploy.cli.progress import Advance

T = TypeVar("T")


R = TypeVar("R")


async def each(
    items: Iterable[T], work: Callable[[T], Awaitable[R]], *, parallel: int, advance: Advance = lambda _=1, /: None
) -> list[R]:
    """Do `work` for each item and return the results in the items' order; the first exception stops everything."""
    wanted: Sequence[T] = list(items)
    results: dict[int, R] = {}
    places = iter(range(len(wanted)))

    async def worker() -> None:
        for place in places:
            results[place] = await work(wanted[place])
            advance()

    workers = [asyncio.create_task(worker()) for _ in range(min(parallel, len(wanted)))]
    try:
        await asyncio.gather(*workers)
    finally:
        for task in workers:
            task.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    return [results[place] for place in range(len(wanted))]
