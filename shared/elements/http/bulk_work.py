"""Change elements in runs, for those who started these, with the rights that they have at each change (DEAL-03)."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, Generic, TypeVar

from shared.elements.http.query_routes import ListedElements
from shared.elements.http.walking import walk_elements
from shared.elements.usecases.bulk import BulkAction, WatchedRecords, differences, watched
from shared.kit.domain import Aggregate, Cause, DomainError, NotAllowed
from shared.kit.runs.outcomes import Outcome
from shared.kit.runs.rehearsal import Rehearsed
from shared.kit.runs.run import Run
from shared.kit.runs.undoing import ChangedSince, undone_action
from shared.kit.runs.values import Found, Seen
from shared.kit.storage.batching import all_of
from shared.kit.storage.repository import Repository
from shared.kit.web.auth import Caller
from shared.kit.web.guard import Access, Authority, EveryRecord, Guarded

E = TypeVar("E", bound=Aggregate)

READ: Final = "read"


class RightsLost(NotAllowed):
    """Roles allowed the run when it was started, and the user who started it has none any more."""

    code = "rights_lost"
    advice = "Ask an administrator for a role, and start another run for what is left."


class BulkWork(Generic[E]):
    """What runs do to the elements of one type."""

    def __init__(
        self,
        elements: Repository[E],
        listed: ListedElements[E],
        authority: Authority,
        actions: Mapping[str, BulkAction],
    ) -> None:
        self.elements, self.listed = elements, listed
        self._authority, self._actions = authority, actions

    async def find(self, run: Run, place: str | None, limit: int) -> Found:
        """Find the next elements that pass the filter, of those that were there when the run was started."""
        readable = Guarded(self.elements, await self._access(run), READ)
        selection = json.loads(run.selection or "{}")
        return await walk_elements(self.listed, selection, readable, began_at=run.created_at, place=place, limit=limit)

    async def look(self, ids: Sequence[str]) -> Sequence[Seen]:
        """Return those of the elements that there are, as they are now."""
        found = await all_of(self.elements.find(id_) for id_ in ids)
        return [Seen(each.id, each.version, watched(each)) for each in found if each is not None]

    async def handle(self, run: Run, id_: str, cause: Cause) -> Outcome:
        """Change one element by the use case of a single request, and wait for the end of what that begins."""
        done, settle = (
            await self._once(run, id_, cause, self._change(run, id_, cause)),
            self._actions[run.action].settle,
        )
        return done if settle is None or run.is_rehearsal else await settle(done)

    async def undo(self, run: Run, done: Outcome, cause: Cause) -> Outcome:
        """Give one element back what a run changed of it, by the use case of a single request.

        Raises:
            ChangedSince: it was changed since that run, and is not as it was before.
        """
        return await self._once(run, done.id, cause, self._give_back(run, done, cause))

    def has_inverse(self, action: str) -> bool:
        """Return whether what an action changes can be undone."""
        return self._actions[action].restore is not None

    async def _change(self, run: Run, id_: str, cause: Cause) -> Outcome:
        action = self._actions[run.action]
        elements = await self._elements(run, action.right)
        await action.act(json.loads(run.parameters), id_, cause, elements)
        return _outcome(id_, elements)

    async def _give_back(self, run: Run, done: Outcome, cause: Cause) -> Outcome:
        action = self._actions[undone_action(run)]
        if action.restore is None:
            raise LookupError(f"{undone_action(run)} has no inverse")
        elements = await self._elements(run, action.right, partial(_check_unchanged, done))
        if not done.before:
            return _as_it_was(done, await elements.get(done.id))
        await action.restore(done.before, done.id, cause, elements)
        return _outcome(done.id, elements)

    async def _once(self, run: Run, id_: str, cause: Cause, change: Awaitable[Outcome]) -> Outcome:
        """Return what becomes of an element, or what became of it when this cause changed it before.

        Then the change does nothing, or is refused: the element may be out of reach of the run since, given to another
        or deleted. Where it does nothing and was not done before, what it would have changed is not known.
        """
        try:
            done = await change
        except DomainError:
            before = await self._changed_by(run, id_, cause)
            if before is None:
                raise
            return before
        seen = run.seen_as(id_)
        if done.before or seen is None or done.version == seen.version:
            return done
        return await self._changed_by(run, id_, cause) or replace(done, version=None)

    async def _changed_by(self, run: Run, id_: str, cause: Cause) -> Outcome | None:
        """Return what became of an element that this cause has changed before; None where it has not.

        What it changed of it is known where the element was not changed otherwise between the look at it and now.
        """
        element, seen = await self.elements.changed_by(id_, cause), run.seen_as(id_)
        if element is None:
            return None
        if element.deleted_at is not None:
            return Outcome(id_, "ok", version=element.version)
        if seen is None or element.version != seen.version + 1:
            return Outcome(id_, "ok")
        before, after = differences(seen.fields, element)
        return Outcome(id_, "ok", version=element.version, before=before, after=after)

    async def _elements(self, run: Run, right: str, check: Callable[[E], None] = lambda _: None) -> WatchedRecords[E]:
        """Return the elements, to be changed as the starter may change them now."""
        guarded = (Rehearsed if run.is_rehearsal else Guarded)(self.elements, await self._access(run), right)
        return WatchedRecords(guarded, guarded.access, check)

    async def _access(self, run: Run) -> Access:
        """Return the rights that the starter has now.

        Raises:
            RightsLost: roles restricted the starter then, and none does now, so the token alone would count.
        """
        access = await self._authority.access(Caller(run.actor, frozenset(run.roles), frozenset()))
        if run.is_restricted and isinstance(access, EveryRecord):
            raise RightsLost("The roles that allowed the run are gone.")
        return access


def _outcome(id_: str, elements: WatchedRecords[Any]) -> Outcome:
    version = None if elements.record is None else elements.record.version
    return Outcome(id_, "ok", version=version, before=elements.before, after=elements.after)


def _as_it_was(done: Outcome, element: Aggregate) -> Outcome:
    if done.version is None:
        raise ChangedSince("The record was changed while the run was at it, so what the run changed is not known.")
    return Outcome(done.id, "ok", version=element.version)


def _check_unchanged(done: Outcome, element: Aggregate) -> None:
    """Check that an element was not changed since a run, but to what it was before."""
    now = watched(element)
    if element.version != done.version and any(now[name] != value for name, value in done.before.items()):
        raise ChangedSince(f"The record has version {element.version}; the run left it at {done.version}.")
