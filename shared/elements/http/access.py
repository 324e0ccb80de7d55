"""Explain what a user may do to one record, and which right of which role says so (PERM-01, PERM-02, PERM-04)."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from crm_contracts.elements import ELEMENTS
from crm_contracts.roles import Action, Level
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from shared.elements.domain.rights.accessed import Accessed
from shared.elements.domain.rights.compiled import Reason, Rights
from shared.elements.domain.rights.levels import Place
from shared.elements.http.rights import CompiledRights, has_modify_settings, rights_of
from shared.kit.storage.repository import Records
from shared.kit.web.auth import Forbidden
from shared.kit.web.call import Call, needs
from shared.kit.web.routes import router

_UNRESTRICTED: Literal["token"] = "token"


class RightOut(BaseModel):
    """The place of the right that gives a level."""

    element: str = Field(description="type of element; `*` for every type")
    pipeline_id: str | None = Field(description="null where it holds in every pipeline")
    stage_id: str | None = Field(description="null where it holds in every stage")

    @classmethod
    def of(cls, place: Place) -> "RightOut":
        """Show the place of a right."""
        element, pipeline, stage = place
        return cls(element=element, pipeline_id=pipeline or None, stage_id=stage or None)


class ActionOut(BaseModel):
    """Whether one action is allowed, and by what."""

    action: Action = Field(description="what is done to the record")
    allowed: bool = Field(description="whether the user may do that to this record, as it is")
    reason: Reason | Literal["token"] | None = Field(
        description="why it is allowed: the level is `all`, what the user is to the record (`responsible`, `observer`, "
        "`department`, `open_to_all`), or `token` where no role restricts the user; null where it is not allowed"
    )
    level: Level = Field(description="what the roles give to the action where the record is")
    role_id: str | None = Field(description="role that gives the level; null where none does")
    right: RightOut | None = Field(description="the right of that role which counts; null where none does")


class AccessOut(BaseModel):
    """What a user may do to a record."""

    element: str = Field(description="type and id", examples=["deal:0199f2a4-7c1e-7a52-9f0b-3d1f6c2e8a10"])
    user_id: str = Field(description="the user whose rights these are", examples=["anna"])
    role_ids: list[str] = Field(
        description="the user's roles; of another user only those that name the user, since other tokens are not known"
    )
    actions: list[ActionOut] = Field(description="every action, once")


def access_routes(records: Mapping[str, Records[Any]], rights: CompiledRights) -> APIRouter:
    """Make the route, over the records of each type by its noun."""
    api = router("rights")
    (service,) = {ELEMENTS[noun].service for noun in records}
    can_read, its_elements = needs(f"{service}:read"), rf"^({'|'.join(records)}):.{{1,190}}$"

    @api.get("/access", operation_id="checkAccess")
    async def explain(
        element: Annotated[str, Query(description="type and id, such as `deal:0199f2a4-…`", pattern=its_elements)],
        user: Annotated[str | None, Query(description="another user than the caller", max_length=255)] = None,
        call: Call = can_read,
    ) -> AccessOut:
        """Explain what a user may do to a record, by which right of which role (PERM-01, PERM-02, PERM-04).

        Who asks about another user needs the permission `settings`, or a role with `modify_settings`. A record that
        the caller may not read is 404.
        """
        noun, _, id_ = element.partition(":")
        is_self = user in {None, call.caller.subject}
        if not is_self and not has_modify_settings(call, service):
            raise Forbidden(f"{service}:settings")
        record = await call.guard(records[noun]).get(id_)
        found = rights_of(call) if is_self else await rights.restricting(f"user:{user}", ())
        return AccessOut(
            element=f"{noun}:{id_}",
            user_id=user or call.caller.subject,
            role_ids=sorted(found.levels.roles) if found else [],
            actions=[_explained(found, noun, action, Accessed.of(record)) for action in get_args(Action)],
        )

    return api


def _explained(rights: Rights | None, noun: str, action: Action, record: Accessed) -> ActionOut:
    if rights is None:
        return ActionOut(action=action, allowed=True, reason=_UNRESTRICTED, level="all", role_id=None, right=None)
    level, role_id, place = rights.levels.given(noun, action, *record.place)
    reason = rights.reason(ELEMENTS[noun], action, record)
    right = None if place is None else RightOut.of(place)
    return ActionOut(
        action=action, allowed=reason is not None, reason=reason, level=level, role_id=role_id, right=right
    )
