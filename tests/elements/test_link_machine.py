"""Contacts, companies and deals under any sequence of links, deletions and merges, on the real database.

What happens is heard of whenever the machine likes. Each document keeps its rules in every write; once all is heard,
every link is known at both of its ends, and none leads to anybody who is no more.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar
from uuid import uuid4

import pytest_asyncio
from crm_contracts.registry import parse
from crm_contracts.values import ElementRef
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from deploy.local.mongo import Mongo
from services.clients.answers import events as answers
from services.clients.linked_element import events as linked_element
from services.clients.linked_element.store import ELEMENT_INDEXES, LinkedElements
from services.clients.records import events as records
from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from services.clients.records.store.collections import COMPANY_INDEXES, CONTACT_INDEXES
from services.clients.records.store.views import ClientViews
from services.clients.records.usecases.clients import delete_client
from services.clients.records.usecases.employment import link_contact, unlink_contact
from services.clients.records.usecases.merge import merge_clients
from services.deals.deal.domain.deal import Deal
from services.deals.deal.store import DEAL_INDEXES
from shared.elements.domain.client_field import NewContactLink, add_contact, remove_contact, set_company
from shared.elements.events.client_field import client_field_reactions
from shared.elements.events.requisites import requisite_reactions
from shared.elements.store.created_links import CreatedLinks
from shared.elements.store.removed_clients import Owners, RemovedClients
from shared.elements.usecases.client_field import set_client
from shared.kit.domain import Aggregate, Cause, DomainError
from shared.kit.storage.connection import Database, connect
from shared.kit.storage.documents import Document
from shared.kit.storage.repository import Stored
from shared.kit.web.auth import Caller
from tests.builders.causes import ANNA, NOON, a_cause
from tests.builders.clients import just_created_company, just_created_contact
from tests.builders.deals import just_created_deal
from tests.builders.events import react
from tests.builders.fakes import Counting, Documents, Said
from tests.builders.values import deal_ref
from tests.deadlines import DEADLINE_S

A = TypeVar("A", bound=Aggregate)
READER = Caller(actor=ANNA, roles=frozenset({"reader"}), scopes=frozenset())
NUMBERS = Counting()
PEOPLE, FIRMS, DEALS = ("ada", "bob", "eve"), ("acme", "bell"), ("pumps",)
WORK = {"ada": "acme", "bob": "acme", "eve": "bell"}
"""Where everybody works at the beginning."""
ZOE, CORE = "zoe", "core"
"""Who is created later, from the card of a deal."""
EVERYBODY, EVERY_FIRM = (*PEOPLE, ZOE), (*FIRMS, CORE)
people, firms, deals = st.sampled_from(EVERYBODY), st.sampled_from(EVERY_FIRM), st.sampled_from(DEALS)


class Watched(Documents[A]):
    """Whatever is written keeps the rules of a list of links: one is primary, and nobody is in it twice."""

    async def _write(self, loaded: Stored[A], state: Document, cause: Cause, entries: list[Document]) -> bool:
        links = state["companies"] if self.kind is Contact else state.get("client", {}).get("contacts", ())
        assert sum(link["is_primary"] for link in links) == bool(links)
        ends = [link["company_id" if self.kind is Contact else "contact_id"] for link in links]
        assert len(set(ends)) == len(ends)
        return await super()._write(loaded, state, cause, entries)


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
        created_links = CreatedLinks(database.collection("arrivals"), owners, self.removed_clients)
        self.views = ClientViews(self.contacts, self.companies)
        self.elements = LinkedElements(database.collection("elements"))
        self._reactions = (
            [
                *linked_element.reactions(elements=self.elements),
                *answers.reactions(companies=self.companies, views=self.views, answers=self.answers),
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
        while await self.deliver(0):
            pass

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

    async def deliver(self, turn: int) -> bool:
        """The next event of one of those who have said something; whether there was any."""
        queues: dict[str, list[Any]] = {"answers": [(each.headers(), each.body()) for each in self.answers.envelopes]}
        for repository, names in (
            (self.contacts, EVERYBODY),
            (self.companies, EVERY_FIRM),
            (self.deals, DEALS),
        ):
            for name in names:
                document = await repository.collection.get(self.id(name)) or {}
                queues[name] = [(entry["headers"], entry["value"]) for entry in document.get("outbox", ())]
        waiting = [name for name, queue in queues.items() if len(queue) > self._heard.get(name, 0)]
        if not waiting:
            return False
        name = waiting[turn % len(waiting)]
        headers, value = queues[name][self._heard.get(name, 0)]
        self._heard[name] = self._heard.get(name, 0) + 1
        event = parse(headers, value)
        assert event is not None
        for reactions in self._reactions:
            if any(reaction.event is type(event.data) for reaction in reactions):
                await react(reactions, event)
        return True

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
            assert deal.client.company is None or deal.client.company.id in companies
        for id_ in contacts:
            linking = {deal.id for deal in elements if id_ in {link.contact_id for link in deal.client.contacts}}
            assert await self._seen("contact_ids", id_) == linking

    async def _seen(self, field: Any, id_: str) -> set[str]:
        page, _ = await self.elements.page(field, id_, type_=None, access=READER, limit=50, cursor=None)
        return {element.id for element in page}


@dataclass(frozen=True)
class Office:
    """Where the machine's steps are done: it runs in a thread of its own."""

    database: Database
    loop: asyncio.AbstractEventLoop


class Links(RuleBasedStateMachine):
    """Everything that people do to links, and events heard in any order in between."""

    office: ClassVar[Office]

    def __init__(self) -> None:
        super().__init__()
        self.site = Site(self.office.database)

    def do(self, action: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(action, self.office.loop).result(timeout=DEADLINE_S)

    def attempt(self, action: Coroutine[Any, Any, Any]) -> None:
        """What the state refuses changes nothing."""
        with suppress(DomainError):
            self.do(action)

    @initialize()
    def open(self) -> None:
        self.do(self.site.open())

    @rule(who=people, firm=firms, is_primary=st.none() | st.booleans())
    def work(self, who: str, firm: str, *, is_primary: bool | None) -> None:
        self.attempt(self.site.link(who, firm, is_primary=is_primary))

    @rule(who=people, firm=firms)
    def quit(self, who: str, firm: str) -> None:
        site = self.site
        self.attempt(unlink_contact(site.id(who), site.id(firm), site.cause(), contacts=site.contacts))

    @rule(who=people)
    def delete_contact(self, who: str) -> None:
        self.attempt(delete_client(self.site.id(who), self.site.cause(), owners=self.site.contacts))

    @rule(firm=firms)
    def delete_company(self, firm: str) -> None:
        self.attempt(delete_client(self.site.id(firm), self.site.cause(), owners=self.site.companies))

    @rule(one=people, others=st.lists(people, min_size=1, max_size=2, unique=True))
    def merge_contacts(self, one: str, others: list[str]) -> None:
        ids = [self.site.id(other) for other in others]
        self.attempt(merge_clients(self.site.id(one), ids, {}, self.site.cause(), owners=self.site.contacts))

    @rule(one=firms, other=firms)
    def merge_companies(self, one: str, other: str) -> None:
        ids = [self.site.id(other)]
        self.attempt(merge_clients(self.site.id(one), ids, {}, self.site.cause(), owners=self.site.companies))

    @rule(deal=deals)
    def create_contact(self, deal: str) -> None:
        self.attempt(self.site.create_contact(deal_ref(self.site.id(deal))))

    @rule(deal=deals)
    def create_company(self, deal: str) -> None:
        self.attempt(self.site.create_company(deal_ref(self.site.id(deal))))

    @rule(deal=deals, firm=st.none() | firms)
    def sell_to(self, deal: str, firm: str | None) -> None:
        self._set(deal, lambda client: set_company(client, firm and self.site.id(firm)))

    @rule(deal=deals, who=people, is_primary=st.booleans())
    def add(self, deal: str, who: str, *, is_primary: bool) -> None:
        if self.do(self.site.contacts.find_with_deleted(self.site.id(who))) is None:
            return  # nobody can choose who was never there
        wish = NewContactLink(self.site.id(who), is_primary=is_primary)
        self._set(deal, lambda client: add_contact(client, wish))

    @rule(deal=deals, who=people)
    def remove(self, deal: str, who: str) -> None:
        self._set(deal, lambda client: remove_contact(client, self.site.id(who)))

    def _set(self, deal: str, change: Any) -> None:
        site = self.site
        self.attempt(
            set_client(site.id(deal), change, site.cause(), elements=site.deals, removed_clients=site.removed_clients)
        )

    @rule(turns=st.lists(st.integers(0, 9), min_size=1, max_size=4))
    def deliver(self, turns: list[int]) -> None:
        for turn in turns:
            self.do(self.site.deliver(turn))

    def teardown(self) -> None:
        turn = 0
        while self.do(self.site.deliver(turn)):
            turn += 1
            assert turn < 1_000, "what is heard is never at an end"
        self.do(self.site.check_both_ends())


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database(mongo: Mongo) -> AsyncIterator[Database]:
    database = connect(mongo.url, f"links_{uuid4().hex[:12]}")
    indexes = {
        "contacts": CONTACT_INDEXES,
        "companies": COMPANY_INDEXES,
        "deals": DEAL_INDEXES,
        "elements": ELEMENT_INDEXES,
    }
    for name, wanted in indexes.items():
        await database.collection(name).ensure(wanted)
    yield database
    await database.drop()
    database.close()


async def test_links_keep_their_rules_whatever_is_linked_deleted_or_merged(database: Database) -> None:
    """CLI-01, CLI-02, CLI-05, CLI-06, CLI-07, CONT-07, COMP-04, COMP-10, DUP-02."""

    class Here(Links):
        office = Office(database, asyncio.get_running_loop())

    runs = settings(max_examples=45, stateful_step_count=15, deadline=None)
    await asyncio.to_thread(run_state_machine_as_test, Here, settings=runs)
