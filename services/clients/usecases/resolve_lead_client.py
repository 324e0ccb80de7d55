"""A lead is converted: its contact and company are created or linked (LEAD-11 to LEAD-13).

The surprise: this may die after any of its writes and be run again. Each write is one that finds its own traces:
claims by their attempt, the decision by its id, records by their proposed ids, the answer by the resolution.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Protocol, TypeVar

from crm_contracts.contacts import CompanyLink
from crm_contracts.conversions import LeadConversionRequested, LeadSnapshot
from crm_contracts.requisites import Requisite
from crm_contracts.values import ElementRef

from services.clients.domain.codes import COMPANY_CODES, CONTACT_CODES, Dictionaries
from services.clients.domain.company import Company
from services.clients.domain.contact import Contact
from services.clients.domain.resolution import Claim, Decision, Resolution, claim_keys, decide
from services.clients.usecases.check_employer import check_employer
from services.clients.usecases.follow_merges import follow_merges
from shared.kit.domain import Cause, NotYet, derived_id
from shared.kit.messaging.publishing import Answers
from shared.kit.storage.batching import side_by_side
from shared.kit.storage.numbers import Numbers
from shared.kit.storage.repository import Repository
from shared.kit.storage.repository_errors import Gone, IdTaken

C = TypeVar("C", Contact, Company)


class Duplicates(Protocol):
    """Finds who has the same phone or e-mail."""

    async def matches(self, phones: Sequence[str], emails: Sequence[str]) -> tuple[list[ElementRef], list[ElementRef]]:
        """Contacts and companies, oldest first."""
        ...

    async def number_of_contacts(self, company_id: str) -> int:
        """How many contacts a company has."""
        ...


class Claiming(Protocol):
    """Keeps keys for clients that are about to be created."""

    async def take(self, keys: Sequence[str], claim: Claim) -> tuple[str, Claim] | None:
        """None where all keys are ours, else the first that is not, and the claim that holds it."""
        ...

    async def release(self, resolution_id: str) -> None:
        """Give up all keys of one attempt."""
        ...


async def resolve_lead_client(
    asked: LeadConversionRequested,
    cause: Cause,
    *,
    contacts: Repository[Contact],
    companies: Repository[Company],
    resolutions: Repository[Resolution],
    claims: Claiming,
    views: Duplicates,
    dictionaries: Dictionaries,
    numbers: Numbers,
    answers: Answers,
) -> None:
    """Decide, write the decision down, do as decided, answer. A repeated question gets the stored answer.

    Raises:
        NotYet: somebody else is about to create a client with the same phone or e-mail.
    """
    if not asked.client_targets:
        return
    id_ = Resolution.id_for(asked)
    resolution = await resolutions.find(id_)
    if resolution is None:
        if asked.on_duplicate != "create":
            await _claim(asked, id_, contacts=contacts, companies=companies, resolutions=resolutions, claims=claims)
        # Only now: whoever released a claim before we took it has created what we find here.
        decision = decide(asked, *await views.matches(*_phones_and_emails(asked)))
        new = Resolution.create(asked, decision, at=cause.at)
        resolution = await _recorded(new, cause, resolutions)
    if resolution.answered_to is not None:
        await claims.release(id_)
        if resolution.answered_to != cause.key:
            await answers.give(resolution.answer, subject=id_, cause=cause)
        return
    # The same records whichever question is being answered: their cause is the resolution.
    own = replace(cause, key=id_)
    company, contact = await side_by_side(
        _company(asked, resolution.decision, own, companies=companies, dictionaries=dictionaries, numbers=numbers),
        _contact(
            asked,
            resolution.decision,
            own,
            contacts=contacts,
            views=views,
            dictionaries=dictionaries,
            numbers=numbers,
        ),
    )
    if contact is not None and company is not None:
        await check_employer(contact.id, company.id, own, contacts=contacts, companies=companies)
    await resolutions.change(
        id_, lambda found: found.finish(to=cause.key, contact=contact, company=company), cause.step("answer")
    )
    await claims.release(id_)


async def _recorded(new: Resolution, cause: Cause, resolutions: Repository[Resolution]) -> Resolution:
    try:
        return await resolutions.add(new, cause.step("decide"))
    except IdTaken:
        return await resolutions.get(new.id)


async def _claim(
    asked: LeadConversionRequested,
    id_: str,
    *,
    contacts: Repository[Contact],
    companies: Repository[Company],
    resolutions: Repository[Resolution],
    claims: Claiming,
) -> None:
    is_contact = "contact" in asked.client_targets
    holder = ElementRef(
        type="contact" if is_contact else "company",
        id=asked.proposed_contact_id if is_contact else asked.proposed_company_id,
    )
    keys = claim_keys(*_phones_and_emails(asked))
    while (held := await claims.take(keys, Claim(holder=holder, resolution_id=id_))) is not None:
        key, other = held
        repository: Repository[Contact] | Repository[Company] = contacts
        if other.holder.type == "company":
            repository = companies
        if await repository.find(other.holder.id) is not None:
            keys = keys[keys.index(key) + 1 :]  # nothing to wait for: the search will find it
            continue
        rival = await resolutions.find(other.resolution_id)
        if rival is None or rival.answered_to is None:
            message = "somebody else is creating a client with the same phone or e-mail"
            raise NotYet(message)
        # A replica that woke up too late claimed for what had been answered: nobody will come to release that.
        await claims.release(other.resolution_id)


def _phones_and_emails(asked: LeadConversionRequested) -> tuple[list[str], list[str]]:
    phones = [point.normalized for point in asked.snapshot.phones if point.normalized]
    return phones, [point.normalized for point in asked.snapshot.emails if point.normalized]


async def _company(
    asked: LeadConversionRequested,
    decision: Decision,
    cause: Cause,
    *,
    companies: Repository[Company],
    dictionaries: Dictionaries,
    numbers: Numbers,
) -> ElementRef | None:
    choice, snapshot = decision.company, asked.snapshot
    ref = choice.ref if choice else asked.company
    if ref is None or decision.is_refused:
        return None
    if choice is None or choice.action == "link":
        return await _standing(ref, companies)
    fields = snapshot.model_dump(include={"comments", "responsible_id", "open_to_all", "utm"})
    fields |= {"title": ref.title, **(await dictionaries.codes(COMPANY_CODES)).defaults}
    contact = decision.contact.ref if decision.contact else asked.contact
    alone = contact is None or contact.id != asked.proposed_contact_id
    if alone:
        fields |= _reach(snapshot)
    company = await companies.add_numbered(
        lambda number: Company.create(
            ref.id,
            number,
            fields,
            by=cause.actor,
            at=cause.at,
            requisites=_requisites(asked) if alone else (),
            lead_id=asked.lead.id,
        ),
        cause,
        numbers,
    )
    return company.ref


async def _contact(
    asked: LeadConversionRequested,
    decision: Decision,
    cause: Cause,
    *,
    contacts: Repository[Contact],
    views: Duplicates,
    dictionaries: Dictionaries,
    numbers: Numbers,
) -> ElementRef | None:
    choice, snapshot = decision.contact, asked.snapshot
    ref = choice.ref if choice else asked.contact
    if ref is None or decision.is_refused:
        return None
    company = decision.company.ref if decision.company else asked.company
    is_new = decision.company is not None and decision.company.action == "create"
    place = 10 if company is None or is_new else 10 * (await views.number_of_contacts(company.id) + 1)
    if choice is None or choice.action == "link":
        ref = await _standing(ref, contacts)
        if company is not None:
            # Deleted since it was decided: the conversion still ends, and lead and deal let go of it as of any other.
            with suppress(Gone):
                await contacts.change(
                    ref.id,
                    lambda contact: contact.link(company, position=place, by=cause.actor, at=cause.at),
                    cause,
                )
        return ref
    named = {"salutation", "first_name", "middle_name", "last_name", "birth_date", "position"}
    common = {"comments", "responsible_id", "open_to_all", "utm", "source_id", "source_description"}
    fields = snapshot.model_dump(include=named | common) | _reach(snapshot)
    # The salutation is taken as the lead has it: no conversion fails because of a code.
    fields |= (await dictionaries.codes(CONTACT_CODES)).defaults
    if not snapshot.full_name:
        fields["first_name"] = snapshot.title[:100]  # never fail for a missing name
    elif not (snapshot.first_name or snapshot.last_name):
        fields["first_name"] = snapshot.full_name
    link = CompanyLink(company_id=company.id, title=company.title, position=place, is_primary=True) if company else None
    contact = await contacts.add_numbered(
        lambda number: Contact.create(
            ref.id,
            number,
            fields,
            by=cause.actor,
            at=cause.at,
            companies=[link] if link else (),
            requisites=_requisites(asked),
            lead_id=asked.lead.id,
        ),
        cause,
        numbers,
    )
    return contact.ref


async def _standing(ref: ElementRef, owners: Repository[C]) -> ElementRef:
    """Who is to be linked, or whom it was merged into since that was decided (DUP-02)."""
    found = await follow_merges(ref.id, owners=owners)
    return ref if found is None or found.id == ref.id else found.ref


def _reach(snapshot: LeadSnapshot) -> dict[str, object]:
    return snapshot.model_dump(include={"phones", "emails", "websites", "messengers"})


def _requisites(asked: LeadConversionRequested) -> tuple[Requisite, ...]:
    """The lead's address, carried by a requisite that is nothing else (REQ-03)."""
    address = asked.snapshot.address
    if address is None:
        return ()
    id_ = derived_id("requisite", asked.lead.id, asked.proposed_contact_id)
    return (Requisite(id=id_, name=asked.snapshot.title, addresses=(address,)),)
