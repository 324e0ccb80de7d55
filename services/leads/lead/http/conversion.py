"""Routes of the conversion of a lead (LEAD-11 to LEAD-14)."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Self, TypeAlias

from fastapi import APIRouter, Body, Response
from fastapi.responses import JSONResponse

from services.leads.lead.domain.errors import NO_ANSWER, LeadAlreadyConverted
from services.leads.lead.domain.lead import Lead
from services.leads.lead.http.beginning import Conversions
from services.leads.lead.schemas import ConversionIn, ConversionOut
from services.leads.permissions import CanRead, CanWrite
from shared.elements.domain.client_answers import CONTACT_NOT_FOUND
from shared.elements.domain.client_names import mark_of_names
from shared.elements.domain.missing_clients import COMPANY_NOT_FOUND
from shared.elements.http.client_link import check_links
from shared.elements.http.rights import rights_of
from shared.elements.usecases.collaborators import Collaborators
from shared.kit.domain import Conflict, wrong_field
from shared.kit.web.call import Call, etag
from shared.kit.web.conditions import IfMatch, Waiting
from shared.kit.web.openapi.headers import ETAG, LOCATION
from shared.kit.web.routes import is_process, router

_FIELDS: Final[Mapping[str, str]] = {
    CONTACT_NOT_FOUND: "contact_id",
    COMPANY_NOT_FOUND: "company_id",
    "pipeline_not_found": "pipeline_id",
}
"""The field of the request that a reason is about."""


_Terms: TypeAlias = Annotated[ConversionIn, Body(default_factory=ConversionIn)]
"""What is asked for; a request without a body asks for nothing in particular."""


class ConversionRefused(Conflict):
    """The conversion ended without a result; `reason` is the code of why, `candidates` are clients that match."""

    code = "conversion_refused"
    advice = (
        "Convert the lead again as the page of `reason` says, such as `/errors/duplicates_found`: by "
        "`POST /v1/leads/{lead_id}/conversion` with the right candidate as `contact_id` or `company_id`, or with "
        "`on_duplicate: create` for somebody new, or unchanged."
    )
    also: ClassVar[Mapping[str, str]] = {
        "duplicates_found": "Clients have the phone, the e-mail or the company's title of the lead; as `reason`.",
        "client_busy": "Another conversion was creating a client with the same phone, e-mail or title; as `reason`.",
        "client_failed": "The client could not be created because of an error of the service; as `reason`.",
        NO_ANSWER: "Clients or deals did not answer for two hours; as `reason`.",
    }
    advice_on: ClassVar[Mapping[str, str]] = {
        "duplicates_found": "Convert the lead again: by `POST /v1/leads/{lead_id}/conversion`, with the right one of "
        "the `candidates` as `contact_id` or `company_id`; or, also together with others by `POST /v1/conversions`, "
        "with `on_duplicate: create` for somebody new, or with `targets` that do without. Both go together: what is "
        "chosen is linked, and `create` makes the other one anew.",
        "client_busy": "Convert again: the other one has ended by then, and its client is linked or is a candidate.",
        "client_failed": "Convert again later; where it fails again, report it with the `correlation_id`.",
        NO_ANSWER: "Convert again: what was created meanwhile is found, and nothing is created twice.",
    }

    @classmethod
    def of(cls, out: ConversionOut) -> Self:
        """Make the error of a refused conversion."""
        details = out.model_dump(mode="json", include={"candidates", "contact", "company", "attempt", "correlation_id"})
        field, message = _FIELDS.get(out.code or ""), out.message or ""
        errors = [wrong_field(field, out.code or "", message)] if field else []
        return cls(message, {**details, "reason": out.code, "errors": errors})


def conversion_routes(conversions: Conversions) -> APIRouter:
    """Make the routes."""
    api = router("conversion")
    _add_convert(api, conversions)

    @api.get("/leads/{lead_id}/conversion", responses={200: {"headers": ETAG}})
    async def conversion(lead_id: str, call: CanRead, response: Response) -> ConversionOut:
        """Read how far the conversion got; the ETag is the lead's."""
        lead = await call.guard(conversions.leads).get(lead_id)
        out, version = await _shown(lead, call, conversions.collaborators)
        response.headers.update(version)
        return out

    return api


def _add_convert(api: APIRouter, conversions: Conversions) -> None:
    client_names = conversions.collaborators.client_names

    @api.post(
        "/leads/{lead_id}/conversion",
        operation_id="convertLead",
        response_model=ConversionOut,
        responses={status: {"model": ConversionOut, "headers": LOCATION} for status in (200, 202)},
    )
    @is_process
    async def convert(lead_id: str, body: _Terms, call: CanWrite, if_match: IfMatch, wait: Waiting) -> Response:
        """Convert the lead (LEAD-11): 202 and the address to look at, with `Prefer: wait=N` the result.

        The caller must be allowed to write what it converts into: `clients:write` for a contact or a company,
        `deals:write` for a deal; whom roles restrict, to update the lead, and to add each of them for its responsible.
        No body is as `{}`: into contact and deal, a repeat lead into a deal.
        A repeat, also with the same Idempotency-Key, is answered with the state now, without `Idempotent-Replayed`.
        """
        guarded, terms = call.guard(conversions.leads), await conversions.terms(body)
        await check_links(body.links, lead_id, guarded, client_names)
        try:
            lead = await terms.begin(lead_id, call, call.cause, expected_version=if_match)
        except LeadAlreadyConverted as error:
            raise error.with_names(await client_names.of(error.clients, rights_of(call))) from None
        lead = await conversions.long_polls.until_record(
            guarded, lead_id, lambda found: found.conversion.state != "running", wait, so_far=lead
        )
        out, version = await _shown(lead, call, conversions.collaborators)
        if out.state == "refused":
            raise ConversionRefused.of(out)
        status = 200 if out.state == "done" else 202
        headers = {"Location": f"/v1/leads/{lead_id}/conversion", **version}
        return JSONResponse(out.model_dump(mode="json"), status, headers)


async def _shown(lead: Lead, call: Call, collaborators: Collaborators) -> tuple[ConversionOut, dict[str, str]]:
    """Show the conversion with current names, and its ETag, which has a mark of them."""
    out = ConversionOut.of(lead.conversion)
    named = out.with_names(await collaborators.client_names.of(out.clients, rights_of(call)))
    return named, etag(lead.version, mark_of_names(out.clients, named.clients))
