"""What several ask for at about the same time, done in one round trip.

The surprise: nobody waits for company. Who comes while nothing is under way goes at once; those who come meanwhile go
together next. A quiet service is as quick as ever, and the busier one is, the fewer round trips a question costs.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Q = TypeVar("Q")
R = TypeVar("R")
S = TypeVar("S")


async def side_by_side(one: Awaitable[R], other: Awaitable[S]) -> tuple[R, S]:
    """Both results; where one fails, the other is still waited for: nothing goes on behind its caller's back."""
    first, second = await asyncio.gather(one, other, return_exceptions=True)
    if isinstance(first, BaseException):
        raise first
    if isinstance(second, BaseException):
        raise second
    return first, second


class Batcher(Generic[Q, R]):
    """Answers questions by the group."""

    def __init__(self, answer: Callable[[Sequence[Q]], Awaitable[Sequence[R | Exception]]], *, most: int) -> None:
        """`answer` takes up to `most` questions and gives an answer or an error for each, or fails for all of them."""
        self._answer = answer
        self._most = most
        self._waiting: deque[tuple[Q, asyncio.Future[R]]] = deque()
        self._answering: asyncio.Task[None] | None = None

    async def ask(self, question: Q) -> R:
        """The answer to this question; raises what became of it instead."""
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, answer))
        if self._answering is None or self._answering.done():
            self._answering = asyncio.create_task(self._go_on())
        return await answer

    async def _go_on(self) -> None:
        while self._waiting:
            group = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
            answers: Sequence[R | BaseException]
            try:
                answers = await self._answer([question for question, _ in group])
            except BaseException as error:
                answers = [error] * len(group)
                if not isinstance(error, Exception):
                    self._give(group, answers)
                    raise
            self._give(group, answers)

    @staticmethod
    def _give(group: Sequence[tuple[Q, "asyncio.Future[R]"]], answers: Sequence[R | BaseException]) -> None:
        for (_, waiting), answer in zip(group, answers, strict=True):
            if waiting.done():  # whoever asked has left
                continue
            if isinstance(answer, BaseException):
                waiting.set_exception(answer)
            else:
                waiting.set_result(answer)
