"""Create contacts in companies: an existing company for a new contact, new contacts for a new company (COMP-04)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crm_contracts.values import ElementRef

from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from services.clients.records.domain.errors import NoSuchCompany
from services.clients.records.usecases.clients import FieldCodes, plan_client
from services.clients.records.usecases.employment import STEP, Positions
from shared.kit.domain import Cause, Invalid, NotFound, derived_id, wrong_field
from shared.kit.storage.numbers import Numbers
from shared.kit.storage.repository import Records, Repository


async def plan_employers(
    company_ids: Sequence[str], cause: Cause, *, companies: Records[Company], views: Positions
) -> Callable[[Contact], None]:
    """Return what links a new contact to these companies, in the write that creates it.

    Raises:
        NoSuchCompany: names every company that does not exist.
    """
    employers, wrong = list[tuple[ElementRef, int]](), list[dict[str, str]]()
    for place, id_ in enumerate(company_ids):
        try:
            company = await companies.get(id_)
        except NotFound:
            wrong.append(wrong_field(f"company_ids.{place}", NoSuchCompany.code, "there is no such company"))
        else:
            employers.append((company.ref, await views.last_position(id_) + STEP))
    if wrong:
        raise NoSuchCompany("Some companies do not exist.", {"errors": wrong})

    def link(contact: Contact) -> None:
        for company, position in employers:
            contact.link(company, position=position, by=cause.actor, at=cause.at)

    return link


async def plan_contacts(
    company: ElementRef,
    people: Sequence[Mapping[str, Any]],
    cause: Cause,
    *,
    contacts: Repository[Contact],
    reference: FieldCodes,
    numbers: Numbers,
    currency: str,
) -> Callable[[], Any]:
    """Return what creates new contacts in a company that is about to be created, each in one write.

    Their ids follow from the company and their places, so that a repeated request creates none twice.

    Raises:
        Invalid: names the fields of the first contact that cannot be created.
    """
    plans = []
    for place, fields in enumerate(people):
        step = cause.step(f"contact {place}")
        id_ = derived_id("contact", company.id, str(place))

        def link(contact: Contact, position: int = STEP * (place + 1)) -> None:
            contact.link(company, position=position, by=cause.actor, at=cause.at)

        try:
            make = await plan_client(
                id_, fields, None, step, owners=contacts, reference=reference, currency=currency, complete=link
            )
        except Invalid as error:
            raise within(error, f"contacts.{place}") from None
        plans.append((make, step))

    async def create() -> list[Contact]:
        return [await contacts.add_numbered(make, step, numbers) for make, step in plans]

    return create


def within(error: Invalid, place: str) -> Invalid:
    """Say that the fields of an error are those of a part of the request."""
    errors = [{**each, "field": f"{place}.{each['field']}"} for each in error.details.get("errors", ())]
    error.details = {**error.details, "errors": errors}
    return error
