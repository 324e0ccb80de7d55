"""Who is created from a card is linked to it, once, whatever comes first or again (CLI-05)."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from crm_contracts.client_field import Client
from crm_contracts.companies import CompanyCreated, CompanyReplaced
from crm_contracts.contacts import ContactCreated, ContactDeleted, ContactReplaced
from crm_contracts.conversions import ResolvedClient
from crm_contracts.deals import DealClientChanged, DealCreated
from crm_contracts.envelope import Envelope, Event
from crm_contracts.events import LinkRefused
from crm_contracts.leads import LeadClientChanged
from crm_contracts.roles import Right, RoleCreated, RoleState
from crm_contracts.values import ElementRef

from deploy.local.mongo import Mongo
from services.deals.deal.domain.deal import Deal
from services.leads.lead.domain.lead import Lead
from shared.elements.domain.client_field import MAX_CONTACTS, remove_contact, set_company
from shared.elements.events.client_field import created_link_reactions, removed_client_reactions
from shared.elements.store.created_links import CreatedLinks
from shared.elements.store.removed_clients import Owners, RemovedClients
from shared.elements.store.rights import RightsOfUsers
from shared.kit.storage.collection import Collection
from shared.kit.storage.connection import Database, connect
from shared.kit.storage.documents import Document
from tests.builders.causes import ANNA, NOON, a_cause
from tests.builders.clients import a_company, a_contact
from tests.builders.deals import just_created_deal
from tests.builders.events import an_event, react
from tests.builders.fakes import Documents, Power, PowerCut, Said
from tests.builders.leads import just_created_lead, start
from tests.builders.values import a_client, company_ref, contact_ref, deal_ref

NUMBERS = count(1)
KINDS: Mapping[str, Any] = {"lead": (Lead, just_created_lead), "deal": (Deal, just_created_deal)}


class Asked(Collection):
    """A collection that counts what it is asked."""

    def __init__(self, of: Collection) -> None:
        super().__init__(of._inner, of.cursors)
        self.questions = 0

    async def get(self, id_: str, fields: Mapping[str, Any] | None = None) -> Document | None:
        self.questions += 1
        return await super().get(id_, fields)


class Site:
    """Elements of one type, and whom they know to have come and gone."""

    def __init__(self, database: Database, type_: str, *, off_after: int | None = None) -> None:
        self.type = type_
        self._database = database
        kind, self._new = KINDS[type_]
        self.elements: Documents[Any] = Documents(kind, Asked(database.collection(type_)), Power(off_after=off_after))
        self.noted = Asked(database.collection(f"{type_}_arrivals"))
        self.answers = Said()
        owners: Owners = {type_: self.elements}
        self.removed_clients = RemovedClients(database.collection(f"{type_}_departures"), owners)
        self.rights = RightsOfUsers.open(database.collection)
        self.created_links = CreatedLinks(self.noted, owners, self.removed_clients, self.answers, rights=self.rights)

    async def element(self, client: Client | None = None) -> ElementRef:
        element = self._new(str(uuid4()), client=client)
        element.number = next(NUMBERS)
        await self.elements.add(element, a_cause(f"request:{element.id}"))
        return ElementRef(type=self.type, id=element.id)

    async def client(self, element: ElementRef) -> Client:
        client: Client = (await self.elements.get(element.id)).client
        return client

    async def hears(self, *events: Envelope[Event]) -> None:
        reactions = [*created_link_reactions(self.created_links), *removed_client_reactions(self.removed_clients)]
        for event in events:
            await react(reactions, event)

    def restarted(self, *, off_after: int | None = None) -> "Site":
        """Return another process over the same data, which may die as well."""
        return Site(self._database, self.type, off_after=off_after)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database(mongo: Mongo) -> AsyncIterator[Database]:
    database = connect(mongo.url, f"arrivals_{uuid4().hex[:12]}")
    yield database
    await database.drop()
    database.close()


@pytest.fixture(params=KINDS)
def site(database: Database, request: pytest.FixtureRequest) -> Site:
    return Site(database, request.param)


def contact_created(link_to: ElementRef | None, id_: str | None = None) -> Envelope[ContactCreated]:
    id_ = id_ or f"contact-{uuid4()}"
    return an_event(ContactCreated(contact=a_contact(id_).state, link_to=link_to), id_=str(uuid4()), subject=id_)


def company_created(link_to: ElementRef | None, id_: str | None = None) -> Envelope[CompanyCreated]:
    id_ = id_ or f"company-{uuid4()}"
    return an_event(CompanyCreated(company=a_company(id_).state, link_to=link_to), id_=str(uuid4()), subject=id_)


def contact_deleted(id_: str) -> Envelope[Event]:
    return an_event(ContactDeleted(contact=contact_ref(id_), before=a_contact(id_).state), id_=str(uuid4()))


def contact_replaced(id_: str, survivor: str) -> Envelope[Event]:
    event = ContactReplaced(contact=contact_ref(id_), survivor=contact_ref(survivor), before=a_contact(id_).state)
    return an_event(event, id_=str(uuid4()))


def company_replaced(id_: str, survivor: str) -> Envelope[Event]:
    event = CompanyReplaced(company=company_ref(id_), survivor=company_ref(survivor), before=a_company(id_).state)
    return an_event(event, id_=str(uuid4()))


def links(client: Client) -> list[tuple[str, bool]]:
    return [(link.contact_id, link.is_primary) for link in client.contacts]


async def test_contacts_that_are_created_from_a_card_are_linked_to_it_and_the_first_is_primary(site: Site) -> None:
    """CLI-02, CLI-05, CLI-06."""
    card = await site.element()
    ada, bob = contact_created(card), contact_created(card)
    await site.hears(ada, bob)
    client = await site.client(card)
    assert links(client) == [(ada.subject, True), (bob.subject, False)]
    assert client.contacts[0].title == "Ada Lovelace"


async def test_a_company_that_is_created_from_a_card_is_linked_and_asked_for_its_contacts(site: Site) -> None:
    """CLI-02, CLI-05, CLI-07: in place of another one, and beside the contacts."""
    card = await site.element(a_client("ada", company_id="bell"))
    acme = company_created(card)
    await site.hears(acme)
    client = await site.client(card)
    assert client.company is not None
    assert (client.company.id, client.link_no, client.link_state) == (acme.subject, 2, "pending")
    assert links(client) == [("ada", True)]
    said = (await site.elements.said(card.id))[-1]
    assert isinstance(said, (DealClientChanged, LeadClientChanged))
    assert said.after == client


async def test_who_is_created_for_nobody_here_costs_no_question(site: Site) -> None:
    """CLI-05: conversions create clients all the time."""
    other = ElementRef(type="quote", id="quote-1")
    await site.hears(contact_created(None), company_created(None), contact_created(other), company_created(other))
    assert isinstance(site.elements.collection, Asked)
    assert (site.noted.questions, site.elements.collection.questions) == (0, 0)


async def test_a_card_that_is_not_there_links_nobody_and_harms_nobody(site: Site) -> None:
    """CLI-05: the client remains; neither is it linked when the card comes later, nor when the event comes again."""
    deleted = await site.element()
    theirs = {"$set": {"deleted_at": NOON}, "$inc": {"version": 1}}  # as another process wrote it
    await site.elements.collection.update({"_id": deleted.id}, theirs)
    nowhere = ElementRef(type=site.type, id=str(uuid4()))
    told = [contact_created(card) for card in (deleted, nowhere)] + [company_created(nowhere)]
    await site.hears(*told)
    assert len(await site.elements.said(deleted.id)) == 1
    late = site._new(nowhere.id)
    late.number = next(NUMBERS)
    await site.elements.add(late, a_cause(f"request:{late.id}"))
    await site.hears(*told)
    assert (await site.client(nowhere)).is_empty
    refused = [event for event in site.answers.events if isinstance(event, LinkRefused)]
    assert [(each.element.id, each.client.id, each.code) for each in refused] == [
        (deleted.id, told[0].subject, "gone"),
        (nowhere.id, told[1].subject, "not_found"),
        (nowhere.id, told[2].subject, "not_found"),
    ]


async def test_who_may_not_change_the_card_links_nobody_to_it(site: Site, database: Database) -> None:
    """PERM-01: also where the service of the client did not know yet who may change the card."""
    card = await site.element()
    user = f"user-{uuid4().hex[:8]}"
    own = RoleState(id=user, user_ids=(user,), rights=(Right(element="*", levels={"read": "own", "update": "own"}),))
    await RightsOfUsers.open(database.collection).apply(an_event(RoleCreated(role=own), subject=user))
    event = replace(contact_created(card), actor=f"user:{user}")
    await site.hears(event)
    assert (await site.client(card)).contacts == ()
    (refused,) = [each for each in site.answers.events if isinstance(each, LinkRefused)]
    assert (refused.element.id, refused.code) == (card.id, "not_found")


async def test_a_card_whose_rules_refuse_a_client_says_so_and_parks_nothing(site: Site) -> None:
    """CLI-05, CLI-06: it has 500 contacts; a repeat after a death is answered with the same event."""
    card = await site.element(a_client(*(f"contact-{number}" for number in range(MAX_CONTACTS))))
    ada = contact_created(card)
    await site.hears(ada)
    await site.noted.delete({"_id": ada.id})
    restarted = site.restarted()
    await restarted.hears(ada)
    (first,), (again,) = site.answers.envelopes, restarted.answers.envelopes
    assert first.id == again.id
    assert isinstance(first.data, LinkRefused)
    assert first.data.code == "too_many_contacts"
    assert ada.subject not in {link.contact_id for link in (await site.client(card)).contacts}


async def test_whom_a_user_has_removed_does_not_come_back_with_a_repeated_event(site: Site) -> None:
    """CLI-05: not even when the document has forgotten its causes."""
    card = await site.element()
    told = [contact_created(card), company_created(card)]
    await site.hears(*told)
    await site.elements.change(
        card.id,
        lambda element: element.set_client(
            set_company(remove_contact(element.client, told[0].subject), None), by=ANNA, at=NOON
        ),
        a_cause(str(uuid4())),
    )
    before = await site.elements.said(card.id)
    await site.elements.forget_causes(card.id)
    await site.hears(*told, *told)
    assert (await site.client(card)).is_empty
    assert await site.elements.said(card.id) == before


async def test_who_was_gone_before_the_card_heard_of_him_is_not_left_there(site: Site) -> None:
    """CLI-05, COMP-10: the events of a contact come in order, but one may be replayed days later."""
    card, eve = await site.element(), f"eve-{uuid4()}"
    ada, bob = contact_created(card), contact_created(card)
    await site.hears(contact_deleted(ada.subject), contact_replaced(bob.subject, eve), ada, bob)
    assert links(await site.client(card)) == [(eve, True)]


async def test_a_merged_company_comes_in_as_its_survivor(site: Site) -> None:
    """CLI-05, DUP-02: which is asked for its contacts."""
    card, bell = await site.element(), f"bell-{uuid4()}"
    acme = company_created(card)
    await site.hears(company_replaced(acme.subject, bell), acme)
    client = await site.client(card)
    assert (client.company and client.company.id, client.link_no, client.link_state) == (bell, 2, "pending")


@pytest.mark.parametrize("writes", [1, 2])
async def test_whoever_dies_in_between_ends_it_when_told_again(site: Site, writes: int) -> None:
    """CLI-05: after the link, and after the one who is gone has left; the ring may have turned as well."""
    card, eve = await site.element(), f"eve-{uuid4()}"
    ada = contact_created(card)
    await site.hears(contact_replaced(ada.subject, eve))
    with pytest.raises(PowerCut):
        await site.restarted(off_after=writes).hears(ada)
    if writes == 1:
        assert links(await site.client(card)) == [(ada.subject, True)]
    for _ in range(2):
        await site.elements.forget_causes(card.id)
        await site.hears(ada)
        assert links(await site.client(card)) == [(eve, True)]


def test_a_contact_makes_no_repeat_lead_but_a_company_does() -> None:
    """CLI-05, LEAD-03: as by hand."""
    lead = just_created_lead()
    lead.link_created_client(contact_ref("ada"), by=ANNA, at=NOON)
    assert (lead.client.contact_id, lead.is_repeat) == ("ada", False)
    lead.link_created_client(company_ref("acme"), by=ANNA, at=NOON)
    assert (lead.client.company and lead.client.company.id, lead.is_repeat) == ("acme", True)


def test_a_lead_that_is_being_converted_links_whom_it_gets_beside_the_results() -> None:
    """CLI-05, LEAD-13, LEAD-14: it becomes no repeat lead by that, and no deal is asked for anew."""
    lead = just_created_lead()
    start(lead, "contact", "deal")
    asked = lead.conversion
    lead.link_created_client(contact_ref("bob"), by=ANNA, at=NOON)
    lead.link_created_client(company_ref("acme"), by=ANNA, at=NOON)
    assert lead.conversion == asked
    lead.resolve_client("id-1", 1, ResolvedClient(contact=contact_ref("ada")), by=ANNA, at=NOON)
    lead.open_deal("id-1", 1, deal_ref(), by=ANNA, at=NOON)
    assert (lead.conversion.state, lead.is_repeat) == ("done", False)
    assert {link.contact_id: link.is_primary for link in lead.client.contacts} == {"ada": True, "bob": False}
    assert (lead.client.company and lead.client.company.id, lead.client.link_state) == ("acme", "pending")


def test_a_converted_lead_links_whom_it_gets_as_by_hand() -> None:
    """CLI-05, LEAD-14: only a card that can link nobody more, or is not there, refuses; it stays converted."""
    lead = just_created_lead()
    start(lead, "contact")
    lead.resolve_client("id-1", 1, ResolvedClient(contact=contact_ref("ada")), by=ANNA, at=NOON)
    lead.link_created_client(contact_ref("bob"), by=ANNA, at=NOON)
    lead.link_created_client(company_ref("acme"), by=ANNA, at=NOON)
    assert {link.contact_id: link.is_primary for link in lead.client.contacts} == {"ada": True, "bob": False}
    assert (lead.client.company and lead.client.company.id, lead.stage_id) == ("acme", "CONVERTED")


async def test_a_lead_whose_card_created_a_company_while_it_was_converted_is_told_its_contacts(
    database: Database,
) -> None:
    """CLI-05, CLI-07: nothing is parked, and nothing waits."""
    site = Site(database, "lead")
    card = await site.element()
    await site.elements.change(card.id, lambda lead: start(lead, "contact", "deal"), a_cause(str(uuid4())))
    acme = company_created(card)
    await site.hears(acme)
    await site.elements.change(
        card.id,
        lambda lead: lead.attach_contacts(
            link_no=1, company=company_ref(acme.subject), contacts=(), truncated=False, by=ANNA, at=NOON
        ),
        a_cause(str(uuid4())),
    )
    client = await site.client(card)
    assert (client.company and client.company.id, client.link_state) == (acme.subject, "done")
    assert (await site.elements.get(card.id)).conversion.state == "running"


def test_a_deal_that_links_a_new_client_already_says_nothing() -> None:
    """CLI-05, CLI-06."""
    deal = just_created_deal(client=a_client("ada", company_id="acme"))
    deal.link_created_client(contact_ref("ada"), by=ANNA, at=NOON)
    deal.link_created_client(company_ref("acme"), by=ANNA, at=NOON)
    assert [type(event) for event in deal.recorded] == [DealCreated]
