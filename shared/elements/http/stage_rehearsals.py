"""Tell what a change of a stage or a pipeline would touch, and whether it could be made: nothing is written."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Protocol

from crm_contracts.elements import ElementType
from crm_contracts.roles import Right, RoleState
from fastapi import Query, Request
from pydantic import BaseModel, Field

from shared.elements.http.stage_history import ReadableLists, readable_ids
from shared.elements.schemas.list_query import CountOut
from shared.elements.store.own_stages import MOST_IDS
from shared.kit.domain import DomainError, NotFound
from shared.kit.storage.repository_errors import VersionMismatch
from shared.kit.web.call import Call
from shared.kit.web.problems import Problem, refusal_details
from shared.kit.web.schemas import Truth

SHOWN: Final = 20
LOOKED_AT: Final = 200
"""Elements that are looked at for those that the caller may read."""

DryRun = Annotated[Truth, Query(description="tell what it would touch and whether it could be made, and write nothing")]


class RoleInPlaceOut(BaseModel):
    """A role that names the stage, or the pipeline."""

    id: str = Field(description="id of the role")
    name: str
    rights: list[Right] = Field(description="those of its rights that name the place")


class StageRehearsalOut(BaseModel):
    """What a change would touch; nothing was written."""

    possible: bool = Field(description="whether the change could be made now")
    problem: Problem | None = Field(description="why it could not; null where it could")
    count: CountOut = Field(
        description="elements there, templates and those that the caller may not read included; up to 1,000"
    )
    ids: list[str] = Field(description=f"the first of these that the caller may read, {SHOWN} at most")
    roles: list[RoleInPlaceOut] = Field(description="the roles that name the place, with what they give there")


class ElementsThere(Protocol):
    """Finds elements by their stages."""

    async def ids_in(self, owner_id: str, stage_id: str | None = None) -> Sequence[str]:
        """Return ids of the elements that are on a stage, or on any that the owner has: up to 1,000."""
        ...


class KnownRoles(Protocol):
    """All roles."""

    async def roles(self) -> Sequence[RoleState]:
        """Return all roles as they are now."""
        ...


@dataclass(frozen=True, slots=True)
class StageRehearsals:
    """Rehearses changes of the stages of elements of one type.

    Attributes:
        has_pipelines: whether rights name the owner of the stages, too.
    """

    type_: ElementType
    elements: ElementsThere
    lists: ReadableLists
    known: KnownRoles
    has_pipelines: bool = True

    async def tell(
        self,
        call: Call,
        request: Request,
        owner_id: str,
        stage_id: str | None,
        attempt: Callable[[], Awaitable[object]],
    ) -> StageRehearsalOut:
        """Try a change that is not written, and tell what there is on the stage, or with none in the pipeline.

        Raises:
            NotFound: there is none.
            VersionMismatch: the caller's copy is old.
        """
        problem: Problem | None = None
        try:
            await attempt()
        except (NotFound, VersionMismatch):
            raise
        except DomainError as error:
            problem = Problem(**refusal_details(request, error))
        ids = await self.elements.ids_in(owner_id, stage_id)
        looked_at = ids[:LOOKED_AT]
        readable = await readable_ids(call, self.type_, set(looked_at), self.lists)
        return StageRehearsalOut(
            possible=problem is None,
            problem=problem,
            count=CountOut(value=len(ids), is_exact=len(ids) < MOST_IDS),
            ids=[each for each in looked_at if each in readable][:SHOWN],
            roles=list(self._naming(await self.known.roles(), owner_id, stage_id)),
        )

    def _naming(self, roles: Iterable[RoleState], owner_id: str, stage_id: str | None) -> Iterable[RoleInPlaceOut]:
        pipeline_id = owner_id if self.has_pipelines else None
        for role in sorted(roles, key=lambda each: each.id):
            rights = [each for each in role.rights if self._names(each, pipeline_id, stage_id)]
            if rights:
                yield RoleInPlaceOut(id=role.id, name=role.name, rights=rights)

    def _names(self, right: Right, pipeline_id: str | None, stage_id: str | None) -> bool:
        is_there = right.element == self.type_.noun and right.pipeline_id == pipeline_id
        return is_there and stage_id in {None, right.stage_id}


def answers_rehearsal(out: Any) -> Any:
    """Make the model of what a change is answered with: its own answer, or of a dry run what it would touch."""
    return out | StageRehearsalOut
