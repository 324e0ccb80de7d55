"""The routes that add, change and delete the stages of a document that owns them (PIPE-06, PIPE-07)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Generic, TypeVar

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from shared.elements.domain.stage_owner import OwnsStages
from shared.elements.http.stage_rehearsals import DryRun, StageRehearsalOut, StageRehearsals, answers_rehearsal
from shared.elements.schemas.stages import NewStage, StageFieldsIn, StageOut
from shared.elements.usecases.stages import Emptied, add_stage, change_stage, check_stage_deletion, delete_stage
from shared.kit.domain import DomainError
from shared.kit.runs.rehearsal import Rehearsed
from shared.kit.storage.repository import Repository
from shared.kit.web.call import Call, show_version
from shared.kit.web.conditions import IfMatch
from shared.kit.web.routes import router
from shared.kit.web.schemas import Truth

S = TypeVar("S", bound=OwnsStages)

Forced = Annotated[Truth, Query(description="whether a stage that came with the CRM may be deleted, too")]


@dataclass(frozen=True, slots=True)
class StageRoutes(Generic[S]):
    """What these routes need.

    Attributes:
        path: of the stages.
        owner_id: the parameter with the id of the document that has them.
        can_change: what the caller needs.
        body: a new stage.
        occupied: makes the error of a stage that is to be deleted and has elements.
        forget: called when a document has changed.
        rehearsals: tell what a change would touch.
        out: what a deletion is answered with, made by `shown`.
    """

    path: str
    owner_id: Any
    owners: Repository[S]
    can_change: Any
    body: type[NewStage]
    emptied: Emptied
    occupied: Callable[[str], DomainError]
    forget: Callable[[], None]
    rehearsals: StageRehearsals
    out: type[BaseModel]
    shown: Callable[[S], BaseModel]

    def build(self) -> APIRouter:
        """Build the endpoints."""
        api = router("stages")
        self._add_addition(api)
        self._add_change(api)
        self._add_deletion(api)
        return api

    def _add_addition(self, api: APIRouter) -> None:
        body_type: Any = self.body

        @api.post(self.path, status_code=201)
        async def add(
            *,
            body: body_type,
            if_match: IfMatch,
            request: Request,
            response: Response,
            owner_id: str = self.owner_id,
            call: Call = self.can_change,
        ) -> StageOut:
            """Add a stage (PIPE-06); the ETag is that of all of them."""
            owner = await add_stage(
                owner_id,
                body.id,
                body.name,
                body.semantic,
                call.cause,
                owners=call.guard(self.owners),
                sort=body.sort,
                color=body.color,
                expected_version=if_match,
            )
            self.forget()
            stage = owner.stage(body.id)
            response.headers["Location"] = f"/v1{self.path.format(**request.path_params)}/{stage.id}"
            show_version(response, owner.version, 201)
            return StageOut.of(stage)

    def _add_change(self, api: APIRouter) -> None:
        @api.patch(f"{self.path}/{{stage_id}}")
        async def change(
            *,
            stage_id: str,
            body: StageFieldsIn,
            if_match: IfMatch,
            request: Request,
            response: Response,
            dry_run: DryRun = False,
            owner_id: str = self.owner_id,
            call: Call = self.can_change,
        ) -> StageOut | StageRehearsalOut:
            """Update name, place or colour of a stage (PIPE-06); the ETag is that of all of them.

            With `dry_run` nothing is written: it is told what is on it, which roles name it, and whether it could be.
            """
            change = partial(change_stage, owner_id, stage_id, body.fields(), call.cause, expected_version=if_match)
            if dry_run:
                return await self._rehearse(call, request, owner_id, stage_id, change)
            owner = await change(owners=call.guard(self.owners))
            self.forget()
            show_version(response, owner.version)
            return StageOut.of(owner.stage(stage_id))

    def _add_deletion(self, api: APIRouter) -> None:
        @api.delete(f"{self.path}/{{stage_id}}", response_model=answers_rehearsal(self.out))
        async def delete(
            *,
            stage_id: str,
            if_match: IfMatch,
            request: Request,
            response: Response,
            forced: Forced = False,
            dry_run: DryRun = False,
            owner_id: str = self.owner_id,
            call: Call = self.can_change,
        ) -> BaseModel:
            """Delete a stage that nothing is on, one that came with the CRM by force only (PIPE-06).

            With `dry_run` nothing is written: it is told what is on it, which roles name it, and whether it could be.
            """
            given: dict[str, Any] = {
                "emptied": self.emptied,
                "occupied": self.occupied,
                "forced": forced,
                "expected_version": if_match,
            }
            if dry_run:
                check = partial(check_stage_deletion, owner_id, stage_id, call.cause, **given)
                return await self._rehearse(call, request, owner_id, stage_id, check)
            owner = await delete_stage(owner_id, stage_id, call.cause, owners=call.guard(self.owners), **given)
            self.forget()
            show_version(response, owner.version)
            return self.shown(owner)

    async def _rehearse(
        self, call: Call, request: Request, owner_id: str, stage_id: str, attempt: Callable[..., Awaitable[object]]
    ) -> StageRehearsalOut:
        """Try a change without writing it, and tell what it would touch."""
        owners = Rehearsed(self.owners, call.access)
        whole = (await owners.get(owner_id)).stage(stage_id).id
        return await self.rehearsals.tell(call, request, owner_id, whole, partial(attempt, owners=owners))
