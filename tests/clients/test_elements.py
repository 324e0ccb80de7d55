"""What clients shows of leads and deals: those of a client (CLI-01), those with the same phone or e-mail (DUP-01)."""

import json
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from crm_contracts import registry
from crm_contracts.client_field import Client, ContactLink
from crm_contracts.deals import DealClientChanged, DealCreated, DealRequisitesChosen, DealUpdated
from crm_contracts.envelope import Envelope, Event
from crm_contracts.events import ElementEvent
from crm_contracts.leads import LeadCreated, LeadUpdated
from crm_contracts.values import ElementRef

from services.clients.linked_element.domain import EXTRACTORS
from services.clients.linked_element.store.elements import LinkedElements
from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from services.clients.records.store.views import ClientViews
from tests.builders.causes import later
from tests.builders.deals import just_created_deal
from tests.builders.events import an_event, react
from tests.builders.fakes import Documents
from tests.builders.leads import just_created_lead
from tests.builders.running import Api, Explained, wrong_fields
from tests.builders.values import a_phone, an_email
from tests.clients.office import Office

PHONES = count(600_000)
ADA, ACME = {"first_name": "Ada"}, {"title": "ACME"}


def named(kind: str) -> str:
    return f"{kind}-{uuid4()}"


def linked(company: str | None = None, *contacts: str) -> Client:
    """A Client field with these."""
    return Client(
        company=ElementRef(type="company", id=company) if company else None,
        contacts=tuple(ContactLink(contact_id=each, is_primary=not place) for place, each in enumerate(contacts)),
        link_state="done" if company else "none",
    )


async def hears(api: Api, *envelopes: Envelope[Event]) -> list[Event]:
    """The service's own reaction to each; what it answers."""
    office = Office(api.database)
    for envelope in envelopes:
        await react(office.reactions, envelope)
    return office.answers.events


def deal_created(id_: str, client: Client, minutes: float = 0, **fields: Any) -> Envelope[DealCreated]:
    return an_event(DealCreated(deal=just_created_deal(id_, client=client, **fields).state), at=later(minutes))


def lead_created(id_: str, client: Client, minutes: float = 0, **fields: Any) -> Envelope[LeadCreated]:
    return an_event(LeadCreated(lead=just_created_lead(id_, client=client, **fields).state), at=later(minutes))


async def elements_of(api: Api, path: str) -> list[str]:
    return [str(item["element"]["id"]) for item in (await api.read(f"{path}/elements"))["items"]]


async def test_a_client_shows_the_leads_and_deals_that_link_it_the_newest_first(api: Api) -> None:
    """CLI-01."""
    contact, company = await api.made("/contacts", ADA), await api.made("/companies", ACME)
    lead, deal, other = named("lead"), named("deal"), named("deal")
    both = linked(company["id"], contact["id"])
    await hears(api, lead_created(lead, both, 1), deal_created(deal, both, 2), deal_created(other, linked(), 3))
    for path in (f"/contacts/{contact['id']}", f"/companies/{company['id']}"):
        assert await elements_of(api, path) == [deal, lead]
        (only,) = (await api.read(f"{path}/elements?type=lead"))["items"]
        assert only == {
            "element": {"type": "lead", "id": lead, "title": "Pumps for ACME"},
            "since": "2026-03-02T12:01:00Z",
        }
        page = await api.read(f"{path}/elements?limit=1")
        rest = await api.read(f"{path}/elements?limit=1&cursor={page['next_cursor']}")
        assert [each["items"][0]["element"]["id"] for each in (page, rest)] == [deal, lead]


async def test_an_element_that_drops_its_client_is_no_longer_shown(api: Api) -> None:
    """CLI-01."""
    contact = await api.made("/contacts", ADA)
    deal, before = named("deal"), linked(None, contact["id"])
    ref = ElementRef(type="deal", id=deal, title="Pumps")
    dropped = an_event(DealClientChanged(deal=ref, before=before, after=linked()), sequence=2)
    await hears(api, deal_created(deal, before), dropped)
    assert await elements_of(api, f"/contacts/{contact['id']}") == []


async def test_what_is_heard_again_or_late_undoes_nothing(api: Api) -> None:
    """CLI-01: each of name and client is as the newest event that speaks of it says."""
    contact = await api.made("/contacts", ADA)
    deal, linking = named("deal"), linked(None, contact["id"])
    ref = ElementRef(type="deal", id=deal, title="Pumps")
    opened = deal_created(deal, linked())
    links = an_event(DealClientChanged(deal=ref, before=linked(), after=linking), sequence=2)
    renamed = an_event(
        DealUpdated.model_validate({"deal": ref, "before": {}, "after": {"title": "Valves"}}), sequence=3
    )
    for order in ((opened, links, renamed), (renamed, links, opened), (links, renamed, opened, links)):
        await hears(api, *order)
        (item,) = (await api.read(f"/contacts/{contact['id']}/elements"))["items"]
        assert (item["element"]["id"], item["element"]["title"]) == (deal, "Valves")


@pytest.mark.parametrize("event", [*EXTRACTORS, DealRequisitesChosen], ids=lambda event: event.__name__)
async def test_every_event_about_a_client_field_may_come_twice(api: Api, event: type[Event]) -> None:
    """CLI-01."""
    sample = json.loads(registry.sample_of(event.ce_type))
    heard = registry.parse(sample["headers"], json.dumps(sample["data"]).encode())
    assert heard is not None
    assert isinstance(heard.data, ElementEvent)
    ref = heard.data.element
    elements = api.database.collection("elements")
    first = await hears(api, heard)
    noted = await elements.get(str(ref))
    assert noted is not None or event is DealRequisitesChosen, "only a choice of requisites links nobody"
    assert await hears(api, heard) == first
    assert await elements.get(str(ref)) == noted


async def test_duplicates_are_found_among_leads_contacts_and_companies(api: Api) -> None:
    """DUP-01: in any notation."""
    number = next(PHONES)
    point = {"phones": [{"value": f"030 4{number}"}], "emails": [{"value": f"info{number}@acme.example"}]}
    contact, company = await api.made("/contacts", {**ADA, **point}), await api.made("/companies", {**ACME, **point})
    lead = named("lead")
    phones = (a_phone(normalized=f"+49304{number}"),)
    emails = (an_email(normalized=f"info{number}@acme.example"),)
    await hears(api, lead_created(lead, linked(), phones=phones, emails=emails))
    for kind, value in (("phone", f"+49 (30) 4{number}"), ("email", f"INFO{number}@acme.example")):
        found = (await api("POST", "/duplicates/find", {"kind": kind, "values": [value]})).json()
        ids = {type_: [ref["id"] for ref in matches["items"]] for type_, matches in found.items()}
        assert ids == {"lead": [lead], "contact": [contact["id"]], "company": [company["id"]]}
        only = (await api("POST", "/duplicates/find", {"kind": kind, "values": [value], "type": "company"})).json()
        assert {type_: len(matches["items"]) for type_, matches in only.items()} == {
            "lead": 0,
            "contact": 0,
            "company": 1,
        }


@pytest.mark.parametrize(
    ("kind", "typed", "asked"),
    [("phone", "Zimmer 4{}", "zimmer  4{}"), ("phone", "4{}", "4{}"), ("email", "X{}@firma.local", "x{}@FIRMA.local")],
)
async def test_what_has_no_normal_form_is_found_as_it_was_typed(api: Api, kind: str, typed: str, asked: str) -> None:
    """DUP-01, DUP-03: by a list of values and from a card."""
    number = next(PHONES)
    point = {f"{kind}s": [{"value": typed.format(number)}]}
    contact, company = await api.made("/contacts", {**ADA, **point}), await api.made("/companies", {**ACME, **point})
    lead, value = named("lead"), asked.format(number)
    points: dict[str, Any] = {"phones": (), "emails": (), f"{kind}s": (a_phone(typed.format(number), normalized=None),)}
    await hears(api, lead_created(lead, linked(), **points))
    expected = {"lead": [lead], "contact": [contact["id"]], "company": [company["id"]]}
    found = (await api("POST", "/duplicates/find", {"kind": kind, "values": [value]})).json()
    assert {type_: [ref["id"] for ref in matches["items"]] for type_, matches in found.items()} == expected
    alike = (await api("POST", "/duplicates/search", {f"{kind}s": [value]})).json()
    assert {type_: [each["ref"]["id"] for each in matches["items"]] for type_, matches in alike.items()} == expected


async def test_a_lead_with_another_phone_is_a_duplicate_by_that(api: Api) -> None:
    """DUP-01."""
    old, new = f"+49304{next(PHONES)}", f"+49304{next(PHONES)}"
    lead = named("lead")
    changed = {"phones": [a_phone(normalized=new).model_dump()]}
    update = LeadUpdated.model_validate({"lead": {"type": "lead", "id": lead}, "before": {}, "after": changed})
    await hears(api, lead_created(lead, linked(), phones=(a_phone(normalized=old),)), an_event(update, sequence=2))
    found = [(await api("POST", "/duplicates/find", {"kind": "phone", "values": [each]})).json() for each in (old, new)]
    assert [[ref["id"] for ref in each["lead"]["items"]] for each in found] == [[], [lead]]


async def test_of_more_than_20_duplicates_20_are_told_and_there_are_more(api: Api) -> None:
    """DUP-01: the others are told whatever the first ones are."""
    value = f"+49304{next(PHONES)}"
    for _ in range(21):
        await api.made("/contacts", {**ADA, "phones": [{"value": value}]})
    company = await api.made("/companies", {**ACME, "phones": [{"value": value}]})
    found = (await api("POST", "/duplicates/find", {"kind": "phone", "values": [value]})).json()
    assert (len(found["contact"]["items"]), found["contact"]["has_more"]) == (20, True)
    assert ([ref["id"] for ref in found["company"]["items"]], found["company"]["has_more"]) == ([company["id"]], False)


async def test_a_bad_question_names_every_wrong_value(api: Api) -> None:
    """DUP-01."""
    wrong = await api("POST", "/duplicates/find", {"kind": "phone", "values": ["030 901820", "x", "ada@acme.example"]})
    assert wrong_fields(wrong) == ["values.1", "values.2"]
    assert wrong_fields(await api("POST", "/duplicates/find", {"kind": "fax", "values": []})) == ["kind", "values"]
    many = {"kind": "email", "values": ["ada@acme.example"] * 21, "type": "deal"}
    assert wrong_fields(await api("POST", "/duplicates/find", many)) == ["values", "type"]


async def test_elements_and_their_duplicates_are_found_by_indexes(api: Api) -> None:
    """CLI-01, DUP-01."""
    elements = Explained(api.database.collection("elements"))
    contacts = Explained(api.database.collection("contacts"))
    companies = Explained(api.database.collection("companies"))
    views = ClientViews(Documents(Contact, contacts), Documents(Company, companies))
    await hears(api, lead_created(named("lead"), linked("c", "p"), phones=(a_phone(),), emails=(an_email(),)))
    await LinkedElements(elements).matches("phones", ["+4930901820", "+4930901821"], limit=21)
    await LinkedElements(elements).matches("emails", ["nobody@acme.example"], limit=21)
    await views.matches(["+4930901820"], [], limit=21)
    await views.candidates(["+4930901820"], ["nobody@acme.example"], ["p:000000"], ["c:acme"])
    for collection in (elements, contacts, companies):
        collection.assert_served_by_indexes()
