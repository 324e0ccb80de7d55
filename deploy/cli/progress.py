"""Progress bars on a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

Report = Callable[[str, int, int], None]
"""Called with a title, how much is done, and of how much."""


class Advance(Protocol):
    """Called with how many more things are done."""

    def __call__(self, number: int = 1, /) -> None: ...


@contextmanager
def bar(title: str, total: int, console: Console) -> Iterator[Advance]:
    """Show a progress bar on a terminal, nothing elsewhere; call what it yields as things get done."""
    with _progress(console) as progress:
        task = progress.add_task(title, total=total)

        def advance(number: int = 1, /) -> None:
            progress.advance(task, number)

        yield advance
        # Whoever advanced it may have counted fewer than were announced.
        progress.update(task, completed=total)


@contextmanager
def remote_bar(console: Console) -> Iterator[Report]:
    """Show a progress bar for work that a service does; call what it yields with how far that is."""
    with _progress(console) as progress:
        task = progress.add_task("", total=None)

        def report(title: str, done: int, total: int) -> None:
            progress.update(task, description=title, completed=done, total=total or None)

        yield report
        progress.update(task, total=progress.tasks[0].total or progress.tasks[0].completed)
        progress.update(task, completed=progress.tasks[0].total)


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TaskProgressColumn())
    return Progress(*columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal)
