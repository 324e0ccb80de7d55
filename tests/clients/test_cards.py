"""A contact or company is created from a card and linked to it in one call (CLI-05), as far as clients can say."""

import asyncio
from uuid import uuid4

import pytest
from crm_contracts.client_field import Client
from crm_contracts.companies import CompanyCreated
from crm_contracts.contacts import ContactCreated
from crm_contracts.deals import DealCreated, DealLinkRefused
from crm_contracts.leads import LeadCreated, LeadLinkRefused
from crm_contracts.values import ElementRef

from services.clients.linked_element.domain import EXTRACTORS
from services.clients.linked_element.store.elements import LinkedElements
from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from tests.builders.causes import NOON
from tests.builders.deals import just_created_deal
from tests.builders.events import an_event, react
from tests.builders.fakes import Documents
from tests.builders.leads import just_created_lead
from tests.builders.running import Api, wrong_fields
from tests.builders.values import a_client
from tests.clients.office import Office
from tests.kit.waiting import eventually

BODIES = {"contacts": {"first_name": "Ada"}, "companies": {"title": "ACME"}}


def linking(kind: str, id_: str) -> Client:
    return a_client(id_) if kind == "contacts" else a_client(company_id=id_)


async def heard(api: Api, card: dict[str, str], client: Client) -> None:
    """Clients has heard that the card is there with this Client field."""
    told = (
        LeadCreated(lead=just_created_lead(card["id"], client=client).state)
        if card["type"] == "lead"
        else DealCreated(deal=just_created_deal(card["id"], client=client).state)
    )
    change = EXTRACTORS[type(told)](told)
    await LinkedElements(api.database.collection("elements")).apply(change, sequence=1, at=NOON)


def a_card(type_: str = "deal") -> dict[str, str]:
    return {"type": type_, "id": str(uuid4())}


@pytest.mark.parametrize("kind", BODIES)
async def test_who_is_created_for_no_card_waits_for_nothing(api: Api, kind: str) -> None:
    """CLI-05."""
    for body in (BODIES[kind], {**BODIES[kind], "link_to": None}):
        answer = await api("POST", f"/{kind}", body, prefer="wait=60")
        assert (answer.status_code, answer.json()["link_state"]) == (201, "none")


@pytest.mark.parametrize("type_", ["lead", "deal"])
@pytest.mark.parametrize("kind", BODIES)
async def test_the_event_names_the_card_and_the_answer_says_that_the_link_is_on_its_way(
    api: Api, kind: str, type_: str
) -> None:
    """CLI-05: nothing of it stays with the record."""
    card = a_card(type_)
    answer = await api("POST", f"/{kind}", {**BODIES[kind], "link_to": card})
    assert (answer.status_code, answer.json()["link_state"]) == (201, "pending")
    id_ = answer.json()["id"]
    kept: Documents[Contact] | Documents[Company] = (
        api.documents(Contact, kind) if kind == "contacts" else api.documents(Company, kind)
    )
    (said,) = await kept.said(id_)
    assert isinstance(said, (ContactCreated, CompanyCreated))
    assert said.link_to == ElementRef(**card)
    assert not {"link_to", "link_state"} & (await api.read(f"/{kind}/{id_}")).keys()


@pytest.mark.parametrize("type_", ["lead", "deal"])
@pytest.mark.parametrize("kind", BODIES)
async def test_whoever_waits_is_told_that_the_card_links_the_client(api: Api, kind: str, type_: str) -> None:
    """CLI-05."""
    card, id_ = a_card(type_), str(uuid4())
    await heard(api, a_card(type_), linking(kind, id_))
    body = {**BODIES[kind], "id": id_, "link_to": card}
    waiting = asyncio.create_task(api("POST", f"/{kind}", body, prefer="wait=60"))

    async def is_there() -> bool:
        assert not waiting.done()
        return (await api("GET", f"/{kind}/{id_}")).status_code != 404

    await eventually(is_there, "the client was created")
    await heard(api, card, linking(kind, id_))
    answer = await waiting
    assert (answer.status_code, answer.json()["link_state"]) == (201, "done")


@pytest.mark.parametrize("kind", BODIES)
async def test_a_card_that_links_others_leaves_it_pending_and_the_client_remains(api: Api, kind: str) -> None:
    """CLI-05."""
    card = a_card()
    await heard(api, card, linking(kind, "somebody-else"))
    answer = await api("POST", f"/{kind}", {**BODIES[kind], "link_to": card}, prefer="wait=1")
    assert (answer.status_code, answer.json()["link_state"]) == (201, "pending")
    assert (await api.read(f"/{kind}/{answer.json()['id']}"))["version"] == 1


@pytest.mark.parametrize("kind", BODIES)
async def test_every_wrong_field_of_a_card_is_named(api: Api, kind: str) -> None:
    """CLI-05, CMN-10: neither other elements nor other clients have a Client field."""
    for wrong, named in (
        ({"type": "contact", "id": "1"}, ["link_to.type"]),
        ({"type": "dealer", "id": ""}, ["link_to.id", "link_to.type"]),
        ({}, ["link_to.id", "link_to.type"]),
        ({"type": "deal", "id": "1", "title": "Pumps"}, ["link_to.title"]),
        ("deal:1", ["link_to"]),
    ):
        assert sorted(wrong_fields(await api("POST", f"/{kind}", {**BODIES[kind], "link_to": wrong}))) == named
    card = {"link_to": a_card()}
    for method, path in (("PATCH", f"/{kind}/nobody"), ("PUT", f"/{kind}/external/shop/{uuid4()}")):
        assert wrong_fields(await api(method, path, {**BODIES[kind], **card})) == ["link_to"]


@pytest.mark.parametrize("kind", BODIES)
async def test_nobody_links_to_a_card_that_he_may_not_write(api: Api, kind: str) -> None:
    """CLI-05: then nobody is created either."""
    token = api._signer.token(sub="ben", roles=[], scope="clients:write clients:read deals:write")
    id_, sent = str(uuid4()), {"roles": None, "authorization": f"Bearer {token}"}
    body = {**BODIES[kind], "id": id_}
    refused = await api("POST", f"/{kind}", {**body, "link_to": a_card("lead")}, **sent)
    assert (refused.status_code, "leads:write" in refused.text) == (403, True)
    assert (await api("GET", f"/{kind}/{id_}")).status_code == 404
    assert (await api("POST", f"/{kind}", {**body, "link_to": a_card("deal")}, **sent)).status_code == 201


@pytest.mark.parametrize("kind", BODIES)
async def test_a_call_that_is_repeated_with_its_key_creates_and_links_once(api: Api, kind: str) -> None:
    """CLI-05: the answer is the first one."""
    key, card = str(uuid4()), a_card()
    body = {**BODIES[kind], "link_to": card}
    first = await api("POST", f"/{kind}", body, idempotency_key=key)
    await heard(api, card, linking(kind, first.json()["id"]))
    again = await api("POST", f"/{kind}", body, idempotency_key=key)
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    other = await api("POST", f"/{kind}", {**body, "link_to": a_card()}, idempotency_key=key)
    assert other.status_code == 409


@pytest.mark.parametrize("type_", ["lead", "deal"])
@pytest.mark.parametrize("kind", BODIES)
async def test_whoever_waits_is_told_why_the_card_does_not_link_the_client(api: Api, kind: str, type_: str) -> None:
    """CLI-05: the client remains; told again, and with an emptied ring, the refusal is the same."""
    card, id_ = a_card(type_), str(uuid4())
    waiting = asyncio.create_task(
        api("POST", f"/{kind}", {**BODIES[kind], "id": id_, "link_to": card}, prefer="wait=60")
    )

    async def is_there() -> bool:
        assert not waiting.done()
        return (await api("GET", f"/{kind}/{id_}")).status_code != 404

    await eventually(is_there, "the client was created")
    client = ElementRef(type="contact" if kind == "contacts" else "company", id=id_)
    refused = (LeadLinkRefused if type_ == "lead" else DealLinkRefused)(
        element=ElementRef(**card), client=client, code="not_found"
    )
    for event_id in ("event-1", "event-1", "event-2"):
        await react(Office(api.database).reactions, an_event(refused, id_=event_id, subject=card["id"]))
    answer = await waiting
    assert (answer.status_code, answer.json()["link_state"], answer.json()["link_refusal"]) == (
        201,
        "refused",
        "not_found",
    )
    assert (await api.read(f"/{kind}/{id_}"))["version"] == 1
