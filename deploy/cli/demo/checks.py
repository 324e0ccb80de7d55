"""Print the steps of a demonstration, and check what they lead to."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

from rich.console import Console
from rich.markup import escape

DEADLINE_S: Final = 30.0

Json = dict[str, Any]


class DemoFailed(Exception):
    """A result was not as expected."""


@dataclass(frozen=True)
class Checks:
    """Prints what is checked; the first failed check ends the demonstration."""

    console: Console

    def step(self, title: str) -> None:
        """Print the title of a step."""
        self.console.rule(f"[bold]{title}[/]", align="left")

    def expect(self, holds: object, what: str, found: object) -> None:
        """Check a result that is there.

        Raises:
            DemoFailed: it does not hold; the message shows what was found.
        """
        if not holds:
            raise DemoFailed(f"{what}; found {found}")
        self.console.print(f"[green]ok[/] {escape(what)}")

    async def until(self, what: str, read: Callable[[], Awaitable[Json]], holds: Callable[[Json], bool]) -> Json:
        """Read again until the result is as expected, and return it.

        Raises:
            DemoFailed: the deadline passed.
        """
        deadline = monotonic() + DEADLINE_S
        while True:
            found = await read()
            if holds(found) or monotonic() > deadline:
                self.expect(holds(found), what, found)
                return found
            await asyncio.sleep(0.1)
