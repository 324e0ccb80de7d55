"""Who was deleted leaves the elements that link him, whatever comes first (COMP-10)."""

from collections.abc import AsyncIterator
from itertools import count, pairwise, permutations
from uuid import uuid4

import pytest
import pytest_asyncio
from crm_contracts.client_field import Client
from crm_contracts.companies import CompanyDeleted, CompanyReplaced
from crm_contracts.contacts import ContactDeleted, ContactReplaced
from crm_contracts.deals import DealClientChanged
from crm_contracts.envelope import Envelope, Event

from deploy.local.mongo import Mongo
from services.deals.deal.domain.deal import Deal
from services.deals.deal.store import DEAL_INDEXES
from shared.elements.domain.client_field import set_company, without
from shared.elements.events.client_field import removed_client_reactions
from shared.elements.store.removed_clients import RemovedClients
from shared.kit.storage.connection import connect
from tests.builders.causes import ANNA, NOON, a_cause
from tests.builders.clients import a_company, a_contact
from tests.builders.deals import just_created_deal
from tests.builders.events import an_event, react
from tests.builders.fakes import Documents
from tests.builders.leads import just_created_lead
from tests.builders.running import Explained
from tests.builders.values import a_client, a_link, company_ref, contact_ref, deal_ref

NUMBERS = count(1)


class Site:
    """Deals of one test, and what they know of the deleted."""

    def __init__(self, deals: Documents[Deal], gone: Explained) -> None:
        self.deals = deals
        self.removed_clients = RemovedClients(gone, {"deal": deals})

    async def deal(self, client: Client) -> str:
        deal = just_created_deal(id_ := str(uuid4()), client=client)
        deal.number = next(NUMBERS)
        await self.deals.add(deal, a_cause(f"request:{id_}"))
        return id_

    async def client(self, id_: str) -> Client:
        return (await self.deals.get(id_)).client

    async def hears(self, event: Envelope[Event]) -> None:
        await react(removed_client_reactions(self.removed_clients), event)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(mongo: Mongo) -> AsyncIterator[Site]:
    database = connect(mongo.url, f"departures_{uuid4().hex[:12]}")
    deals = Explained(database.collection("deals"))
    await deals.ensure(DEAL_INDEXES)
    yield Site(Documents(Deal, deals), Explained(database.collection("departures")))
    await database.drop()
    database.close()


def contact_deleted(id_: str) -> Envelope[Event]:
    event = ContactDeleted(contact=contact_ref(id_), before=a_contact(id_).state)
    return an_event(event, id_=str(uuid4()), subject=id_)


def company_deleted(id_: str) -> Envelope[Event]:
    event = CompanyDeleted(company=company_ref(id_), before=a_company(id_).state)
    return an_event(event, id_=str(uuid4()), subject=id_)


def contact_replaced(id_: str, survivor: str) -> Envelope[Event]:
    event = ContactReplaced(contact=contact_ref(id_), survivor=contact_ref(survivor), before=a_contact(id_).state)
    return an_event(event, id_=str(uuid4()), subject=id_)


def company_replaced(id_: str, survivor: str) -> Envelope[Event]:
    event = CompanyReplaced(company=company_ref(id_), survivor=company_ref(survivor), before=a_company(id_).state)
    return an_event(event, id_=str(uuid4()), subject=id_)


def test_without_its_company_a_client_keeps_the_contacts() -> None:
    """COMP-10, CLI-07."""
    brought = a_link("ada", is_primary=True, auto_linked_from="acme")
    client = a_client(company_id="acme", link_no=3).model_copy(update={"contacts": (brought,)})
    left = without(client, company_ref())
    assert (left.company, left.link_no, left.link_state) == (None, 4, "none")
    assert [(link.contact_id, link.auto_linked_from) for link in left.contacts] == [("ada", None)]
    assert without(client, company_ref("bell")) == client


def test_without_its_primary_contact_the_first_remaining_one_is_primary() -> None:
    """COMP-10, CLI-06."""
    client = a_client("ada", "bob")
    left = without(client, contact_ref("ada"))
    assert [(link.contact_id, link.is_primary) for link in left.contacts] == [("bob", True)]
    assert without(client, contact_ref("eve")) == client


def test_a_converted_lead_that_loses_a_contact_becomes_no_repeat_lead() -> None:
    """COMP-10, LEAD-03."""
    lead = just_created_lead(client=a_client("ada", "bob"))
    lead.is_repeat = False
    lead.unlink_deleted_client(contact_ref("ada"), by=ANNA, at=NOON)
    assert (lead.is_repeat, lead.client.contact_id) == (False, "bob")


async def test_every_deal_of_a_deleted_client_goes_on_without(site: Site) -> None:
    """COMP-10: more than fit on a page; told again, nothing changes."""
    ada, acme = f"ada-{uuid4()}", f"acme-{uuid4()}"
    deals = [await site.deal(a_client(ada, company_id=acme)) for _ in range(120)]
    other = await site.deal(a_client("bob"))
    ended = [contact_deleted(ada), company_deleted(acme)]
    for event in (*ended, *ended):
        await site.hears(event)
    for id_ in deals:
        assert (await site.client(id_)).is_empty
        assert [type(event) for event in (await site.deals.said(id_))[1:]] == [DealClientChanged] * 2
    assert not (await site.client(other)).is_empty
    assert isinstance(site.deals.collection, Explained)
    site.deals.collection.assert_served_by_indexes()


@pytest.mark.parametrize("is_first", [True, False], ids=["the end first", "the link first"])
async def test_an_answer_that_is_older_than_the_end_links_nobody(site: Site, is_first: bool) -> None:  # noqa: FBT001
    """COMP-10: it may be heard before or after."""
    ada, bob, acme = (f"{name}-{uuid4()}" for name in ("ada", "bob", "acme"))
    deal = await site.deal(set_company(Client(), acme))
    contacts = (contact_ref(ada), contact_ref(bob))

    async def answered() -> None:
        cause = a_cause(str(uuid4()))
        await site.deals.change(
            deal,
            lambda found: found.attach_contacts(
                link_no=1, company=company_ref(acme), contacts=contacts, truncated=False, by=ANNA, at=NOON
            ),
            cause,
        )
        await site.removed_clients.remove_from(deal_ref(deal), (company_ref(acme), *contacts), cause)

    async def ended() -> None:
        await site.hears(contact_deleted(ada))

    for each in (ended, answered) if is_first else (answered, ended):
        await each()
    client = await site.client(deal)
    assert [(link.contact_id, link.is_primary) for link in client.contacts] == [(bob, True)]
    assert client.company == company_ref(acme)


async def test_a_company_that_ends_while_it_is_linked_is_not_linked(site: Site) -> None:
    """COMP-10, CLI-07: its answer comes for a link that is no more."""
    acme = f"acme-{uuid4()}"
    deal = await site.deal(set_company(Client(), acme))
    await site.hears(company_deleted(acme))
    found = await site.client(deal)
    assert (found.company, found.link_no, found.link_state) == (None, 2, "none")


def test_the_survivor_takes_the_place_of_a_merged_contact() -> None:
    """DUP-02, CLI-06: linked once, as primary as before, and nobody's but by hand where one of them was."""
    client = a_client("ada", "bob")
    moved = without(client, contact_ref("ada"), contact_ref("eve"))
    assert [(link.contact_id, link.is_primary) for link in moved.contacts] == [("eve", True), ("bob", False)]
    met = without(client, contact_ref("ada"), contact_ref("bob"))
    assert [(link.contact_id, link.is_primary) for link in met.contacts] == [("bob", True)]
    brought = client.model_copy(update={"contacts": (a_link("ada", auto_linked_from="acme"), a_link("bob", sort=20))})
    (touched,) = without(brought, contact_ref("ada"), contact_ref("bob")).contacts
    assert (touched.contact_id, touched.auto_linked_from) == ("bob", None)
    assert without(client, contact_ref("zoe"), contact_ref("eve")) == client


def test_the_survivor_takes_the_place_of_a_merged_company() -> None:
    """DUP-02, CLI-07: with the contacts that the other one brought; an open question is asked once more."""
    brought = a_link("ada", is_primary=True, auto_linked_from="acme")
    client = a_client(company_id="acme", link_no=3).model_copy(update={"contacts": (brought,)})
    moved = without(client, company_ref("acme"), company_ref("bell"))
    assert (moved.company, moved.link_no, moved.link_state) == (company_ref("bell"), 3, "done")
    assert [(link.contact_id, link.auto_linked_from) for link in moved.contacts] == [("ada", "bell")]
    asked = without(set_company(Client(), "acme"), company_ref("acme"), company_ref("bell"))
    assert (asked.company, asked.link_no, asked.link_state) == (company_ref("bell"), 2, "pending")


async def test_every_deal_of_a_merged_client_links_the_survivor(site: Site) -> None:
    """DUP-02: told again, nothing changes."""
    ada, eve, acme, bell = (f"{name}-{uuid4()}" for name in ("ada", "eve", "acme", "bell"))
    deals = [await site.deal(a_client(ada, company_id=acme)) for _ in range(120)]
    ended = [contact_replaced(ada, eve), company_replaced(acme, bell)]
    for event in (*ended, *ended):
        await site.hears(event)
    for id_ in deals:
        client = await site.client(id_)
        assert (client.contact_id, client.company and client.company.id) == (eve, bell)
        assert [type(event) for event in (await site.deals.said(id_))[1:]] == [DealClientChanged] * 2
        await site.deals.forget_causes(id_)
    for event in ended:
        await site.hears(event)
    assert len(await site.deals.said(deals[0])) == 3


@pytest.mark.parametrize("last", ["merged", "deleted"])
@pytest.mark.parametrize("is_first", [True, False], ids=["in order", "the later one first"])
async def test_who_was_merged_into_one_that_is_gone_is_followed_to_the_end(
    site: Site,
    last: str,
    is_first: bool,  # noqa: FBT001
) -> None:
    """DUP-02, COMP-10: two ends have no common order."""
    ada, eve, zoe = (f"{name}-{uuid4()}" for name in ("ada", "eve", "zoe"))
    deal = await site.deal(a_client(ada))
    ends = [contact_replaced(ada, eve), contact_replaced(eve, zoe) if last == "merged" else contact_deleted(eve)]
    for event in ends if is_first else reversed(ends):
        await site.hears(event)
    assert [link.contact_id for link in (await site.client(deal)).contacts] == ([zoe] if last == "merged" else [])


@pytest.mark.parametrize("order", ["abcd", "dcba"])
async def test_of_several_who_were_merged_into_each_other_the_last_one_is_linked(site: Site, order: str) -> None:
    """DUP-02: in whatever order they are looked at, under one cause."""
    names = [f"{name}-{uuid4()}" for name in order]
    for gone, survivor in pairwise(names):
        await site.hears(contact_replaced(gone, survivor))
    for linked in permutations(names[:3]):
        deal = await site.deal(a_client(*linked))
        await site.removed_clients.remove_from(deal_ref(deal), map(contact_ref, linked), a_cause(str(uuid4())))
        assert [link.contact_id for link in (await site.client(deal)).contacts] == [names[3]]


async def test_an_answer_that_is_older_than_the_merge_links_the_survivor(site: Site) -> None:
    """DUP-02, CLI-07."""
    ada, eve, acme = (f"{name}-{uuid4()}" for name in ("ada", "eve", "acme"))
    deal = await site.deal(set_company(Client(), acme))
    await site.hears(contact_replaced(ada, eve))
    await site.deals.change(
        deal,
        lambda found: found.attach_contacts(
            link_no=1, company=company_ref(acme), contacts=(contact_ref(ada),), truncated=False, by=ANNA, at=NOON
        ),
        a_cause(str(uuid4())),
    )
    await site.removed_clients.remove_from(deal_ref(deal), [contact_ref(ada)], a_cause(str(uuid4())))
    assert [link.contact_id for link in (await site.client(deal)).contacts] == [eve]


def test_a_client_that_is_merged_while_its_lead_is_converted_is_replaced_at_once() -> None:
    """DUP-02, LEAD-13: it is no wish of a user, who has to wait."""
    lead = just_created_lead(client=a_client("ada"))
    lead.conversion = lead.conversion.model_copy(update={"state": "running"})
    lead.unlink_deleted_client(contact_ref("ada"), contact_ref("eve"), by=ANNA, at=NOON)
    assert lead.client.contact_id == "eve"
