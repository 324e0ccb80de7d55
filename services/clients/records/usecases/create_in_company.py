"""Create contacts in companies: an existing company for a new contact, new contacts for a new company (COMP-04)."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias

from crm_contracts.values import ElementRef

from services.clients.records.domain.client import Defaults
from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from services.clients.records.usecases.clients import FieldCodes, plan_client
from services.clients.records.usecases.employment import STEP, Positions
from shared.elements.domain.missing_clients import ClientRefused
from shared.kit.domain import Cause, Findings, Invalid, NotFound, derived_id
from shared.kit.storage.batching import all_of, side_by_side
from shared.kit.storage.numbers import Numbers
from shared.kit.storage.repository import NewRecords, Records

Employer: TypeAlias = tuple[ElementRef, int]
"""A company, and the place that a new contact takes among its contacts."""


async def find_employers(
    company_ids: Iterable[str], *, companies: Records[Company], views: Positions
) -> Mapping[str, Employer]:
    """Find these companies, and the places that new contacts take in them; without those that do not exist."""

    async def one(id_: str) -> Employer | None:
        with suppress(NotFound):
            company, last = await side_by_side(companies.get(id_), views.last_position(id_))
            return company.ref, last + STEP
        return None

    wanted = list(dict.fromkeys(company_ids))
    found = await all_of(one(id_) for id_ in wanted)
    return {id_: employer for id_, employer in zip(wanted, found, strict=True) if employer is not None}


def plan_employers(
    company_ids: Sequence[str], cause: Cause, *, found: Mapping[str, Employer]
) -> Callable[[Contact], None]:
    """Return what links a contact to these companies, in the write that creates it or sets its fields.

    Of several that come into one company at once, the order is that of their numbers.

    Raises:
        ClientRefused: names every company that was not found.
    """
    missing = {
        f"company_ids.{place}": ElementRef(type="company", id=id_)
        for place, id_ in enumerate(company_ids)
        if id_ not in found
    }
    if missing:
        raise ClientRefused(missing)

    def link(contact: Contact) -> None:
        for id_ in dict.fromkeys(company_ids):
            company, position = found[id_]
            contact.link(company, position=position, by=cause.actor, at=cause.at)

    return link


async def plan_contacts(
    company: ElementRef,
    people: Sequence[tuple[Mapping[str, Any], Sequence[Invalid]]],
    cause: Cause,
    *,
    contacts: NewRecords[Contact],
    admit: Callable[[Contact], object],
    reference: FieldCodes,
    numbers: Numbers,
    defaults: Defaults,
) -> Callable[[], Any]:
    """Return what creates new contacts in a company that is about to be created, each in one write.

    Their ids follow from the company and their places, so that a repeated request creates none twice. `admit` checks
    that the caller may add each of them, before any is added. `people` are the fields of each, and what is known to be
    wrong with them.

    Raises:
        Invalid: names every field of a contact that cannot be created.
    """
    plans, findings = [], Findings()
    for place, (fields, wrong) in enumerate(people):
        step = cause.step(f"contact {place}")
        id_ = derived_id("contact", company.id, str(place))

        def link(contact: Contact, position: int = STEP * (place + 1)) -> None:
            contact.link(company, position=position, by=cause.actor, at=cause.at)
            admit(contact)

        with findings.collecting(), within(f"contacts.{place}"):
            make = await plan_client(
                id_,
                fields,
                None,
                step,
                kind=Contact,
                reference=reference,
                defaults=defaults,
                wrong=wrong,
                complete=link,
            )
            plans.append((make, step))
    findings.refuse()

    async def create() -> list[Contact]:
        return [await contacts.add_numbered(make, step, numbers) for make, step in plans]

    return create


@contextmanager
def within(place: str) -> Iterator[None]:
    """Say that the fields of an error are those of a part of the request."""
    try:
        yield
    except Invalid as error:
        errors = [{**each, "field": f"{place}.{each['field']}"} for each in error.details.get("errors", ())]
        error.details = {**error.details, "errors": errors}
        raise
