"""Change elements in runs, for those who started these, with the rights that they have at each change (DEAL-03)."""

import json
from collections.abc import Mapping
from typing import Final, Generic, TypeVar

from shared.elements.http.query_routes import ListedElements
from shared.elements.http.walking import walk_elements
from shared.elements.usecases.bulk import BulkAction, WatchedRecords
from shared.kit.domain import Aggregate, Cause, DomainError, NotAllowed
from shared.kit.runs.outcomes import Outcome
from shared.kit.runs.rehearsal import Rehearsed
from shared.kit.runs.run import Run
from shared.kit.runs.values import Found
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

    async def handle(self, run: Run, id_: str, cause: Cause) -> Outcome:
        """Change one element by the use case of a single request; what this cause has changed is not judged anew."""
        try:
            return await self._change(run, id_, cause)
        except DomainError:
            # It may have been changed already, and be out of reach of the run since: given to another, or deleted.
            done = await self.elements.changed_by(id_, cause)
            if done is None:
                raise
            return Outcome(id_, "ok", version=done.version)

    async def _change(self, run: Run, id_: str, cause: Cause) -> Outcome:
        action = self._actions[run.action]
        guarded = (Rehearsed if run.is_rehearsal else Guarded)(self.elements, await self._access(run), action.right)
        watched = WatchedRecords(guarded)
        await action.act(json.loads(run.parameters), id_, cause, watched)
        version = None if watched.record is None else watched.record.version
        return Outcome(id_, "ok", version=version, before=watched.before, after=watched.after)

    async def _access(self, run: Run) -> Access:
        """Return the rights that the starter has now.

        Raises:
            RightsLost: roles restricted the starter then, and none does now, so the token alone would count.
        """
        access = await self._authority.access(Caller(run.actor, frozenset(run.roles), frozenset()))
        if run.is_restricted and isinstance(access, EveryRecord):
            raise RightsLost("The roles that allowed the run are gone.")
        return access
