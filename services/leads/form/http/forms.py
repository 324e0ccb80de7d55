"""Routes by which administrators set forms."""

from secrets import token_urlsafe
from typing import Annotated, Final

from crm_contracts.leads import LeadFields
from fastapi import APIRouter, Response

from services.leads.form.domain.form import Form
from services.leads.form.schemas import FormId, FormIn, FormOut, FormSecret
from services.leads.form.store import FormViews
from services.leads.form.usecases import delete_form, renew_secret, set_form
from services.leads.permissions import CanChangeSettings, CanRead
from shared.elements.usecases.collaborators import Collaborators
from shared.kit.storage.repository import Repository
from shared.kit.web.call import Call, show_version
from shared.kit.web.conditions import IfMatch
from shared.kit.web.routes import is_process, router
from shared.kit.web.schemas import Cursor, Limit, Page

_SECRET_BYTES: Final = 32
_Administrator = Annotated[Call, CanChangeSettings]


def form_routes(forms: Repository[Form], views: FormViews, collaborators: Collaborators) -> APIRouter:
    """Make the routes, over these collaborators."""
    api = router("forms")
    _add_reads(api, forms, views)
    _add_writes(api, forms, collaborators)
    return api


def _add_reads(api: APIRouter, forms: Repository[Form], views: FormViews) -> None:
    @api.get("/forms")
    async def page(_: CanRead, limit: Limit = 50, cursor: Cursor = None) -> Page[FormOut]:
        """List forms by id."""
        found, more = await views.page(limit=limit, cursor=cursor)
        return Page(items=[FormOut.of(each) for each in found], next_cursor=more)

    @api.get("/forms/{form}")
    async def read(form: str, call: CanRead, response: Response) -> FormOut:
        """Read one form."""
        return _shown(await call.guard(forms).get(form), response)


def _add_writes(api: APIRouter, forms: Repository[Form], collaborators: Collaborators) -> None:
    @api.put("/forms/{form}", responses={201: {"model": FormOut}})
    async def put(form: FormId, body: FormIn, call: _Administrator, if_match: IfMatch, response: Response) -> FormOut:
        """Create a form, or set all of one that is there but its secret; a new one takes nothing before it has one."""
        fields = body.to_domain()
        codes = await collaborators.dictionaries.codes(LeadFields)
        codes.for_new({"source_id": fields.source_id})
        found, is_new = await set_form(
            form, fields, call.cause, forms=forms, guarded=call.guard(forms), expected_version=if_match
        )
        return _shown(found, response, 201 if is_new else 200)

    @api.post("/forms/{form}/secret", operation_id="renewFormSecret")
    @is_process
    async def renew(form: str, call: _Administrator, if_match: IfMatch, response: Response) -> FormSecret:
        """Make a secret for a form, and show it this once; the former one is worth nothing from then on."""
        secret = token_urlsafe(_SECRET_BYTES)
        found = await renew_secret(form, secret, call.cause, forms=call.guard(forms), expected_version=if_match)
        response.headers["Cache-Control"] = "no-store"
        return FormSecret(form=_shown(found, response), secret=secret)

    @api.delete("/forms/{form}", status_code=204)
    async def delete(form: str, call: _Administrator, if_match: IfMatch) -> None:
        """Delete a form: nothing comes in by it any more, and its leads stay."""
        await delete_form(form, call.cause, forms=call.guard(forms), expected_version=if_match)


def _shown(form: Form, response: Response, status: int = 200) -> FormOut:
    show_version(response, form.version, status)
    return FormOut.of(form)
