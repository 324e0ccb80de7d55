"""A guarded repository: the caller's rights are checked on the very state that is read or changed."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from shared.kit.domain import Aggregate, NotFound
from shared.kit.testing import MemoryRepository
from shared.kit.web.guard import EveryRecord, Guarded, GuardedStore
from tests.builders.fakes import Counting
from tests.kit.jars import Jar, because


class OnlyFull:
    """Allows what a rule about the record's state says, as rights per record do."""

    def check(self, right: str, record: Aggregate) -> None:
        del right
        if not isinstance(record, Jar) or record.amount == 0:
            message = f"There is no jar {record.id}."
            raise NotFound(message)

    @contextmanager
    def changing(self, right: str, record: Aggregate) -> Iterator[None]:
        self.check(right, record)
        yield

    def check_gone(self, noun: str, id_: str) -> None:
        message = f"There is no {noun} {id_}."
        raise NotFound(message)


async def a_repository(amount: int) -> MemoryRepository[Jar]:
    jars = MemoryRepository(Jar, source="/crm/jars", new_id=iter("abcdefgh").__next__)
    await jars.add(Jar(id="a", amount=amount), because("create"))
    return jars


async def test_a_record_that_may_be_changed_is_changed() -> None:
    guarded = Guarded(await a_repository(1), OnlyFull())
    assert (await guarded.change("a", lambda jar: jar.fill(1), because("fill"))).amount == 2
    assert (await guarded.get("a")).amount == 2


async def test_a_record_that_may_not_be_changed_is_left_as_it_was() -> None:
    jars = await a_repository(0)
    guarded = Guarded(jars, OnlyFull())
    with pytest.raises(NotFound):
        await guarded.change("a", lambda jar: jar.fill(1), because("fill"))
    with pytest.raises(NotFound):
        await guarded.get("a")
    assert (await jars.get("a")).version == 1


async def test_a_repeat_is_answered_only_with_what_may_be_read() -> None:
    """A cause that was applied before runs no action, so the check inside of it would not see the caller."""
    jars = await a_repository(1)
    guarded = Guarded(jars, OnlyFull())
    await guarded.change("a", lambda jar: jar.fill(-1), because("empty"))
    with pytest.raises(NotFound):
        await guarded.change("a", lambda jar: jar.fill(-1), because("empty"))
    assert (await jars.get("a")).version == 2


async def test_a_record_that_was_added_before_is_answered_only_where_it_may_be_read() -> None:
    """PERM-01: much may have changed since, by others as well."""
    jars, numbers = await a_repository(1), Counting()
    guarded = GuardedStore(jars, OnlyFull())

    def make(number: int) -> Jar:
        return Jar(id="b", amount=number)

    assert (await guarded.add_numbered(make, because("add"), numbers)).amount == 1
    assert (await guarded.add_numbered(make, because("add"), numbers)).amount == 1
    await jars.change("b", lambda jar: jar.fill(-1), because("empty"))
    with pytest.raises(NotFound):
        await guarded.add_numbered(make, because("add"), numbers)


async def test_an_old_copy_of_what_may_not_be_read_is_told_no_version() -> None:
    """PERM-01: it is as if the record were not there."""
    guarded = Guarded(await a_repository(0), OnlyFull())
    with pytest.raises(NotFound):
        await guarded.change("a", lambda jar: jar.fill(1), because("fill"), expected_version=7)


async def test_without_rights_per_record_every_record_is_allowed() -> None:
    guarded = Guarded(await a_repository(0), EveryRecord())
    assert (await guarded.change("a", lambda jar: jar.fill(1), because("fill"))).amount == 1
