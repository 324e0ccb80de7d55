"""What is kept in memory is never older than a moment, nor than what its process stored itself."""

import asyncio

import pytest

from shared.kit.storage import kept
from shared.kit.storage.kept import Kept


class Shelf:
    """A stored value, of which each read takes as long as a test says."""

    def __init__(self) -> None:
        self.value = "old"
        self.reads = 0
        self.slow: dict[int, asyncio.Event] = {}
        self.is_begun = asyncio.Event()

    async def read(self) -> str:
        self.reads += 1
        value = self.value
        self.is_begun.set()
        if self.reads in self.slow:
            await self.slow[self.reads].wait()
        return value


@pytest.fixture(autouse=True)
def is_kept_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "FRESH_S", 0.5)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


async def test_it_is_read_once_a_moment(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = 100.0
    monkeypatch.setattr(kept, "monotonic", lambda: moment)
    known = Kept(shelf.read)
    assert [await known.get(), await known.get()] == ["old", "old"]
    shelf.value = "new"
    assert (await known.get(), shelf.reads) == ("old", 1)
    moment += kept.FRESH_S
    assert (await known.get(), shelf.reads) == ("new", 2)


async def test_what_this_process_stored_is_known_to_it_at_once(shelf: Shelf) -> None:
    known = Kept(shelf.read)
    await known.get()
    shelf.value = "new"
    known.forget()
    assert await known.get() == "new"


async def test_a_read_that_began_before_a_change_is_not_kept(shelf: Shelf) -> None:
    shelf.slow[1] = asyncio.Event()
    known = Kept(shelf.read)
    slow = asyncio.create_task(known.get())
    await shelf.is_begun.wait()
    shelf.value = "new"
    known.forget()
    shelf.slow[1].set()
    assert await slow == "old"
    assert await known.get() == "new"


async def test_a_slow_read_does_not_replace_what_was_read_later(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = 100.0
    monkeypatch.setattr(kept, "monotonic", lambda: moment)
    shelf.slow[1] = asyncio.Event()
    known = Kept(shelf.read)
    slow = asyncio.create_task(known.get())
    await shelf.is_begun.wait()
    shelf.value, moment = "new", moment + 0.1
    assert await known.get() == "new"
    shelf.slow[1].set()
    await slow
    assert (await known.get(), shelf.reads) == ("new", 2)
