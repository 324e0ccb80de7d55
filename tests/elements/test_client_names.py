"""What an element service remembers of the names of clients, fed by events in any order (CLI-01)."""

from collections.abc import AsyncIterator
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest_asyncio
from crm_contracts.companies import CompanyCreated, CompanyDeleted, CompanyFields, CompanyMerged, CompanyUpdated
from crm_contracts.contacts import ContactCreated, ContactDeleted, ContactFields, ContactReplaced, ContactUpdated
from crm_contracts.envelope import Envelope, Event
from crm_contracts.roles import Right, RoleState
from crm_contracts.values import ElementRef

from deploy.local.mongo import Mongo
from shared.elements.domain.client_names import with_names
from shared.elements.domain.rights.compiled import Rights
from shared.elements.domain.rights.departments import Departments
from shared.elements.events.client_names import client_name_reactions
from shared.elements.store.client_names import ClientNames
from shared.elements.usecases.client_names import name_clients
from shared.kit.storage.connection import connect
from tests.builders.clients import a_company, a_contact
from tests.builders.deals import just_created_deal
from tests.builders.events import an_event, react
from tests.builders.running import Explained
from tests.builders.values import a_client


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def client_names(mongo: Mongo) -> AsyncIterator[ClientNames]:
    database = connect(mongo.url, f"client_names_{uuid4().hex[:12]}")
    yield ClientNames(Explained(database.collection("client_names")))
    await database.drop()
    database.close()


def event(data: Any, sequence: int) -> Envelope[Event]:
    return an_event(data, id_=str(uuid4()), subject=data.element.id, sequence=sequence)


def contact(id_: str, title: str | None = None) -> ElementRef:
    return ElementRef(type="contact", id=id_, title=title)


def renamed_contact(id_: str, sequence: int, title: str) -> Envelope[Event]:
    changed = ContactUpdated(contact=contact(id_, title), before=ContactFields(), after=ContactFields(last_name=title))
    return event(changed, sequence)


def renamed_company(id_: str, sequence: int, title: str) -> Envelope[Event]:
    ref = ElementRef(type="company", id=id_, title=title)
    return event(CompanyUpdated(company=ref, before=CompanyFields(), after=CompanyFields(title=title)), sequence)


async def deliver(client_names: ClientNames, *events: Envelope[Event]) -> None:
    for each in events:
        await react(client_name_reactions(client_names), each)


async def test_whatever_the_order_and_however_often_the_newest_name_counts(client_names: ClientNames) -> None:
    """CLI-01: of contacts and companies alike; an emptied ring of handled events makes no difference."""
    for number, order in enumerate(permutations(range(3))):
        person, firm = f"ada-{number}", f"acme-{number}"
        news = [
            event(ContactCreated(contact=a_contact(person).state), 1),
            renamed_contact(person, 2, "Ada Byron"),
            renamed_contact(person, 3, "Ada King"),
        ]
        of_firm = [
            event(CompanyCreated(company=a_company(firm).state), 1),
            renamed_company(firm, 2, "ACME AG"),
            renamed_company(firm, 3, "$title"),
        ]
        for events in (news, of_firm):
            await deliver(client_names, *(events[place] for place in order), *events)
        refs = (contact(person), ElementRef(type="company", id=firm))
        assert await client_names.of(refs) == {f"contact:{person}": "Ada King", f"company:{firm}": "$title"}, order


async def test_the_newest_word_on_who_may_read_a_client_counts(client_names: ClientNames) -> None:
    """PERM-08: beside its name, in whatever order and however often the events come."""
    role = RoleState(id="own", rights=(Right(element="*", levels={"read": "own"}),))
    of_user = {user: Rights.of(user, [role], Departments()) for user in ("anna", "ben", "cid")}
    for number, order in enumerate(permutations(range(3))):
        id_ = f"read-{number}"
        passed_on = ContactFields(responsible_id="ben", observers=("cid",))
        alone = ContactFields(observers=())
        news = [
            event(ContactCreated(contact=a_contact(id_, responsible_id="anna").state), 1),
            event(ContactUpdated(contact=contact(id_, "Ada"), before=ContactFields(), after=passed_on), 2),
            event(ContactUpdated(contact=contact(id_, "Ada King"), before=ContactFields(), after=alone), 3),
        ]
        await deliver(client_names, *(news[place] for place in order), *news)
        shown = {user: await client_names.of([contact(id_)], rights) for user, rights in of_user.items()}
        name = f"contact:{id_}"
        assert shown == {"anna": {name: None}, "ben": {name: "Ada King"}, "cid": {name: None}}, order
        assert await client_names.hidden([contact(id_), contact("unheard")], of_user["anna"]) == [contact(id_)]


async def test_nothing_remains_of_the_name_of_one_that_is_deleted_or_merged(client_names: ClientNames) -> None:
    """COMP-10, DUP-02: nor does an older event bring it back."""
    for id_, end in (
        ("deleted", ContactDeleted(contact=contact("deleted", "Ada Lovelace"), before=a_contact("deleted").state)),
        (
            "merged",
            ContactReplaced(
                contact=contact("merged", "Ada Lovelace"), survivor=contact("bob"), before=a_contact("merged").state
            ),
        ),
    ):
        await deliver(client_names, renamed_contact(id_, 2, "Ada"), event(end, 4), renamed_contact(id_, 3, "Late"))
        assert await client_names.of([contact(id_)]) == {}
    gone = CompanyDeleted(company=ElementRef(type="company", id="gone"), before=a_company("gone").state)
    await deliver(client_names, event(gone, 2), renamed_company("gone", 1, "Late"))
    assert await client_names.of([ElementRef(type="company", id="gone")]) == {}


async def test_a_survivor_has_the_name_that_the_merge_gave_it(client_names: ClientNames) -> None:
    """DUP-02."""
    survivor = ElementRef(type="company", id="kept", title="Chosen name")
    merged = CompanyMerged(
        survivor=survivor, removed=(), before=CompanyFields(), after=CompanyFields(title="Chosen name"), requisites=()
    )
    await deliver(client_names, event(merged, 5), renamed_company("kept", 4, "Former name"))
    assert await client_names.of([survivor]) == {"company:kept": "Chosen name"}


async def test_the_names_on_a_whole_page_are_one_query(client_names: ClientNames) -> None:
    """CLI-01: by an index, however many deals and contacts; none where no client is linked."""
    people = [f"person-{number}" for number in range(40)]
    await deliver(client_names, *(renamed_contact(id_, 2, f"Name of {id_}") for id_ in people))
    explained = client_names._collection
    assert isinstance(explained, Explained)
    explained.plans.clear()
    deals = [just_created_deal(f"deal-{id_}", client=a_client(id_, "person-0")) for id_ in people[1:]]

    shown = await name_clients(deals, client_names=client_names, rights=None)

    assert [[link.title for link in deal.client.contacts] for deal in shown] == [
        [f"Name of {id_}", "Name of person-0"] for id_ in people[1:]
    ]
    assert len(explained.plans) == 1
    explained.assert_served_by_indexes()
    assert len(await name_clients([just_created_deal("alone")], client_names=client_names, rights=None)) == 1
    assert len(explained.plans) == 1


async def test_of_whom_nothing_was_heard_the_stored_name_is_shown(client_names: ClientNames) -> None:
    """CLI-06: the name of the moment of the link."""
    client = a_client("nobody-heard-of", company_id="unheard")
    assert with_names(client, await client_names.of(client.refs)) == client
    assert await client_names.of([]) == {}
