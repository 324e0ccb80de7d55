"""The route that converts many leads by one request (LEAD-11 to LEAD-13, ADR 0048)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from services.leads.lead.domain.errors import LeadAlreadyConverted
from services.leads.lead.domain.lead import Lead
from services.leads.lead.http.beginning import Conversions
from services.leads.lead.http.conversion import ConversionRefused
from services.leads.lead.schemas import ConversionOut, ConversionsIn, ConversionsOut, LeadConversion
from services.leads.permissions import CanWrite
from shared.elements.http.rights import rights_of
from shared.elements.usecases.collaborators import Collaborators
from shared.kit.domain import DomainError, NotFound
from shared.kit.storage.batching import all_of
from shared.kit.storage.repository import Records
from shared.kit.web.auth import Forbidden
from shared.kit.web.batches import ANSWERS_BATCH, RepeatedItem, answered
from shared.kit.web.call import Call
from shared.kit.web.conditions import Waiting
from shared.kit.web.problems import Details, refusal_details
from shared.kit.web.routes import is_process, router


@dataclass(frozen=True, slots=True)
class NotBegun:
    """Why the conversion of a lead was not begun, or cannot be followed to its end."""

    error: DomainError | Forbidden


Begun: TypeAlias = Lead | NotBegun
_NAMES_CLIENTS: Final = (ConversionOut, LeadAlreadyConverted)
"""What is shown with the names that clients have now."""


def conversions_routes(conversions: Conversions) -> APIRouter:
    """Make the route."""
    api = router("conversion")

    @api.post("/conversions", operation_id="convertLeads", **{**ANSWERS_BATCH, "response_model": ConversionsOut})
    @is_process
    async def convert_each(body: ConversionsIn, call: CanWrite, wait: Waiting, request: Request) -> JSONResponse:
        """Convert up to 100 leads, each with a result of its own (LEAD-11, LEAD-13).

        `Prefer: wait=N` waits until all of them have ended. A repeat, also with the same Idempotency-Key, is answered
        with the state of each lead now, without `Idempotent-Replayed`.
        """
        guarded = call.guard(conversions.leads)
        begun = await _begin(body, call, conversions)

        async def read() -> Sequence[Begun]:
            return await all_of(_current(each, guarded) for each in begun)

        begun = await conversions.long_polls.until(
            read, lambda found: not any(map(_is_running, found)), wait, so_far=begun
        )
        shown = await _shown(body.lead_ids, begun, request, call, conversions.collaborators)
        return answered(request, shown, LeadConversion)

    return api


async def _begin(body: ConversionsIn, call: Call, conversions: Conversions) -> Sequence[Begun]:
    """Begin the conversion of each lead, all side by side."""
    terms = await conversions.terms(body)

    async def one(place: int, lead_id: str) -> Begun:
        if lead_id in body.lead_ids[:place]:
            return NotBegun(RepeatedItem("An earlier item of the batch is the same lead."))
        try:
            return await terms.begin(lead_id, call, call.item(place).cause)
        except (DomainError, Forbidden) as error:
            return NotBegun(error)

    return await all_of(one(place, lead_id) for place, lead_id in enumerate(body.lead_ids))


def _is_running(begun: Begun) -> bool:
    return isinstance(begun, Lead) and begun.conversion.state == "running"


async def _current(begun: Begun, leads: Records[Lead]) -> Begun:
    if not isinstance(begun, Lead) or not _is_running(begun):
        return begun
    try:
        return await leads.get(begun.id)
    except NotFound as error:  # such as for a stage that the caller may not see, where the conversion has moved it
        return NotBegun(error)


async def _shown(
    lead_ids: Sequence[str], begun: Sequence[Begun], request: Request, call: Call, collaborators: Collaborators
) -> list[Details]:
    """Show how far each got, with the current names of all clients."""
    outs = [ConversionOut.of(each.conversion) if isinstance(each, Lead) else each.error for each in begun]
    clients = [ref for out in outs if isinstance(out, _NAMES_CLIENTS) for ref in out.clients]
    names = await collaborators.client_names.of(clients, rights_of(call))

    def one(lead_id: str, out: ConversionOut | DomainError | Forbidden) -> Details:
        if isinstance(out, _NAMES_CLIENTS):
            out = out.with_names(names)
        if isinstance(out, ConversionOut):
            if out.state != "refused":
                status = 200 if out.state == "done" else 202
                return {"lead_id": lead_id, "status": status, "conversion": out.model_dump(mode="json")}
            out = ConversionRefused.of(out)
        problem = refusal_details(request, out)
        return {"lead_id": lead_id, "status": problem["status"], "problem": problem}

    return [one(lead_id, out) for lead_id, out in zip(lead_ids, outs, strict=True)]
