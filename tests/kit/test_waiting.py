"""A request that waits for a process reads when its document is written here, and now and then."""

import asyncio
from collections.abc import Callable

import pytest

from shared.kit.web.waiting import LongPolls, Wait
from tests.deadlines import DEADLINE_S

NEVER_S = 10 * DEADLINE_S


class Process:
    """One that ends when it is told to, and counts how often it was looked at."""

    def __init__(self) -> None:
        self.is_ended = False
        self.readings = 0
        self.was_read = asyncio.Event()

    async def read(self) -> bool:
        self.readings += 1
        self.was_read.set()
        return self.is_ended

    def waited_for(self, polls: LongPolls, document: str | None) -> "asyncio.Task[bool]":
        return asyncio.create_task(polls.until(self.read, bool, Wait(int(NEVER_S)), document=document))


async def begun(process: Process) -> None:
    async with asyncio.timeout(DEADLINE_S):
        await process.was_read.wait()
    process.was_read.clear()


async def test_a_write_to_the_document_lets_its_requests_read_at_once_and_no_other() -> None:
    polls, process, other = LongPolls(9, first_pause_s=NEVER_S), Process(), Process()
    waiting = [process.waited_for(polls, "lead-1"), other.waited_for(polls, "lead-2")]
    await begun(process)
    await begun(other)
    polls.wake("lead-1")  # a write on the way: it is not the end
    await begun(process)
    process.is_ended = True
    polls.wake("lead-1")
    async with asyncio.timeout(DEADLINE_S):
        assert await waiting[0]
    assert (process.readings, other.readings) == (3, 1)
    other.is_ended = True
    polls.wake("lead-2")
    async with asyncio.timeout(DEADLINE_S):
        assert await waiting[1]
    polls.wake("lead-1")  # nobody waits any more


@pytest.mark.parametrize("document", ["lead-1", None])
async def test_a_process_that_ends_elsewhere_is_found_by_reading_again(document: str | None) -> None:
    """By another replica: nobody wakes the request."""
    polls, process = LongPolls(1, first_pause_s=0.001, longest_pause_s=0.002), Process()
    waiting = process.waited_for(polls, document)
    await begun(process)
    process.is_ended = True
    async with asyncio.timeout(DEADLINE_S):
        assert await waiting


@pytest.mark.parametrize("release", [LongPolls.release_all, lambda polls: polls.wake("lead-1")])
async def test_at_the_end_of_the_service_requests_are_answered_with_what_is_so_far(
    release: Callable[[LongPolls], None],
) -> None:
    polls, process = LongPolls(1, first_pause_s=NEVER_S), Process()
    waiting = process.waited_for(polls, "lead-1")
    await begun(process)
    process.is_ended = release is not LongPolls.release_all
    release(polls)
    async with asyncio.timeout(DEADLINE_S):
        assert await waiting == process.is_ended


async def test_at_the_end_of_the_service_nobody_is_shown_an_old_write_of_it() -> None:
    """Woken without a write, a request reads what others may have written since."""
    polls, process = LongPolls(1, first_pause_s=NEVER_S), Process()

    async def written_long_ago() -> bool:
        return False

    waiting = asyncio.create_task(
        polls.until(process.read, bool, Wait(int(NEVER_S)), document="lead-1", written=written_long_ago)
    )
    await begun(process)
    process.is_ended = True
    polls.release_all()
    async with asyncio.timeout(DEADLINE_S):
        assert await waiting
