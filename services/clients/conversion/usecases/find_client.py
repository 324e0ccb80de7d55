"""Find the client whom a new lead is about, by its phones and e-mails (LEAD-05)."""

from collections.abc import Sequence

from crm_contracts.client_answers import LeadClientFound
from crm_contracts.repeat_leads import LeadClientSought
from crm_contracts.values import ContactPoint, ElementRef

from services.clients.conversion.domain.decision import MAX_DUPLICATES
from services.clients.conversion.domain.same_client import has_one_of
from services.clients.conversion.usecases.collaborators import Collaborators
from shared.elements.domain.room import MAX_CLIENT_BYTES, fitting, shortened
from shared.kit.domain import Cause


async def answer_sought_client(asked: LeadClientSought, cause: Cause, use: Collaborators) -> None:
    """Answer whose phone or e-mail a new lead has: the oldest contact, else the oldest company, else none (LEAD-05).

    All clients count, whatever the rights of the user who entered the lead: no user chooses here.
    """
    phones, emails = use.rule.telling(asked.phones), use.rule.telling(asked.emails)
    found = await _clients_with(phones, emails, asked, use)

    def answer(length: int) -> LeadClientFound:
        refs = [shortened(ref, length) for ref in found[: 1 + MAX_DUPLICATES]]
        return LeadClientFound(
            lead=asked.lead,
            came_at=asked.came_at,
            client=refs[0] if refs else None,
            candidates=tuple(refs[1:]),
            phones=phones,
            emails=emails,
        )

    await use.answers.give(fitting(answer, MAX_CLIENT_BYTES), subject=asked.lead.id, cause=cause)


async def _clients_with(
    phones: Sequence[ContactPoint], emails: Sequence[ContactPoint], asked: LeadClientSought, use: Collaborators
) -> Sequence[ElementRef]:
    """List contacts with one of these, the oldest first, or companies where there is no contact.

    Who became a client after the lead came in was not known: a question that comes again, however late, is answered
    with the same client.
    """
    points = (*phones, *emails)
    known = await use.views.candidates(
        [point.normalized or "" for point in phones], [point.normalized or "" for point in emails], (), ()
    )
    kinds = (
        [each.ref for each in kind if each.created_at <= asked.came_at and has_one_of(points, each)] for kind in known
    )
    return next((refs for refs in kinds if refs), ())
