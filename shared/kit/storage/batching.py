"""Batch concurrent requests into one round trip (data loader).

A request never waits for others: it starts at once where none is running, and requests that come in meanwhile form the
next batch. So the busier a service is, the fewer round trips each request costs.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Generic, TypeVar

K = TypeVar("K")
R = TypeVar("R")
S = TypeVar("S")


async def side_by_side(one: Awaitable[R], other: Awaitable[S]) -> tuple[R, S]:
    """Await both concurrently and return their results; where one fails, still wait for the other."""
    first, second = await asyncio.gather(one, other, return_exceptions=True)
    if isinstance(first, BaseException):
        raise first
    if isinstance(second, BaseException):
        raise second
    return first, second


async def all_of(each: Iterable[Awaitable[R]]) -> list[R]:
    """Await many concurrently and return their results in order; where one fails, still wait for all others."""
    results = await asyncio.gather(*each, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if not isinstance(result, BaseException)]


class Batcher(Generic[K, R]):
    """Loads values by key, concurrent requests together."""

    def __init__(self, load_each: Callable[[Sequence[K]], Awaitable[Sequence[R | Exception]]], *, most: int) -> None:
        """Batch up to `most` keys; `load_each` returns a value or an error for each key, or fails for all of them."""
        self._load_each = load_each
        self._most = most
        self._waiting: deque[tuple[K, asyncio.Future[R]]] = deque()
        self._loading: asyncio.Task[None] | None = None

    async def load(self, key: K) -> R:
        """Load the value of this key, or raise its error."""
        value: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((key, value))
        if self._loading is None or self._loading.done():
            self._loading = asyncio.create_task(self._load_waiting())
        return await value

    async def _load_waiting(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
            values: Sequence[R | BaseException]
            try:
                values = await self._load_each([key for key, _ in batch])
            except BaseException as error:
                values = [error] * len(batch)
                if not isinstance(error, Exception):
                    self._resolve(batch, values)
                    raise
            self._resolve(batch, values)

    @staticmethod
    def _resolve(batch: Sequence[tuple[K, "asyncio.Future[R]"]], values: Sequence[R | BaseException]) -> None:
        for (_, waiting), value in zip(batch, values, strict=True):
            if waiting.done():  # the caller was cancelled
                continue
            if isinstance(value, BaseException):
                waiting.set_exception(value)
            else:
                waiting.set_result(value)
