"""Clients and deals over a real database, and how much of what they said was heard."""

from typing import Any, TypeVar
from uuid import uuid4

from crm_contracts.registry import parse
from crm_contracts.values import ElementRef

from services.clients.answers import events as answers
from services.clients.linked_element import events as linked_element
from services.clients.linked_element.store.elements import EVERY_ELEMENT, LinkedElements
from services.clients.linked_element.store.refused_links import RefusedLinks
from services.clients.records import events as records
from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from services.clients.records.store.views import ClientViews
from services.clients.records.usecases.employment import link_contact
from services.deals.deal.domain.deal import Deal
from shared.elements.events.client_field import client_field_reactions
from shared.elements.events.requisites import requisite_reactions
from shared.elements.store.created_links import CreatedLinks
from shared.elements.store.removed_clients import Owners, RemovedClients
from shared.elements.store.rights import RightsOfUsers
from shared.kit.domain import Aggregate, Cause
from shared.kit.storage.connection import Database
from shared.kit.storage.documents import Document
from shared.kit.storage.stored import Stored
from tests.builders.causes import ANNA, NOON, a_cause
from tests.builders.clients import just_created_company, just_created_contact
from tests.builders.deals import just_created_deal
from tests.builders.events import react
from tests.builders.fakes import Counting, Documents, Said

A = TypeVar("A", bound=Aggregate)
NUMBERS = Counting()
PEOPLE, FIRMS, DEALS = ("ada", "bob", "eve"), ("acme", "bell"), ("pumps",)
WORK = {"ada": "acme", "bob": "acme", "eve": "bell"}
"""Where everybody works at the beginning."""
ZOE, CORE = "zoe", "core"
"""Who is created later, from the card of a deal."""
EVERYBODY, EVERY_FIRM = (*PEOPLE, ZOE), (*FIRMS, CORE)


class Watched(Documents[A]):
    """Whatever is written keeps the rules of a list of links: one is primary, and nobody is in it twice."""

    async def _write(self, loaded: Stored[A], changed: Document, cause: Cause, entries: list[Document]) -> bool:
        links = changed.get("companies" if self.kind is Contact else "client") or ()
        links = links["contacts"] if isinstance(links, dict) else links
        assert sum(link["is_primary"] for link in links) == bool(links)
        ends = [link["company_id" if self.kind is Contact else "contact_id"] for link in links]
        assert len(set(ends)) == len(ends)
        return await super()._write(loaded, changed, cause, entries)


class Site:
    """Clients and deals, and how much of what they said was heard."""

    def __init__(self, database: Database) -> None:
        self.serial = uuid4().hex[:8]
        self.contacts = Watched(Contact, database.collection("contacts"))
        self.companies = Watched(Company, database.collection("companies"))
        self.deals = Watched(Deal, database.collection("deals"))
        self.answers = Said()
        owners: Owners = {"deal": self.deals}
        self.removed_clients = RemovedClients(database.collection("departures"), owners)
        self.rights = RightsOfUsers.open(database.collection)
        # Of this site alone: the ids of events are those of every other site.
        created_links = CreatedLinks(
            database.collection(f"arrivals_{self.serial}"), owners, self.removed_clients, Said(), rights=self.rights
        )
        self.views = ClientViews(self.contacts, self.companies)
        self.elements = LinkedElements(database.collection("elements"))
        refused_links = RefusedLinks(database.collection("refused_links"))
        self._reactions = (
            [
                *linked_element.reactions(elements=self.elements, refused_links=refused_links),
                *answers.reactions(
                    companies=self.companies, views=self.views, answers=self.answers, rights=self.rights
                ),
                *records.reactions(contacts=self.contacts, companies=self.companies, views=self.views),
            ],
            [
                *client_field_reactions(owners, removed_clients=self.removed_clients, created_links=created_links),
                *requisite_reactions({"deal": self.deals}),
            ],
        )
        self._heard: dict[str, int] = {}

    def id(self, name: str) -> str:
        return f"{name}-{self.serial}"

    def cause(self) -> Any:
        return a_cause(str(uuid4()))

    async def open(self) -> None:
        for name in PEOPLE:
            contact = just_created_contact(self.id(name), number=await NUMBERS.next("contact"))
            await self.contacts.add(contact, self.cause())
        for name in FIRMS:
            company = just_created_company(self.id(name), number=await NUMBERS.next("company"))
            await self.companies.add(company, self.cause())
        for name in DEALS:
            deal = just_created_deal(self.id(name))
            deal.number = await NUMBERS.next("deal")
            await self.deals.add(deal, self.cause())
        for who, firm in WORK.items():
            await self.link(who, firm)
        await self.settle()

    async def link(self, who: str, firm: str, *, is_primary: bool | None = None) -> None:
        await link_contact(
            self.id(who),
            self.id(firm),
            self.cause(),
            contacts=self.contacts,
            companies=self.companies,
            views=self.views,
            is_primary=is_primary,
        )

    async def create_contact(self, card: ElementRef) -> None:
        fields = {"first_name": "Zoe"}
        contact = Contact.create(self.id(ZOE), await NUMBERS.next("contact"), fields, by=ANNA, at=NOON, link_to=card)
        await self.contacts.add(contact, self.cause())

    async def create_company(self, card: ElementRef) -> None:
        fields = {"title": "Core"}
        company = Company.create(self.id(CORE), await NUMBERS.next("company"), fields, by=ANNA, at=NOON, link_to=card)
        await self.companies.add(company, self.cause())

    async def waiting(self) -> dict[str, list[Any]]:
        """All that was said and not heard, by who said it; the answers of clients are one of them."""
        queues: dict[str, list[Any]] = {"answers": [(each.headers(), each.body()) for each in self.answers.envelopes]}
        for repository, names in (
            (self.contacts, EVERYBODY),
            (self.companies, EVERY_FIRM),
            (self.deals, DEALS),
        ):
            for name in names:
                document = await repository.collection.get(self.id(name)) or {}
                queues[name] = [(entry["headers"], entry["value"]) for entry in document.get("outbox", ())]
        left = {name: queue[self._heard.get(name, 0) :] for name, queue in queues.items()}
        return {name: queue for name, queue in left.items() if queue}

    async def deliver(self, turn: int) -> bool:
        """The next event of one of those who have said something; whether there was any."""
        waiting = list(await self.waiting())
        return bool(waiting) and await self.hear(waiting[turn % len(waiting)])

    async def hear(self, name: str) -> bool:
        """The next event of one who has said something; whether there was any."""
        queue = (await self.waiting()).get(name)
        if not queue:
            return False
        self._heard[name] = self._heard.get(name, 0) + 1
        await self.handle(queue[0])
        return True

    async def handle(self, record: tuple[Any, bytes]) -> None:
        """Handle one event, as often as it comes."""
        event = parse(*record)
        assert event is not None
        for reactions in self._reactions:
            if any(reaction.event is type(event.data) for reaction in reactions):
                await react(reactions, event)

    async def settle(self) -> None:
        """Deliver all there is."""
        while await self.deliver(0):
            pass

    async def alive(self, repository: Documents[Any], names: tuple[str, ...]) -> list[Any]:
        return [found for name in names if (found := await repository.find(self.id(name))) is not None]

    async def check_both_ends(self) -> None:
        """Whoever is linked knows of it, and nobody else does."""
        contacts = {found.id: found for found in await self.alive(self.contacts, EVERYBODY)}
        companies = {found.id: found for found in await self.alive(self.companies, EVERY_FIRM)}
        elements = await self.alive(self.deals, DEALS)
        for contact in contacts.values():
            assert contact.merging is None
            assert {link.company_id for link in contact.companies} <= companies.keys()
        for id_, company in companies.items():
            assert company.merging is None
            theirs = {found.id for found in await self.views.contacts_of(id_)}
            assert theirs == {
                found.id for found in contacts.values() if id_ in {link.company_id for link in found.companies}
            }
            linking = {deal.id for deal in elements if deal.client.company and deal.client.company.id == id_}
            assert await self._seen("company_id", id_) == linking
        for deal in elements:
            assert deal.client.link_state != "pending"
            assert {link.contact_id for link in deal.client.contacts} <= contacts.keys()
            assert all(link.title and link.link_state == "done" for link in deal.client.contacts)
            assert deal.client.company is None or deal.client.company.id in companies
        for id_ in contacts:
            linking = {deal.id for deal in elements if id_ in {link.contact_id for link in deal.client.contacts}}
            assert await self._seen("contact_ids", id_) == linking

    async def _seen(self, field: Any, id_: str) -> set[str]:
        page, _ = await self.elements.page(field, id_, type_=None, allowed=EVERY_ELEMENT, limit=50, cursor=None)
        return {element.id for element in page}
