"""The largest elements that the rules allow can still be changed and deleted: no event about them is too large.

Every write is made in a repository, which refuses an event over 512 KiB. Characters cost one to six bytes on the wire.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from crm_contracts.client_answers import (
    CheckedContact,
    CompanyContacts,
    ElementContactsResolved,
    LeadClientResolved,
)
from crm_contracts.client_field import Client
from crm_contracts.conversions import LeadConversionRequested
from crm_contracts.dictionaries import DictionaryValue, DictionaryValueFields, DictionaryValueUpdated
from crm_contracts.product_rows import Priced, ProductRow
from crm_contracts.products import ListPrice, ProductFields, ProductUpdated
from crm_contracts.requisites import Requisite
from crm_contracts.timeline import TimelineEntryBound
from crm_contracts.values import ContactPoint, ElementRef
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.clients.answers.usecases import answer_client_link
from services.clients.records.domain.contact import Contact
from services.clients.records.domain.employment import MAX_COMPANIES
from services.deals.deal.domain.deal import Deal
from services.deals.deal.domain.order import DealOrder
from services.deals.deal.domain.refusal import Refusal
from services.deals.deal.usecases import open_deal_for_lead
from services.leads.lead.domain.lead import Lead
from shared.elements.domain.client_field import MAX_CONTACTS, NewContactLink, set_company, set_contacts
from shared.elements.domain.element import Element
from shared.elements.domain.filters.nodes import Node
from shared.elements.domain.room import MAX_CLIENT_BYTES, PartTooLarge, fitting, shortened, size_of
from shared.kit.domain import MAX_EVENT_BYTES
from tests.builders.causes import ANNA, NOON, a_cause, later
from tests.builders.clients import a_contact, just_created_company, just_created_contact
from tests.builders.deals import StartPipelines, deal_collaborators, just_created_deal
from tests.builders.fakes import Memory, Said
from tests.builders.leads import just_created_lead, start, wake
from tests.builders.values import company_ref, contact_ref, deal_ref, euros

CHARACTERS = ("a", "ü", "€", "😀", "\x01", '"')
LENGTHS = (20_000, 5_000, 1_500, 400, 255, 100, 30, 8, 1)
letters = st.sampled_from(CHARACTERS)
fast = settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def longest(action: Callable[[Any, int], object]) -> Callable[[Any], None]:
    """The action with the longest texts that are not refused."""

    def act(found: Any) -> None:
        for length in LENGTHS:
            try:
                action(found.model_copy(deep=True), length)
            except PartTooLarge:
                continue
            action(found, length)
            return
        pytest.fail("nothing fits")

    return act


def an_id(number: int, name: str = "0") -> str:
    return f"{name:0>8}-0000-7000-8000-{number:012d}"


def texts(letter: str, length: int, **more: str) -> dict[str, Any]:
    """Every text and list that users edit, this long."""
    point = ContactPoint(value=letter * min(length, 255), normalized=letter * min(length, 255))
    return {
        "comments": letter * length,
        "observers": tuple(f"{number}{letter * min(length, 97)}" for number in range(100)),
        **dict.fromkeys(("phones", "emails", "websites", "messengers"), (point,) * 50),
        **dict.fromkeys(more.values(), letter * length),
    }


def rows(letter: str, length: int) -> Priced:
    many = (
        ProductRow(id=an_id(n), product_id=letter * min(length, 100), name=letter * min(length, 255), price=Decimal(n))
        for n in range(500)
    )
    return Priced(rows=tuple(many), amount=euros("1"))


def people(letter: str, company: str) -> tuple[ElementRef, ...]:
    return tuple(ElementRef(type="contact", id=an_id(n, company), title=letter * 302) for n in range(MAX_CONTACTS))


async def write(memory: Memory[Any], id_: str, action: Callable[[Any], object], name: str) -> None:
    await memory.change(id_, action, a_cause(name))
    memory.documents[id_]["outbox"].clear()


def linked(found: Any, company: str) -> None:
    found.set_client(set_company(found.client, an_id(0, company)), by=ANNA, at=NOON)


async def change_all(memory: Memory[Any], element: Element, letter: str, own: str) -> None:
    """Change each part to as much as is allowed, and let three companies bring their contacts."""
    id_ = element.id

    def fields(found: Any, length: int) -> None:
        kind = type(found).TYPE.fields.model_fields
        found.correct(
            {name: value for name, value in texts(letter, length, o=own).items() if name in kind}, by=ANNA, at=NOON
        )

    await write(memory, id_, longest(fields), f"fields {letter}")
    await write(
        memory, id_, longest(lambda found, n: found.set_rows(rows(letter, n), by=ANNA, at=NOON)), f"rows {letter}"
    )
    typed = [NewContactLink(an_id(n, "9"), sort=10**6, role_id=10**6) for n in range(MAX_CONTACTS)]
    await write(memory, id_, lambda found: found.set_client(set_contacts(found.client, typed), by=ANNA, at=NOON), "set")
    checked = tuple(
        CheckedContact(
            contact_id=link.contact_id, contact=ElementRef(type="contact", id=link.contact_id, title=letter * 302)
        )
        for link in typed
    )

    def confirm(found: Any) -> None:
        found.check_contacts(link_no=found.client.link_no, checked=checked, by=ANNA, at=NOON)

    await write(memory, id_, confirm, "confirm")
    await write(memory, id_, lambda found: found.set_client(set_contacts(found.client, []), by=ANNA, at=NOON), "none")
    for company in ("1", "2", "3"):
        await write(
            memory,
            id_,
            partial(linked, company=company),
            f"link {company}",
        )

        def attach(found: Any, company: str = company) -> None:
            found.attach_contacts(
                link_no=found.client.link_no,
                company=ElementRef(type="company", id=an_id(0, company), title=letter * 255),
                contacts=people(letter, company),
                truncated=False,
                by=ANNA,
                at=NOON,
            )

        await write(memory, id_, attach, f"attach {company}")
        client: Client = (await memory.get(id_)).client
        assert (len(client.contacts), client.link_state) == (MAX_CONTACTS, "done")
        assert size_of(client) <= MAX_CLIENT_BYTES


@pytest.mark.parametrize(
    ("new", "kind", "own"),
    [(just_created_lead, Lead, "status_description"), (just_created_deal, Deal, "additional_info")],
)
@fast
@given(first=letters, second=letters)
async def test_the_largest_lead_and_deal_can_be_changed_in_every_part(
    new: Callable[..., Any], kind: type[Any], own: str, first: str, second: str
) -> None:
    """CLI-06, CLI-07, ROW-01: also once more, and what is stored whole fits into one event."""
    memory = Memory(kind)
    element = new("element-1")
    await memory.add(element, a_cause("new"))
    for number, letter in enumerate((first, second)):
        await change_all(memory, element, letter, own)
        memory.forget_causes("element-1")
        assert size_of((await memory.get("element-1")).state) < MAX_EVENT_BYTES, number
    if kind is Lead:
        await write(memory, "element-1", lambda found: wake(found, at=later(600)), "again")


@fast
@given(first=letters, second=letters)
async def test_the_largest_contact_can_be_changed_and_deleted(first: str, second: str) -> None:
    """CONT-03, REQ-01, CONT-07, COMP-10."""
    memory = Memory(Contact)
    await memory.add(just_created_contact("ada"), a_cause("new"))
    for letter in (first, second):

        def fill(found: Any, length: int, letter: str = letter) -> None:
            given = {
                name: value for name, value in texts(letter, length).items() if name in Contact.TYPE.fields.model_fields
            }
            found.correct({**given, "source_description": letter * length}, by=ANNA, at=NOON)

        await write(memory, "ada", longest(fill), f"fields {letter}")
        for number in range(20):

            def requisite(found: Contact, number: int = number, letter: str = letter) -> None:
                bank = {"id": "b", "name": letter * 255, "comments": letter * 1_000}
                new = Requisite.model_validate(
                    {"id": an_id(number, letter), "name": letter * 255, "bank_details": [bank]}
                )
                known = next((each for each in found.requisites if each.id == an_id(number, first)), None)
                if known is not None:
                    found.change_requisite(new.model_copy(update={"id": known.id}), key=known.id, by=ANNA, at=NOON)
                else:
                    found.add_requisite(new, key=new.id, by=ANNA, at=NOON)

            try:
                await write(memory, "ada", requisite, f"requisite {number} {letter}")
            except PartTooLarge:
                break
        for number in range(MAX_COMPANIES):
            company = ElementRef(type="company", id=an_id(number, "c"), title=letter * 255)
            await write(
                memory, "ada", partial(Contact.link, company=company, position=10, by=ANNA, at=NOON), f"works {number}"
            )
        memory.forget_causes("ada")
    await write(memory, "ada", lambda found: found.delete(by=ANNA, at=NOON), "end")


@fast
@given(letter=letters)
async def test_the_largest_answer_of_clients_fits(letter: str) -> None:
    """CLI-02, CLI-07: titles are cut to what fits, and every contact is named."""
    company, said, companies = just_created_company("acme"), Said(), Memory(type(just_created_company()))
    await companies.add(company, a_cause("new"))
    crowd = [
        a_contact(an_id(n), first_name=letter * 100, middle_name=letter * 100, last_name=letter * 100)
        for n in range(MAX_CONTACTS)
    ]

    class Crowd:
        async def contacts_of(self, company_id: str, allowed: Node) -> list[Contact]:
            del company_id, allowed
            return crowd

        async def surviving_contacts(self, ids: Any) -> dict[str, Contact]:
            return dict(zip(ids, crowd, strict=True))

    typed = [NewContactLink(an_id(n, "9")) for n in range(MAX_CONTACTS)]
    client = set_company(set_contacts(Client(), typed), "acme")
    await answer_client_link(deal_ref(), client, a_cause(), companies=companies, views=Crowd(), answers=said)
    (answer,) = said.events
    assert isinstance(answer, ElementContactsResolved)
    assert (len(answer.contacts), len(answer.checked)) == (MAX_CONTACTS, MAX_CONTACTS)
    assert size_of(answer) < MAX_EVENT_BYTES
    assert company_ref().id == answer.company.id


@fast
@given(letter=letters)
async def test_the_largest_events_of_a_conversion_that_passes_its_deal_on_fit(letter: str) -> None:
    """LEAD-13: the request with snapshot and draft, the answer with draft and contacts, and the deal with both."""
    leads, deals = Memory(Lead), Memory(Deal)
    await leads.add(just_created_lead(), a_cause("new"))

    def reach(found: Any, length: int) -> None:
        found.correct({name: texts(letter, length)[name] for name in ("phones", "emails")}, by=ANNA, at=NOON)

    await write(leads, "lead-1", longest(reach), "phones")
    await write(leads, "lead-1", longest(lambda found, n: found.set_rows(rows(letter, n), by=ANNA, at=NOON)), "rows")
    await leads.change("lead-1", lambda found: start(found, "contact", "company", "deal"), a_cause("convert"))
    asked = leads.said("lead-1")[-1]
    assert isinstance(asked, LeadConversionRequested)
    assert asked.deal is not None
    staff = fitting(
        lambda length: CompanyContacts(contacts=tuple(shortened(ref, length) for ref in people(letter, "1"))),
        MAX_CLIENT_BYTES,
    )
    answer = LeadClientResolved(
        lead=asked.lead,
        conversion_id=asked.conversion_id,
        attempt=1,
        contact=contact_ref(),
        company=company_ref(),
        deal=asked.deal,
        company_contacts=staff,
    )
    order = DealOrder.of_clients(answer, asked.deal)
    await open_deal_for_lead(
        order,
        a_cause(),
        deals=deals,
        refusals=Memory(Refusal),
        pipelines=StartPipelines(),
        collaborators=deal_collaborators(),
        answers=Said(),
    )
    (created,) = deals.said(order.proposed_deal_id)
    for event in (asked, answer, created):
        assert size_of(event) < MAX_EVENT_BYTES


def test_ids_that_are_too_long_together_are_refused_and_named() -> None:
    """CLI-06: before the next change could be too large."""
    typed = [NewContactLink(f"{n:03d}" + "\x01" * 97) for n in range(MAX_CONTACTS)]
    with pytest.raises(PartTooLarge) as refused:
        set_contacts(Client(), typed)
    assert refused.value.details["errors"][0]["field"] == "contacts"


@pytest.mark.parametrize("letter", CHARACTERS)
def test_the_largest_events_of_products_dictionaries_and_bindings_fit(letter: str) -> None:
    """PROD-01, PROD-11, DICT-02, TL-05: their lists are bounded in number, and their texts are short."""
    price = ListPrice(
        price_type_id=letter * 50, price=euros("1" * 18), quantity_from=Decimal(1), quantity_to=Decimal(2)
    )
    fields = ProductFields(
        name=letter * 255,
        section_ids=(letter * 100,) * 100,
        main_section_id=letter * 100,
        external_id=letter * 255,
        prices=(price,) * 100,
    )
    value = DictionaryValue(code="A" * 50, name=letter * 255, default_name=letter * 255)
    dictionary, product = (ElementRef(type=kind, id="1", title=letter * 255) for kind in ("dictionary", "product"))
    named = DictionaryValueFields(name=letter * 255)
    for event, most in (
        (ProductUpdated(product=product, before=fields, after=fields), 232 * 1024),
        (
            DictionaryValueUpdated(
                dictionary=dictionary, before=named, after=named, value=value, codes=("A" * 50,) * 500
            ),
            34 * 1024,
        ),
        (TimelineEntryBound(entry_event_id=an_id(1), element=ElementRef(type="deal", id=letter * 190)), 3 * 1024),
    ):
        assert size_of(event) <= most
