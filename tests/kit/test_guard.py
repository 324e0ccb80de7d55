"""A guarded repository: the caller's rights are checked on the very state that is read or changed."""

from dataclasses import dataclass

import pytest

from shared.kit.domain import Aggregate
from shared.kit.testing import MemoryRepository
from shared.kit.web.auth import Caller, Forbidden
from shared.kit.web.guard import Guarded, ScopeAccess
from tests.kit.jars import Jar, because


@dataclass(frozen=True)
class OnlyFull:
    """Allows what a rule about the record's state says, as rights per record will."""

    def check_read(self, record: Aggregate) -> None:
        self.check_change(record)

    def check_change(self, record: Aggregate) -> None:
        if not isinstance(record, Jar) or record.amount == 0:
            raise Forbidden("jars:write")


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
    with pytest.raises(Forbidden):
        await guarded.change("a", lambda jar: jar.fill(1), because("fill"))
    with pytest.raises(Forbidden):
        await guarded.get("a")
    assert (await jars.get("a")).version == 1


async def test_a_repeat_is_answered_only_with_what_may_be_read() -> None:
    """A cause that was applied before runs no action, so the check inside of it would not see the caller."""
    jars = await a_repository(1)
    guarded = Guarded(jars, OnlyFull())
    await guarded.change("a", lambda jar: jar.fill(-1), because("empty"))
    with pytest.raises(Forbidden):
        await guarded.change("a", lambda jar: jar.fill(-1), because("empty"))
    assert (await jars.get("a")).version == 2


@pytest.mark.parametrize(("scope", "allowed"), [("jars:write", True), ("jars:read", False)])
async def test_today_every_record_is_allowed_to_a_caller_with_the_scope(scope: str, *, allowed: bool) -> None:
    caller = Caller(actor="user:ann", roles=frozenset(), scopes=frozenset({scope}))
    guarded = Guarded(await a_repository(0), ScopeAccess(caller, "jars:write"))
    if allowed:
        assert (await guarded.change("a", lambda jar: jar.fill(1), because("fill"))).amount == 1
    else:
        with pytest.raises(Forbidden):
            await guarded.change("a", lambda jar: jar.fill(1), because("fill"))
