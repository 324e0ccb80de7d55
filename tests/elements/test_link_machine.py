"""Contacts, companies and deals under any sequence of links, deletions and merges, on the real database.

What happens is heard of whenever the machine likes. Each document keeps its rules in every write; once all is heard,
every link is known at both of its ends, and none leads to anybody who is no more.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import uuid4

import pytest_asyncio
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from deploy.local.mongo import Mongo
from services.clients.linked_element.store.elements import ELEMENT_INDEXES
from services.clients.records.store.collections import COMPANY_INDEXES, CONTACT_INDEXES
from services.clients.records.usecases.employment import unlink_contact
from services.clients.records.usecases.merge import merge_clients
from services.deals.deal.store import DEAL_INDEXES
from shared.elements.domain.client_field import NewContactLink, add_contact, remove_contact, set_company
from shared.elements.usecases.client_field import set_client
from shared.elements.usecases.delete_element import delete_element
from shared.kit.domain import DomainError
from shared.kit.storage.connection import Database, connect
from tests.builders.values import deal_ref
from tests.deadlines import DEADLINE_S
from tests.elements.linking import DEALS, EVERY_FIRM, EVERYBODY, Site

people, firms, deals = st.sampled_from(EVERYBODY), st.sampled_from(EVERY_FIRM), st.sampled_from(DEALS)


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
        self.attempt(delete_element(self.site.id(who), self.site.cause(), elements=self.site.contacts))

    @rule(firm=firms)
    def delete_company(self, firm: str) -> None:
        self.attempt(delete_element(self.site.id(firm), self.site.cause(), elements=self.site.companies))

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
        wish = NewContactLink(self.site.id(who), is_primary=is_primary)
        self._set(deal, lambda client: add_contact(client, wish))

    @rule(deal=deals, who=people)
    def remove(self, deal: str, who: str) -> None:
        self._set(deal, lambda client: remove_contact(client, self.site.id(who)))

    def _set(self, deal: str, change: Any) -> None:
        site = self.site
        self.attempt(set_client(site.id(deal), change, site.cause(), elements=site.deals))

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
