"""Several types of elements in one service: each event reaches the right one (CLI-05, CLI-07, COMP-10, REQ-05)."""

from collections.abc import AsyncIterator
from itertools import count
from typing import Any
from uuid import uuid4

import pytest_asyncio
from crm_contracts.client_answers import ElementContactsResolved, ElementRequisitesConfirmed
from crm_contracts.client_field import Client
from crm_contracts.contacts import ContactCreated, ContactDeleted, ContactReplaced
from crm_contracts.envelope import Event
from crm_contracts.requisites import RequisiteChoice
from crm_contracts.values import ElementRef

from deploy.local.mongo import Mongo
from services.deals.deal.domain.deal import Deal
from services.leads.lead.domain.lead import Lead
from shared.elements.domain.client_field import set_company
from shared.elements.events.client_field import client_field_reactions
from shared.elements.events.requisites import requisite_reactions
from shared.elements.store.created_links import CreatedLinks
from shared.elements.store.removed_clients import Owners, RemovedClients
from shared.elements.store.rights import RightsOfUsers
from shared.kit.storage.connection import Database, connect
from tests.builders.causes import ANNA, NOON, a_cause
from tests.builders.clients import a_contact
from tests.builders.deals import just_created_deal
from tests.builders.events import an_event, react
from tests.builders.fakes import Documents, Said
from tests.builders.leads import just_created_lead
from tests.builders.values import a_client, company_ref, contact_ref

NUMBERS = count(1)


class Site:
    """A service that owns leads and deals, which share what is known of deleted and created clients."""

    def __init__(self, database: Database) -> None:
        self.leads = Documents(Lead, database.collection("leads"))
        self.deals = Documents(Deal, database.collection("deals"))
        owners: Owners = {"lead": self.leads, "deal": self.deals}
        self.removed_clients = RemovedClients(database.collection("departures"), owners)
        created_links = CreatedLinks(
            database.collection("arrivals"),
            owners,
            self.removed_clients,
            Said(),
            rights=RightsOfUsers.open(database.collection),
        )
        self._reactions = [
            *client_field_reactions(owners, removed_clients=self.removed_clients, created_links=created_links),
            *requisite_reactions({"deal": self.deals}),
        ]

    async def open(self, client: Client) -> tuple[Lead, Deal]:
        """A lead and a deal with the same id, so that only the type tells one from the other."""
        id_ = str(uuid4())
        lead, deal = just_created_lead(id_, client=client), just_created_deal(id_, client=client)
        lead.number = deal.number = next(NUMBERS)
        await self.leads.add(lead, a_cause(f"request:{id_}"))
        await self.deals.add(deal, a_cause(f"request:{id_}"))
        return lead, deal

    async def hears(self, event: Event) -> None:
        await react(self._reactions, an_event(event, id_=str(uuid4())))

    async def linked(self, element: Lead | Deal) -> list[str]:
        found: Any = await (self.leads if isinstance(element, Lead) else self.deals).get(element.id)
        return [link.contact_id for link in found.client.contacts]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(mongo: Mongo) -> AsyncIterator[Site]:
    database = connect(mongo.url, f"owners_{uuid4().hex[:12]}")
    yield Site(database)
    await database.drop()
    database.close()


async def test_a_deleted_contact_leaves_elements_of_every_type(site: Site) -> None:
    """COMP-10."""
    ada = f"ada-{uuid4()}"
    lead, deal = await site.open(a_client(ada, "bob"))
    await site.hears(ContactDeleted(contact=contact_ref(ada), before=a_contact(ada).state))
    assert (await site.linked(lead), await site.linked(deal)) == (["bob"], ["bob"])


async def test_a_contact_that_is_linked_after_its_merge_is_replaced_in_that_element_alone(site: Site) -> None:
    """DUP-02, CLI-02."""
    ada, eve = f"ada-{uuid4()}", f"eve-{uuid4()}"
    await site.hears(ContactReplaced(contact=contact_ref(ada), survivor=contact_ref(eve), before=a_contact(ada).state))
    lead, deal = await site.open(a_client(ada))
    await site.removed_clients.remove_from(deal.ref, [contact_ref(ada)], a_cause())
    assert (await site.linked(lead), await site.linked(deal)) == ([ada], [eve])


async def test_a_contact_that_is_created_from_a_card_is_linked_to_the_element_of_that_type(site: Site) -> None:
    """CLI-05."""
    lead, deal = await site.open(Client())
    await site.hears(ContactCreated(contact=a_contact("ada").state, link_to=deal.ref))
    assert (await site.linked(lead), await site.linked(deal)) == ([], ["ada"])
    await site.hears(ContactCreated(contact=a_contact("bob").state, link_to=ElementRef(type="quote", id=deal.id)))
    assert (await site.linked(lead), await site.linked(deal)) == ([], ["ada"])


async def test_the_contacts_of_a_company_are_attached_to_the_element_that_asked(site: Site) -> None:
    """CLI-07."""
    lead, deal = await site.open(set_company(Client(), "acme"))
    answer = ElementContactsResolved(element=lead.ref, link_no=1, company=company_ref(), contacts=(contact_ref(),))
    await site.hears(answer)
    await site.hears(answer.model_copy(update={"element": ElementRef(type="quote", id=deal.id)}))
    assert (await site.linked(lead), await site.linked(deal)) == (["ada"], [])


async def test_requisites_are_confirmed_for_the_types_that_have_them(site: Site) -> None:
    """REQ-05: another type is no error."""
    lead, deal = await site.open(a_client("ada"))
    choice = RequisiteChoice(requisite_id="r1")
    await site.deals.change(deal.id, lambda found: found.choose_requisites(choice, by=ANNA, at=NOON), a_cause())
    for element in (lead.ref, deal.ref):
        await site.hears(ElementRequisitesConfirmed(element=element, choice_no=1))
    assert (await site.deals.get(deal.id)).requisite_link.state == "done"
