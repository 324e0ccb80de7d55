"""Each cell of the map 1.1.1: what a conversion copies of a lead to contact, company and deal, and what it does not."""

from datetime import date, timedelta
from typing import Any, Final
from uuid import uuid4

import pytest

from tests.system.crm import Crm, a_phone

PERSON: Final = {
    "salutation": "MS",
    "first_name": "Ada",
    "middle_name": "King",
    "last_name": "Lovelace",
    "birth_date": "1990-12-10",
    "position": "Engineer",
}
OWNED: Final = {
    "comments": "asked for a call",
    "responsible_id": "carla",
    "open_to_all": False,
    "utm": {"source": "newsletter", "medium": "e-mail", "campaign": "spring", "content": "a", "term": "pumps"},
}
SOURCED: Final = {"source_id": "TRADE_SHOW", "source_description": "hall 7"}
ADDRESS: Final = {
    "type": "physical",
    "address_1": "Unter den Linden 77",
    "address_2": "2nd floor",
    "city": "Berlin",
    "postal_code": "10117",
    "region": "Mitte",
    "province": "Berlin",
    "country": "Germany",
    "country_code": "DE",
}
POINTS: Final = ("phones", "emails", "websites", "messengers")


def a_full_lead() -> dict[str, Any]:
    """A lead that says something in every field, of the contact data also what cannot be normalised."""
    name = uuid4().hex[:12]
    return {
        **PERSON,
        **OWNED,
        **SOURCED,
        "title": f"Pumps for {name}",
        "company_title": f"Engines {name}",
        "address": ADDRESS,
        "phones": [
            {"kind": "MOBILE", "value": a_phone()},
            {"kind": "WORK", "value": "4711"},
            {"kind": "HOME", "value": "ask for Ada"},
        ],
        "emails": [{"kind": "WORK", "value": f"{name}@example.com"}, {"kind": "HOME", "value": "x@at-home"}],
        "websites": [{"kind": "WORK", "value": f"https://{name}.example"}],
        "messengers": [{"kind": "TELEGRAM", "value": f"@{name}"}],
        "observers": ["bob", "dora"],
        "rows": [
            {"name": "Pump", "quantity": "2", "price": "100.50"},
            {"name": "Advice", "quantity": "1", "price": "49"},
        ],
        "status_description": "is waiting",
        "originator_id": "shop",
        "origin_id": name,
    }


@pytest.fixture
async def lead(crm: Crm) -> dict[str, Any]:
    found: dict[str, Any] = await crm.get("leads", f"/leads/{await crm.new_lead(**a_full_lead())}")
    return found


def of(record: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: record[name] for name in names}


async def results(crm: Crm, lead: dict[str, Any], *targets: str) -> dict[str, dict[str, Any]]:
    """What the lead was converted into, by target."""
    answer = await crm.convert(lead["id"], targets=list(targets), on_duplicate="create")
    assert answer.status_code == 200, answer.text
    places = {"contact": ("clients", "contacts"), "company": ("clients", "companies"), "deal": ("deals", "deals")}
    return {
        target: await crm.get(places[target][0], f"/{places[target][1]}/{answer.json()[target]['id']}")
        for target in targets
    }


async def test_the_contact_has_every_field_that_the_map_copies_to_it(crm: Crm, lead: dict[str, Any]) -> None:
    """LEAD-12: name, birth date, position, contact data as typed, source, comments, owner, UTM, the lead's id."""
    contact = (await results(crm, lead, "contact", "company", "deal"))["contact"]
    same = (*PERSON, *OWNED, *SOURCED, *POINTS)
    assert of(contact, *same) == of(lead, *same)
    assert [point["value"] for point in contact["phones"]][1:] == ["4711", "ask for Ada"]
    assert contact["lead_id"] == lead["id"]


async def test_the_address_is_in_requisites_of_the_contact_that_carry_nothing_else(
    crm: Crm, lead: dict[str, Any]
) -> None:
    """LEAD-12, REQ-03."""
    made = await results(crm, lead, "contact", "company", "deal")
    requisites = await crm.get("clients", f"/contacts/{made['contact']['id']}/requisites")
    (requisite,) = requisites if isinstance(requisites, list) else requisites["items"]
    assert [{**ADDRESS, **address} for address in requisite["addresses"]] == [ADDRESS]
    assert requisite["bank_details"] == []
    assert made["company"]["requisites"] == []


async def test_the_company_has_every_field_that_the_map_copies_to_it(crm: Crm, lead: dict[str, Any]) -> None:
    """LEAD-12: the contact data are the contact's."""
    company = (await results(crm, lead, "contact", "company", "deal"))["company"]
    assert of(company, *OWNED) == of(lead, *OWNED)
    assert of(company, *POINTS) == {key: [] for key in POINTS}
    assert (company["title"], company["lead_id"]) == (lead["company_title"], lead["id"])


async def test_a_company_alone_has_the_contact_data_and_the_address(crm: Crm, lead: dict[str, Any]) -> None:
    """LEAD-12."""
    company = (await results(crm, lead, "company"))["company"]
    assert of(company, *POINTS) == of(lead, *POINTS)
    (requisite,) = company["requisites"]
    assert [{**ADDRESS, **address} for address in requisite["addresses"]] == [ADDRESS]


async def test_the_deal_has_every_field_that_the_map_copies_to_it(crm: Crm, lead: dict[str, Any]) -> None:
    """LEAD-12, DEAL-12: observers and the amount too, and dates of its own."""
    made = await results(crm, lead, "contact", "company", "deal")
    deal = made["deal"]
    same = ("title", *OWNED, *SOURCED, "observers", "amount", "is_manual_amount")
    assert of(deal, *same) == of(lead, *same)
    assert deal["amount"] == {"value": "250.00", "currency": "EUR"}
    today = date.fromisoformat(deal["created_at"][:10])
    assert (deal["begin_date"], deal["close_date"]) == (str(today), str(today + timedelta(days=7)))
    assert (deal["lead_id"], deal["pipeline_id"], deal["stage_id"]) == (lead["id"], "default", "NEW")
    assert deal["client"]["company"]["id"] == made["company"]["id"]
    assert [link["contact_id"] for link in deal["client"]["contacts"]] == [made["contact"]["id"]]


async def test_the_rows_of_the_deal_are_copies_with_ids_of_their_own(crm: Crm, lead: dict[str, Any]) -> None:
    """LEAD-12."""
    rows = (await results(crm, lead, "deal"))["deal"]["rows"]
    assert [{**row, "id": None} for row in rows] == [{**row, "id": None} for row in lead["rows"]]
    assert len({row["id"] for row in (*rows, *lead["rows"])}) == 4


async def test_a_typed_amount_stays_typed(crm: Crm) -> None:
    """LEAD-12, ROW-02."""
    given = {**a_full_lead(), "amount": {"value": "999.00", "currency": "EUR"}, "is_manual_amount": True}
    lead = await crm.get("leads", f"/leads/{await crm.new_lead(**given)}")
    deal = (await results(crm, lead, "deal"))["deal"]
    assert (deal["amount"], deal["is_manual_amount"]) == ({"value": "999.00", "currency": "EUR"}, True)


async def test_the_new_contact_is_linked_to_the_new_company_as_primary(crm: Crm, lead: dict[str, Any]) -> None:
    """LEAD-12."""
    made = await results(crm, lead, "contact", "company")
    (link,) = made["contact"]["companies"]
    assert (link["company_id"], link["is_primary"]) == (made["company"]["id"], True)


async def test_neither_the_origin_nor_observers_of_the_deal_reach_anybody_else(crm: Crm, lead: dict[str, Any]) -> None:
    """LEAD-12: the lead stays the origin."""
    made = await results(crm, lead, "contact", "company", "deal")
    for record in made.values():
        assert (record["originator_id"], record["origin_id"]) == (None, None)
    assert (made["contact"]["observers"], made["company"]["observers"]) == ([], [])
    assert made["deal"]["additional_info"] is None


@pytest.mark.parametrize(
    ("named", "first", "middle"),
    [({}, "title", None), ({"middle_name": "King"}, "King", None), ({"last_name": "Berg"}, None, None)],
)
async def test_no_conversion_fails_for_a_missing_name(
    crm: Crm, named: dict[str, Any], first: str | None, middle: str | None
) -> None:
    """LEAD-12, A-09: the title of the lead names contact and company."""
    title = f"Call {uuid4().hex[:8]}"
    lead = await crm.get("leads", f"/leads/{await crm.new_lead(title=title, **named)}")
    made = await results(crm, lead, "contact", "company")
    contact = made["contact"]
    assert (contact["first_name"], contact["middle_name"]) == (title if first == "title" else first, middle)
    assert contact["last_name"] == named.get("last_name")
    assert made["company"]["title"] == title
