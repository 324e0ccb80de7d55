"""Who might be the client on a card that is being filled in (DUP-03)."""

import asyncio
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from crm_contracts.leads import LeadCreated, LeadUpdated

from services.clients.linked_element.domain import EXTRACTORS
from services.clients.linked_element.store.elements import ELEMENT_INDEXES, LinkedElements
from services.clients.records.store.search import MAX_COMPARED
from services.clients.text import Card
from tests.builders.causes import ANNA, NOON
from tests.builders.leads import just_created_lead
from tests.builders.running import Api, Explained, wrong_fields

PHONES = count(900_000)


async def alike(api: Api, card: dict[str, Any]) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    """Ids of each type, and by what."""
    answer = await api("POST", "/duplicates/search", card)
    assert answer.status_code == 200, answer.text
    return {
        type_: [(item["ref"]["id"], tuple(item["by"])) for item in found["items"]]
        for type_, found in answer.json().items()
    }


@pytest.fixture
def word() -> str:
    """A name that no other test has."""
    return f"Twin{uuid4().hex[:8]}"


async def test_a_contact_is_found_by_its_full_name_in_any_order_and_spelling(api: Api, word: str) -> None:
    """DUP-03."""
    ada = (await api.made("/contacts", {"first_name": "Zoë", "last_name": word}))["id"]
    await api.made("/contacts", {"first_name": "Zoltan", "last_name": word})
    for first, last in (("ZOE", word), (word.lower(), "zoë")):
        assert (await alike(api, {"first_name": first, "last_name": last}))["contact"] == [(ada, ("name",))]
    assert (await alike(api, {"last_name": word}))["contact"] == []
    assert (await alike(api, {"first_name": "Zoë", "last_name": word, "except_id": ada}))["contact"] == []


async def test_umlauts_in_one_letter_or_two_are_no_other_name(api: Api, word: str) -> None:
    """DUP-03: of contacts and of companies."""
    people = [
        (await api.made("/contacts", {"first_name": first, "last_name": f"{word}{last}"}))["id"]
        for first, last in (("Jürgen", "müller"), ("Juergen", "mueller"))
    ]
    firms = [(await api.made("/companies", {"title": f"{word}{end} AG"}))["id"] for end in ("bäcker", "baecker")]
    for first, last in (("Jürgen", "Müller"), ("Juergen", "Mueller")):
        found = (await alike(api, {"first_name": first, "last_name": word + last}))["contact"]
        assert sorted(found) == sorted((id_, ("name",)) for id_ in people)
    for title in (f"{word}bäcker AG", f"{word}baecker"):
        assert {id_ for id_, _ in (await alike(api, {"company_title": title}))["company"]} == set(firms)


async def test_a_company_is_found_by_its_title_and_its_legal_name(api: Api, word: str) -> None:
    """DUP-03: a part of the name is not enough."""
    company = (await api.made("/companies", {"title": f"{word} GmbH"}))["id"]
    named = {
        "name": "Legal",
        "preset_id": "company-de",
        "fields": {"RQ_COMPANY_FULL_NAME": f"Alte {word} Handels GmbH"},
    }
    assert (await api("POST", f"/companies/{company}/requisites", named)).status_code == 201
    for title in (f"{word} gmbh", f"ALTE {word} Handels GmbH"):
        assert (await alike(api, {"company_title": title}))["company"] == [(company, ("company",))]
    assert (await alike(api, {"company_title": f"{word} Handels GmbH"}))["company"] == []


async def test_who_has_more_in_common_comes_first_and_it_is_said_what(api: Api, word: str) -> None:
    """DUP-03: phones and e-mails in any notation, other fields where they are asked for."""
    phone, mail = f"+49304{next(PHONES)}", f"{word.lower()}@acme.example"
    one = await api.made("/contacts", {"first_name": "Ada", "phones": [{"value": phone}]})
    both = {"first_name": word, "last_name": "Byron", "birth_date": "1815-12-10", "phones": [{"value": phone}]}
    two = await api.made("/contacts", {**both, "emails": [{"value": mail}]})
    card = {"phones": [phone.replace("+49", "0")], "emails": [mail.upper()], "first_name": word, "last_name": "Byron"}
    found = (await alike(api, {**card, "further": {"birth_date": "1815-12-10"}}))["contact"]
    assert found[0] == (two["id"], ("email", "further", "name", "phone"))
    assert (one["id"], ("phone",)) in found


async def test_a_client_is_found_by_its_requisites_and_its_accounts(api: Api) -> None:
    """DUP-03, REQ-02, REQ-04: however they are typed."""
    company = (await api.made("/companies", {"title": f"Bank {uuid4().hex[:8]}"}))["id"]
    account = f"DE-{uuid4().hex[:10].upper()}"
    body = {
        "name": "Legal",
        "preset_id": "company-de",
        "fields": {"RQ_VAT_ID": "DE136695976"},
        "bank_details": [{"name": "Main", "fields": {"RQ_ACC_NUM": account}}],
    }
    assert (await api("POST", f"/companies/{company}/requisites", body)).status_code == 201
    card = {"requisites": {"RQ_VAT_ID": "DE 136 695 976"}, "bank_details": {"RQ_ACC_NUM": account.replace("-", " ")}}
    assert (company, ("bank_detail", "requisite")) in (await alike(api, card))["company"]


async def test_a_lead_is_found_by_name_company_phone_and_e_mail(api: Api, word: str) -> None:
    """DUP-03: as it was heard of last."""
    elements = LinkedElements(api.database.collection("elements"))
    lead = just_created_lead(word, first_name="Ada", last_name=word, company_title="Alt")
    created = lead.recorded[0]
    assert isinstance(created, LeadCreated)
    await elements.apply(EXTRACTORS[LeadCreated](created), sequence=1, at=NOON)
    lead.correct({"company_title": f"{word} Ltd", "first_name": "Eve"}, by=ANNA, at=NOON)
    await elements.apply(EXTRACTORS[LeadUpdated](lead.recorded[1]), sequence=2, at=NOON)
    card = {"first_name": "Eve", "last_name": word.upper(), "company_title": f"{word} LTD"}
    assert (await alike(api, card))["lead"] == [(word, ("company", "name"))]
    assert (await alike(api, {"first_name": "Ada", "last_name": word}))["lead"] == []


@pytest.mark.parametrize(
    ("lead", "card"),
    [
        ({"first_name": "Ada King", "last_name": "W"}, {"first_name": "Ada", "middle_name": "King", "last_name": "w"}),
        ({"first_name": "W, Ada"}, {"first_name": "Ada", "last_name": "W"}),
        ({"last_name": "W"}, {"last_name": "W"}),
        ({"first_name": "Ada", "middle_name": "King", "last_name": "W"}, {"first_name": "ADA", "last_name": "W"}),
    ],
)
async def test_a_lead_is_found_by_its_full_name_however_it_is_divided(
    api: Api, word: str, lead: dict[str, str], card: dict[str, str]
) -> None:
    """DUP-03: as it was heard of last, in whatever order."""
    elements = LinkedElements(api.database.collection("elements"))
    named: dict[str, Any] = {name: value.replace("W", word) for name, value in lead.items()}
    made = just_created_lead(word, **{"first_name": None, "last_name": None, **named})
    made.correct({"middle_name": named.get("middle_name") or "Odd"}, by=ANNA, at=NOON)
    made.correct({"middle_name": named.get("middle_name")}, by=ANNA, at=NOON)
    for sequence, event in [*enumerate(made.recorded, start=1)][::-1]:
        for _ in range(2):
            await elements.apply(EXTRACTORS[type(event)](event), sequence=sequence, at=NOON)
    asked = {name: value.lower().replace("w", word) for name, value in card.items()}
    assert (await alike(api, asked))["lead"] == [(word, ("name",))]
    assert (await alike(api, {**asked, "first_name": "Eve"}))["lead"] == []


async def test_a_card_may_be_searched_by_seven_further_fields(api: Api, word: str) -> None:
    """DUP-03."""
    said = {
        "birth_date": "1815-12-10",
        "position": f"Poet {word}",
        "type_id": "PARTNER",
        "source_description": f"fair {word}",
        "comments": f"likes {word} " * 30,
    }
    points = {"websites": f"{word}.example", "messengers": f"@{word}"}
    lists = {name: [{"value": value}] for name, value in points.items()}
    ada = (await api.made("/contacts", {"first_name": "Ada", **said, **lists}))["id"]
    firm = {"industry": "RETAIL", "employees": "EMPLOYEES_3", "banking_details": f"Bank {word}"}
    acme = (await api.made("/companies", {"title": f"X {word}", **firm, "comments": said["comments"]}))["id"]
    seven = {**said, **points, "comments": said["comments"][:255]}
    assert len(seven) == 7
    found = await alike(api, {"further": seven})
    assert (ada, ("further",)) in found["contact"]
    assert (acme, ("further",)) in found["company"]
    for name, value in {**firm, "position": said["position"]}.items():
        found = await alike(api, {"further": {name: value}})
        assert (ada if name == "position" else acme) in [id_ for each in found.values() for id_, _ in each], name
    eight = await api("POST", "/duplicates/search", {"further": {**seven, "industry": "RETAIL"}})
    assert wrong_fields(eight) == ["further"]


async def test_namesakes_do_not_hide_who_has_the_phone_as_well(api: Api, word: str) -> None:
    """DUP-03."""
    phone = f"+49304{next(PHONES)}"
    both = await api.made("/contacts", {"last_name": word, "phones": [{"value": phone}]})
    name = {"last_name": word}
    await asyncio.gather(*(api("POST", "/contacts", name) for _ in range(MAX_COMPARED)))
    found = (await alike(api, {**name, "phones": [phone]}))["contact"]
    assert found[0] == (both["id"], ("name", "phone"))


async def test_a_long_name_is_found_by_itself(api: Api, word: str) -> None:
    """DUP-03."""
    name = {"first_name": f"{word} da Silva", "last_name": "e Souza dos Santos"}
    made = await api.made("/contacts", name)
    assert (await alike(api, name))["contact"] == [(made["id"], ("name",))]


async def test_of_many_20_are_shown_and_there_are_more(api: Api, word: str) -> None:
    """DUP-03."""
    for _ in range(22):
        await api.made("/contacts", {"last_name": word})
    answer = (await api("POST", "/duplicates/search", {"last_name": word})).json()
    assert (len(answer["contact"]["items"]), answer["contact"]["has_more"]) == (20, True)


async def test_what_is_deleted_or_ours_is_nobody_s_duplicate(api: Api, word: str) -> None:
    """DUP-03, COMP-08, COMP-10."""
    await api.made("/companies", {"title": word, "is_my_company": True})
    gone = (await api.made("/companies", {"title": word}))["id"]
    await api("DELETE", f"/companies/{gone}")
    assert (await alike(api, {"company_title": word}))["company"] == []


async def test_everything_wrong_with_a_card_is_named(api: Api) -> None:
    """DUP-03."""
    url = "/duplicates/search"
    wrong = {"phones": ["030 901820", "x"], "emails": ["at home"]}
    assert wrong_fields(await api("POST", url, wrong)) == ["phones.1", "emails.0"]
    nothing: list[dict[str, Any]] = [{}, {"phones": []}, {"except_id": "x"}]
    for empty in nothing:
        assert wrong_fields(await api("POST", url, empty)) == ["body"]
    assert wrong_fields(await api("POST", url, {"further": {"shoes": "44"}, "age": 1})) == [
        "further.shoes.[key]",
        "age",
    ]
    for roles, status in ((None, 401), (["stranger"], 403)):
        assert (await api("POST", url, {"last_name": "x"}, roles=roles)).status_code == status


async def test_every_look_for_leads_is_served_by_an_index(api: Api, word: str) -> None:
    """DUP-03."""
    collection = Explained(api.database.collection("elements"))
    await collection.ensure(ELEMENT_INDEXES)
    card = Card(first_name="Ada", last_name=word, company_title=word, phones=("+4930901820",), emails=("a@b.example",))
    await LinkedElements(collection).similar(card, 20)
    collection.assert_served_by_indexes()
