"""A contact is linked by its id: whatever happens before clients answers, only one that exists stays (CLI-02, COMP-10).

Each test is one interleaving of what a user does, what becomes of the contact, and what is heard when.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from crm_contracts.client_field import Client
from crm_contracts.deals import DealClientChanged, DealCompanyUnlinked, DealContactsAttached, DealContactsChecked

from deploy.local.mongo import Mongo
from services.clients.records.store.collections import COMPANY_INDEXES, CONTACT_INDEXES
from services.clients.records.usecases.merge import merge_clients
from services.deals.deal.store import DEAL_INDEXES
from shared.elements.domain.client_field import (
    NewContactLink,
    add_contact,
    remove_contact,
    set_company,
    set_contacts,
)
from shared.elements.usecases.client_field import set_client
from shared.elements.usecases.delete_element import delete_element
from shared.kit.storage.connection import Database, connect
from tests.builders.causes import ANNA, NOON
from tests.builders.values import deal_ref
from tests.elements.linking import ZOE, Site

PUMPS = "pumps"
Rule = Callable[[Client], Client]


class Card(Site):
    """The deal whose Client field is filled in, and its answers."""

    async def client(self) -> Client:
        return (await self.deals.get(self.id(PUMPS))).client

    async def set(self, rule: Rule) -> None:
        await set_client(self.id(PUMPS), rule, self.cause(), elements=self.deals)

    async def add(self, *names: str) -> None:
        for name in names:
            await self.set(lambda client, name=name: add_contact(client, NewContactLink(self.id(name))))  # type: ignore[misc]

    async def hear_all(self, name: str) -> None:
        while await self.hear(name):
            pass

    async def clients_look(self) -> None:
        """Clients hears what the deal has said so far, and answers."""
        await self.hear_all(PUMPS)

    async def deals_hear_answers(self) -> None:
        await self.hear_all("answers")

    async def delete(self, name: str) -> None:
        await delete_element(self.id(name), self.cause(), elements=self.contacts)

    async def merge(self, survivor: str, other: str) -> None:
        await merge_clients(self.id(survivor), [self.id(other)], {}, self.cause(), owners=self.contacts)

    async def linked(self) -> list[str]:
        """Names of the linked contacts, in their order; none may be pending or without its title."""
        client = await self.client()
        assert client.link_state != "pending"
        assert all(link.title and link.link_state == "done" for link in client.contacts)
        return [link.contact_id.removesuffix(f"-{self.serial}") for link in client.contacts]

    async def said_since(self, number: int) -> list[type]:
        return [type(event) for event in (await self.deals.said(self.id(PUMPS)))[number:]]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database(mongo: Mongo) -> AsyncIterator[Database]:
    database = connect(mongo.url, f"contacts_{uuid4().hex[:12]}")
    for name, wanted in (("contacts", CONTACT_INDEXES), ("companies", COMPANY_INDEXES), ("deals", DEAL_INDEXES)):
        await database.collection(name).ensure(wanted)
    yield database
    await database.drop()
    database.close()


@pytest_asyncio.fixture(loop_scope="session")
async def card(database: Database) -> Card:
    card = Card(database)
    await card.open()
    return card


async def test_a_contact_that_exists_is_confirmed_with_its_name(card: Card) -> None:
    """CLI-02."""
    await card.add("ada")
    asked = await card.client()
    assert (asked.link_state, asked.link_no, asked.pending_contacts) == ("pending", 1, (card.id("ada"),))
    await card.settle()
    assert await card.linked() == ["ada"]
    assert (await card.client()).link_state == "done"
    assert await card.said_since(1) == [DealClientChanged, DealContactsChecked]


async def test_a_contact_that_does_not_exist_is_unlinked_and_named(card: Card) -> None:
    """CLI-02: one that exists stays beside it, as primary as it has to be."""
    await card.set(
        lambda client: set_contacts(client, [NewContactLink("nada", is_primary=True), NewContactLink(card.id("ada"))])
    )
    await card.settle()
    client = await card.client()
    assert await card.linked() == ["ada"]
    assert (client.link_state, client.refusal, client.refused_contacts) == ("refused", "contact_not_found", ("nada",))
    assert client.contact_id == card.id("ada")
    (said,) = (await card.deals.said(card.id(PUMPS)))[2:]
    assert isinstance(said, DealContactsChecked)
    assert ([ref.id for ref in said.refused], said.code) == (["nada"], "contact_not_found")


async def test_a_contact_that_was_deleted_before_is_refused(card: Card) -> None:
    """COMP-10: whether deals has heard of the deletion before the link or hears of it later."""
    await card.delete("ada")
    await card.hear_all("ada")
    await card.delete("bob")
    await card.add("ada", "bob")
    await card.settle()
    assert await card.linked() == []


@pytest.mark.parametrize("first", ["ada", "answers"])
async def test_a_contact_that_is_deleted_between_the_look_and_the_answer_is_unlinked(card: Card, first: str) -> None:
    """COMP-10: whichever of the two is heard first."""
    await card.add("ada", "bob")
    await card.clients_look()
    await card.delete("ada")
    await card.hear_all(first)
    await card.settle()
    assert await card.linked() == ["bob"]
    assert (await card.client()).contact_id == card.id("bob")


async def test_a_contact_that_was_merged_before_is_linked_as_its_survivor(card: Card) -> None:
    """DUP-02: once, where the survivor is linked as well."""
    await card.merge("bob", "ada")
    await card.add("bob", "ada")
    await card.settle()
    assert await card.linked() == ["bob"]


@pytest.mark.parametrize("first", ["ada", "answers"])
async def test_a_contact_that_is_merged_between_the_look_and_the_answer_is_its_survivor(card: Card, first: str) -> None:
    """DUP-02: whichever of the two is heard first."""
    await card.add("ada")
    await card.clients_look()
    await card.merge("bob", "ada")
    await card.hear_all(first)
    await card.settle()
    assert await card.linked() == ["bob"]


@pytest.mark.parametrize("first", ["bob", "answers"])
async def test_a_survivor_that_is_deleted_between_the_look_and_the_answer_is_not_linked(card: Card, first: str) -> None:
    """DUP-02, COMP-10: deals may have heard of its end before it links it."""
    await card.merge("bob", "ada")
    await card.hear_all("ada")
    await card.hear_all("bob")
    await card.add("ada")
    await card.clients_look()
    await card.delete("bob")
    await card.hear_all(first)
    await card.settle()
    assert await card.linked() == []


async def test_an_answer_to_an_earlier_request_is_ignored_and_the_last_one_settles_all(card: Card) -> None:
    """CLI-07: each request is about everything that is pending."""
    await card.add("ada")
    await card.clients_look()
    await card.add("bob")
    before = await card.client()
    await card.deals_hear_answers()
    assert await card.client() == before
    await card.settle()
    assert await card.linked() == ["ada", "bob"]


async def test_a_contact_that_is_removed_and_added_again_is_asked_for_again(card: Card) -> None:
    """CLI-06: neither answer links one that was removed."""
    await card.add("ada")
    await card.clients_look()
    await card.set(lambda client: remove_contact(client, card.id("ada")))
    await card.add("ada")
    assert (await card.client()).link_no == 2
    await card.settle()
    assert await card.linked() == ["ada"]
    await card.set(lambda client: add_contact(client, NewContactLink("nada")))
    await card.clients_look()
    await card.set(lambda client: set_contacts(client, []))
    await card.settle()
    assert (await card.linked(), (await card.client()).link_state) == ([], "done")


async def test_one_answer_settles_the_company_and_the_contacts(card: Card) -> None:
    """CLI-02, CLI-07: and says of each what it is."""
    await card.add("eve", "nada")
    await card.set(lambda client: set_company(client, card.id("acme")))
    number = len(await card.deals.said(card.id(PUMPS)))
    await card.settle()
    client = await card.client()
    assert await card.linked() == ["eve", "ada", "bob"]
    assert (client.company and client.company.title, client.link_state) == ("ACME GmbH", "refused")
    assert client.refused_contacts == (card.id("nada"),)
    assert await card.said_since(number) == [DealContactsAttached, DealContactsChecked]


async def test_a_company_that_does_not_exist_goes_and_the_contacts_stay(card: Card) -> None:
    """CLI-07."""
    await card.set(lambda client: set_company(client, "nobody"))
    await card.add("ada")
    number = len(await card.deals.said(card.id(PUMPS)))
    await card.settle()
    client = await card.client()
    assert (await card.linked(), client.company, client.refusal) == (["ada"], None, "company_not_found")
    assert await card.said_since(number) == [DealCompanyUnlinked, DealContactsChecked]


async def test_a_contact_that_is_added_later_brings_no_contacts_of_the_company(card: Card) -> None:
    """CLI-07: who joined the company after it was linked does not enter the deal."""
    await card.set(lambda client: set_company(client, card.id("acme")))
    await card.settle()
    await card.link("eve", "acme")
    await card.create_contact(deal_ref("elsewhere"))
    await card.link(ZOE, "acme")
    await card.settle()
    await card.set(lambda client: remove_contact(client, card.id("bob")))
    await card.add("eve")
    await card.settle()
    assert await card.linked() == ["ada", "eve"]


@pytest.mark.parametrize("then", ["cleared", "merged", "deleted"])
async def test_contacts_stay_asked_for_whatever_becomes_of_the_company(card: Card, then: str) -> None:
    """CLI-07, COMP-10, DUP-02."""
    await card.set(lambda client: set_company(client, card.id("acme")))
    await card.add("eve", "nada")
    await card.clients_look()
    if then == "cleared":
        await card.set(lambda client: set_company(client, None))
    elif then == "merged":
        await merge_clients(card.id("bell"), [card.id("acme")], {}, card.cause(), owners=card.companies)
        await card.hear_all("acme")
    else:
        await delete_element(card.id("acme"), card.cause(), elements=card.companies)
        await card.hear_all("acme")
    await card.settle()
    client = await card.client()
    assert "eve" in await card.linked()
    assert (client.company and client.company.id) == (card.id("bell") if then == "merged" else None)
    assert client.refused_contacts == (card.id("nada"),)


@pytest.mark.parametrize("first", [ZOE, "answers"])
async def test_a_contact_that_is_created_from_the_card_with_the_same_id_is_linked(card: Card, first: str) -> None:
    """CLI-05: clients may have refused it before; that is no answer about one that exists by now."""
    await card.add(ZOE)
    await card.clients_look()
    await card.create_contact(deal_ref(card.id(PUMPS)))
    await card.hear_all(first)
    await card.settle()
    assert await card.linked() == [ZOE]


async def test_an_answer_that_comes_again_changes_nothing_even_when_the_inbox_has_forgotten(card: Card) -> None:
    """CLI-02."""
    await card.add("ada", "nada")
    await card.clients_look()
    records = [(each.headers(), each.body()) for each in card.answers.envelopes]
    await card.settle()
    await card.set(lambda client: remove_contact(client, card.id("ada")))
    said, client = await card.deals.said(card.id(PUMPS)), await card.client()
    for _ in range(2):
        await card.deals.forget_causes(card.id(PUMPS))
        for record in records:
            await card.handle(record)
    assert (await card.deals.said(card.id(PUMPS)), await card.client()) == (said, client)


async def test_a_company_that_was_deleted_while_a_contact_was_linked_to_it_is_unlinked_by_the_event(card: Card) -> None:
    """COMP-10, COMP-04: whoever linked it may have died right after the write."""
    acme = (await card.companies.get(card.id("bell"))).ref
    await delete_element(card.id("bell"), card.cause(), elements=card.companies)
    await card.settle()
    await card.contacts.change(
        card.id("ada"), lambda found: found.link(acme, position=10, by=ANNA, at=NOON), card.cause()
    )
    await card.settle()
    ada: Any = await card.contacts.get(card.id("ada"))
    assert [link.company_id for link in ada.companies] == [card.id("acme")]
    await card.contacts.forget_causes(card.id("ada"))
    await card.settle()


@pytest.mark.parametrize("end", ["deleted", "merged"])
async def test_the_former_company_that_ends_while_another_is_refused_is_not_linked_again(card: Card, end: str) -> None:
    """CLI-07, COMP-10, DUP-02: deleted it is gone, and the contacts that it brought stay; merged it is its survivor."""
    acme, bell = card.id("acme"), card.id("bell")
    await card.set(lambda client: set_company(client, acme))
    await card.settle()
    await card.set(lambda client: set_company(client, "nobody"))
    await card.clients_look()
    if end == "deleted":
        await delete_element(acme, card.cause(), elements=card.companies)
    else:
        await merge_clients(bell, [acme], {}, card.cause(), owners=card.companies)
    await card.hear_all("acme")
    await card.deals_hear_answers()
    await card.settle()
    client = await card.client()
    assert (client.company and client.company.id) == (None if end == "deleted" else bell)
    assert await card.linked() == ["ada", "bob"]
    assert {link.auto_linked_from for link in client.contacts} == {None if end == "deleted" else bell}


@pytest.mark.parametrize("then", ["stays", "deleted"])
async def test_contacts_that_one_who_does_not_exist_was_to_replace_are_linked_again(card: Card, then: str) -> None:
    """CLI-06, COMP-10: as they were, but for one that was deleted meanwhile; those that exist are linked besides."""
    await card.set(
        lambda client: set_contacts(client, [NewContactLink(card.id("ada")), NewContactLink(card.id("bob"))])
    )
    await card.settle()
    before = await card.client()
    await card.set(lambda client: set_contacts(client, [NewContactLink("nada"), NewContactLink(card.id("eve"))]))
    await card.clients_look()
    if then == "deleted":
        await card.delete("bob")
        await card.hear_all("bob")
    await card.settle()
    client = await card.client()
    left = before.contacts if then == "stays" else before.contacts[:1]
    assert set(left) < set(client.contacts)
    assert sorted(await card.linked()) == sorted([*(["bob"] if then == "stays" else []), "ada", "eve"])
    assert (client.contact_id, client.refused_contacts) == (card.id("ada"), ("nada",))
    (checked,) = [said for said in await card.deals.said(card.id(PUMPS)) if isinstance(said, DealContactsChecked)][1:]
    assert [ref.id for ref in checked.linked_again] == [card.id("ada"), card.id("bob")]
