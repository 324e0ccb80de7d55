"""What every request needs and what changes seldom, kept in memory for a moment."""

from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final, Generic, TypeVar

T = TypeVar("T")

FRESH_S: Final = 0.5
"""How long it is kept: another replica may have stored something newer meanwhile."""


class Kept(Generic[T]):
    """A value that is read anew when it has been kept for a moment, or when this process has changed it."""

    def __init__(self, read: Callable[[], Awaitable[T]]) -> None:
        """Keep what `read` returns."""
        self._read = read
        self._kept: list[T] = []
        self._read_at = 0.0
        self._changes = 0

    async def get(self) -> T:
        """Return the value, never older than a moment, nor than what this process stored before."""
        if self._kept and monotonic() < self._read_at + FRESH_S:
            return self._kept[0]
        read_at, changes = monotonic(), self._changes
        value = await self._read()
        # A slow read may end after a faster one that began later, and after a change that it has not seen.
        if changes == self._changes and (not self._kept or read_at >= self._read_at):
            self._kept, self._read_at = [value], read_at
        return value

    def forget(self) -> None:
        """Read it anew the next time, because this process has changed it."""
        self._kept = []
        self._changes += 1
