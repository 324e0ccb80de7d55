"""The route that lists the fields of an element type.

Its router comes before those with `/{id}`, which would take `fields` for one.
"""

from functools import cache
from hashlib import sha256

from crm_contracts.elements import ElementType
from fastapi import APIRouter, Response

from shared.elements.domain.fields import catalogue_of
from shared.elements.schemas.catalogue import FieldOut
from shared.kit.web.call import Call, needs
from shared.kit.web.openapi.headers import ETAG
from shared.kit.web.routes import router
from shared.kit.web.schemas import Page


def field_routes(type_: ElementType) -> APIRouter:
    """Make the route of one type."""
    api, can_read = router(type_.plural), needs(f"{type_.service}:read")

    @api.get(
        f"/{type_.plural}/fields",
        operation_id=f"list{type_.noun.capitalize()}Fields",
        summary=f"List the fields of {type_.plural}",
        responses={200: {"headers": ETAG}},
    )
    async def fields(response: Response, call: Call = can_read) -> Page[FieldOut]:
        """List all fields: what each is, how lists are filtered and ordered by it, whether the caller may change it.

        Values inside of a field have entries of their own where elements are found by them, such as `company_id`.
        """
        page, etag = _shown(type_, may_write=call.caller.may(f"{type_.service}:write"))
        response.headers["ETag"] = etag
        return page

    return api


@cache
def _shown(type_: ElementType, *, may_write: bool) -> tuple[Page[FieldOut], str]:
    page = Page(items=[FieldOut.of(field, may_write=may_write) for field in catalogue_of(type_).values()])
    return page, f'"{sha256(page.model_dump_json().encode()).hexdigest()[:16]}"'
