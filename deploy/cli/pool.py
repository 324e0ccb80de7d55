"""Many things at once, but not too many, with a bar that shows how far it is."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

T = TypeVar("T")
R = TypeVar("R")
Stand = Callable[[str, int, int], None]


class Advance(Protocol):
    """Told how many more things are done."""

    def __call__(self, number: int = 1, /) -> None: ...


@contextmanager
def bar(title: str, total: int, console: Console) -> Iterator[Advance]:
    """A progress bar on a terminal, nothing elsewhere; call what it yields as things get done."""
    with _progress(console) as progress:
        task = progress.add_task(title, total=total)

        def advance(number: int = 1, /) -> None:
            progress.advance(task, number)

        yield advance


@contextmanager
def bar_of_another(console: Console) -> Iterator[Stand]:
    """The same for work that is done elsewhere: call what it yields with a title, how much is done, and of how much."""
    with _progress(console) as progress:
        task = progress.add_task("", total=None)
        yield lambda title, done, total: progress.update(task, description=title, completed=done, total=total or None)


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TaskProgressColumn())
    return Progress(*columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal)


async def each(
    items: Iterable[T], work: Callable[[T], Awaitable[R]], *, parallel: int, advance: Advance = lambda _=1, /: None
) -> list[R]:
    """The result of `work` for each item, in the items' order; the first exception stops everything."""
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
