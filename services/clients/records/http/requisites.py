"""Routes of requisites: legal details, addresses and bank accounts."""

from typing import Any

from crm_contracts.requisites import Requisite
from fastapi import APIRouter, Path, Response

from services.clients.permissions import CanRead, CanWrite
from services.clients.records.domain.client import C
from services.clients.records.domain.presets import PRESETS, OwnerType
from services.clients.records.schemas.requisites import NewRequisiteIn, PresetFieldOut, PresetOut, RequisiteIn
from services.clients.records.usecases.requisites import add_requisite, change_requisite, remove_requisite
from shared.kit.storage.repository import Repository
from shared.kit.web.call import etag
from shared.kit.web.conditions import IfMatch
from shared.kit.web.routes import router
from shared.kit.web.schemas import Page


def requisites_router(owners: Repository[C], *, country: str) -> APIRouter:
    """Build the routes of the requisites of contacts, or of companies; `country` is that of the default preset."""
    api = router("requisites")
    path, noun = owners.kind.TYPE.plural, owners.noun
    all_, id_of_owner = f"/{path}/{{{noun}_id}}/requisites", Path(alias=f"{noun}_id")
    _add_reads(api, owners, all_, id_of_owner)
    _add_writes(api, owners, all_, id_of_owner, country)
    _add_removal(api, owners, all_, id_of_owner)
    return api


def _add_reads(api: APIRouter, owners: Repository[C], all_: str, id_of_owner: Any) -> None:
    path = owners.kind.TYPE.plural

    @api.get(all_, name=f"requisites_of_{path}")
    async def listed(call: CanRead, owner_id: str = id_of_owner) -> Page[Requisite]:
        """List all requisites in their order, at most 20 (REQ-01)."""
        return Page(items=list((await call.guard(owners).get(owner_id)).requisites))

    @api.get(f"{all_}/{{requisite_id}}", name=f"requisite_of_{path}")
    async def read(requisite_id: str, call: CanRead, response: Response, owner_id: str = id_of_owner) -> Requisite:
        """Read requisites; the ETag is the owner's."""
        return _shown(await call.guard(owners).get(owner_id), requisite_id, response)


def _add_writes(api: APIRouter, owners: Repository[C], all_: str, id_of_owner: Any, country: str) -> None:
    path = owners.kind.TYPE.plural
    owner_type: OwnerType = "contact" if owners.noun == "contact" else "company"
    one = f"{all_}/{{requisite_id}}"

    @api.post(all_, status_code=201, name=f"add_requisite_to_{path}")
    async def add(
        body: NewRequisiteIn, call: CanWrite, if_match: IfMatch, response: Response, owner_id: str = id_of_owner
    ) -> Requisite:
        """Add requisites (REQ-01, REQ-02, REQ-04); the ETag is the owner's. Others of the same id are a conflict."""
        id_ = body.id or call.new_id
        owner = await add_requisite(
            owner_id,
            body.requisite(id_, owner_type, country),
            call.cause,
            owners=call.guard(owners),
            expected_version=if_match,
        )
        response.headers["Location"] = f"/v1/{path}/{owner_id}/requisites/{id_}"
        return _shown(owner, id_, response)

    @api.put(one, name=f"change_requisite_of_{path}")
    async def change(
        requisite_id: str,
        body: RequisiteIn,
        call: CanWrite,
        if_match: IfMatch,
        response: Response,
        owner_id: str = id_of_owner,
    ) -> Requisite:
        """Replace requisites by these (REQ-01); the ETag is the owner's.

        An account keeps its id: one that is sent without it is recognised by its content, or is new (REQ-04).
        """
        requisite = body.requisite(requisite_id, owner_type, country)
        owner = await change_requisite(
            owner_id, requisite, call.cause, owners=call.guard(owners), expected_version=if_match
        )
        return _shown(owner, requisite_id, response)


def _add_removal(api: APIRouter, owners: Repository[C], all_: str, id_of_owner: Any) -> None:
    path = owners.kind.TYPE.plural

    @api.delete(f"{all_}/{{requisite_id}}", name=f"remove_requisite_of_{path}")
    async def remove(
        requisite_id: str, call: CanWrite, if_match: IfMatch, response: Response, owner_id: str = id_of_owner
    ) -> Page[Requisite]:
        """Remove requisites with their addresses and bank details, and list those that are left (REQ-01)."""
        owner = await remove_requisite(
            owner_id, requisite_id, call.cause, owners=call.guard(owners), expected_version=if_match
        )
        response.headers.update(etag(owner.version))
        return Page(items=list(owner.requisites))


def _shown(owner: C, id_: str, response: Response) -> Requisite:
    response.headers.update(etag(owner.version))
    return owner.requisite(id_)


def presets_router() -> APIRouter:
    """Build the route of presets."""
    api = router("requisites")

    @api.get("/requisite-presets")
    async def list_presets(_: CanRead) -> Page[PresetOut]:
        """List the legal details of each country, for people and for organisations (REQ-01)."""
        shown = [
            PresetOut(
                id=preset.id,
                country_code=preset.country_code,
                owner_type=preset.owner_type,
                name=preset.name,
                fields=[
                    PresetFieldOut(code=field.code, title=field.title, is_tax_number=field.is_tax_number)
                    for field in preset.fields
                ],
            )
            for preset in PRESETS.values()
        ]
        return Page(items=shown)

    return api
