"""How far a verification is, reported to a callback."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final, TypeAlias

Advance: TypeAlias = Callable[[int], None]
"""Called with how many more things are done."""

Progress: TypeAlias = Callable[[str, int], AbstractContextManager[Advance]]
"""Opened with the title of a step and its number of things."""

_STRIDE: Final = 200


@contextmanager
def no_progress(title: str, total: int) -> Iterator[Advance]:
    """Show nothing."""
    del title, total
    yield lambda _: None


class Strides:
    """Advances only every 200 things: showing each would cost more than checking it."""

    def __init__(self, advance: Advance) -> None:
        self._advance = advance
        self._done = 0

    def one(self) -> None:
        """Count one thing."""
        self._done += 1
        if self._done % _STRIDE == 0:
            self._advance(_STRIDE)
