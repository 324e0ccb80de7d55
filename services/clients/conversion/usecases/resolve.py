"""Resolve the client of a lead: decide, store the decision, do as decided, answer (LEAD-11 to LEAD-13).

The process may die after any of its writes and be run again. Each write finds its own traces: claims by their attempt,
the decision by its id, records by their proposed ids, the answer by the resolution.

A failure that no repeat heals is an answer as well: without one the lead would ask for ever, and the claims would hold
up every other lead with the same phone or e-mail. That holds for a bug, too, which is dead-lettered besides; where not
even the answer can be stored, the claims end when the lead gives up.
"""

from dataclasses import replace
from typing import Final, TypeVar

from crm_contracts.conversions import LeadConversionRefused, LeadConversionRequested
from crm_contracts.values import ElementRef

from services.clients.conversion.domain.decision import Decision, decide, may
from services.clients.conversion.domain.resolution import Failure, Resolution
from services.clients.conversion.domain.sought import Sought
from services.clients.conversion.usecases.answer import answer_conversion, repeat_answer
from services.clients.conversion.usecases.claim import claim_client
from services.clients.conversion.usecases.collaborators import Collaborators
from services.clients.conversion.usecases.create_company import create_or_link_company
from services.clients.conversion.usecases.create_contact import create_or_link_contact
from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from services.clients.records.domain.errors import ClientNotFound
from services.clients.records.usecases.employment import reconcile_employer
from services.clients.records.usecases.merge import follow_merges
from shared.elements.domain.rights.compiled import Rights
from shared.kit.domain import Cause, DomainError
from shared.kit.messaging.failures import is_transient
from shared.kit.storage.batching import side_by_side
from shared.kit.storage.repository import Repository
from shared.kit.storage.repository_errors import IdTaken

CLIENT_BUSY: Final = Failure(
    code="client_busy",
    message="Another conversion is still creating a client with the same phone, e-mail or company title; try again.",
)
R = TypeVar("R", Contact, Company)

CLIENT_FAILED: Final = Failure(code="client_failed", message="The client could not be created; try again later.")


async def resolve_lead_client(request: LeadConversionRequested, cause: Cause, use: Collaborators) -> None:
    """Create or link the contact and company of a lead, and answer; a repeated request gets the stored answer.

    Raises:
        NotYet: another conversion is creating a client with the same phone or e-mail.
    """
    if not request.client_targets:
        return
    try:
        await _resolve(request, cause, use)
    except Exception as error:
        if is_transient(error):
            raise
        if not isinstance(error, DomainError):
            await refuse_lead_client(request, CLIENT_FAILED, cause, use)
            raise
        await refuse_lead_client(request, Failure(code=error.code, message=str(error)), cause, use)


async def refuse_lead_client(
    request: LeadConversionRequested, failure: Failure, cause: Cause, use: Collaborators
) -> None:
    """Answer that nothing can come of this attempt, and release its claims; one that is answered stays as it is."""
    id_ = Resolution.id_for(request)
    await _add(Resolution.create(request, Decision(is_refused=True), at=cause.at, failure=failure), cause, use)
    contact, company = await side_by_side(
        _created(request, use.contacts, request.proposed_contact_id),
        _created(request, use.companies, request.proposed_company_id),
    )
    await use.resolutions.change(
        id_, lambda found: found.fail(failure, to=cause.key, contact=contact, company=company), cause.step("answer")
    )
    await use.claims.release(id_)


async def release_claims(refused: LeadConversionRefused, use: Collaborators) -> None:
    """Release what an attempt still holds once its lead expects no answer any more.

    All its requests were handled before: they have the same key.
    """
    await use.claims.release(Resolution.id_for(refused))


async def _created(
    request: LeadConversionRequested, owners: Repository[Contact] | Repository[Company], id_: str
) -> ElementRef | None:
    """Return the record that this conversion has created under a proposed id, if it is there."""
    found = await owners.find(id_)
    return found.ref if found is not None and found.lead_id == request.lead.id else None


async def _resolve(request: LeadConversionRequested, cause: Cause, use: Collaborators) -> None:
    id_ = Resolution.id_for(request)
    resolution = await use.resolutions.find(id_)
    if resolution is None:
        resolution = await _decide(request, cause, use)
    if resolution.answered_to is not None:
        await use.claims.release(id_)
        await repeat_answer(request, resolution, cause, use)
        return
    # The records are the same whichever request is being answered: their cause is the resolution.
    own = replace(cause, key=id_)
    for_contact, for_company = resolution.decision.targets(request)
    company, contact = await side_by_side(
        create_or_link_company(request, for_company, for_contact, own, use),
        create_or_link_contact(request, for_contact, for_company, own, use),
    )
    if contact is not None and company is not None:
        await reconcile_employer(
            contact.ref.id, company.ref.id, own, contacts=use.contacts, companies=use.companies, views=use.views
        )
    await answer_conversion(request, contact, company, cause, use)
    await use.claims.release(id_)


async def _decide(request: LeadConversionRequested, cause: Cause, use: Collaborators) -> Resolution:
    """Claim what identifies the lead's client, decide by the duplicates, and store the decision first of all."""
    rights = await use.rights.restricting(cause.actor, cause.roles)
    try:
        chosen: list[Contact | Company] = [
            *await _chosen("contact", request.contact_id, use.contacts, rights),
            *await _chosen("company", request.company_id, use.companies, rights),
        ]
    except ClientNotFound as error:
        failure = Failure(code=error.code, message=str(error))
        return await _add(
            Resolution.create(request, Decision(is_refused=True), at=cause.at, failure=failure), cause, use
        )
    sought = Sought.of(request)
    if request.on_duplicate != "create":
        await claim_client(request, sought, use)
    # Only now: the holder of a claim that was released before has created what is found here.
    found = await use.views.candidates(sought.phones, sought.emails, sought.typed, sought.company_keys)
    decision = decide(request, *found, use.rule, chosen, rights=rights)
    return await _add(Resolution.create(request, decision, at=cause.at), cause, use)


async def _chosen(noun: str, id_: str | None, owners: Repository[R], rights: Rights | None) -> list[R]:
    """Return the record that the caller has chosen, or its last survivor.

    Raises:
        ClientNotFound: there is none that the caller may read, or it was deleted.
    """
    if id_ is None:
        return []
    found = await follow_merges(id_, owners=owners)
    if found is None or found.deleted_at or not may(rights, "read", found):
        raise ClientNotFound(noun, id_)
    return [found]


async def _add(new: Resolution, cause: Cause, use: Collaborators) -> Resolution:
    """Store the decision, or return the one that was stored before."""
    try:
        return await use.resolutions.add(new, cause.step("decide"))
    except IdTaken:
        return await use.resolutions.get(new.id)
