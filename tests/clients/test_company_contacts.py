"""The contacts of a company have an order, which later links depend on: over HTTP, on a real MongoDB."""

import asyncio
from itertools import count
from typing import Any

import pytest
from crm_contracts import registry

from services.clients.records.domain.employment import MAX_COMPANIES
from tests.builders.events import react
from tests.builders.running import Api, wrong_fields
from tests.clients.office import Office

SERIAL = count(1)


async def a_company(api: Api, title: str | None = None) -> str:
    return str((await api.made("/companies", {"title": title or f"ACME {next(SERIAL)}"}))["id"])


async def a_contact(api: Api) -> str:
    return str((await api.made("/contacts", {"first_name": f"Ada {next(SERIAL)}"}))["id"])


async def link(api: Api, contact: str, company: str, **body: Any) -> dict[str, Any]:
    answer = await api("PUT", f"/contacts/{contact}/companies/{company}", body)
    assert answer.status_code == 200, answer.text
    linked: dict[str, Any] = answer.json()
    return linked


async def people(api: Api, company: str) -> list[str]:
    """Ids of a company's contacts in their order, page by page, two on each."""
    ids, query = [], "?limit=2"
    while True:
        page = await api.read(f"/companies/{company}/contacts{query}")
        ids += [person["id"] for person in page["items"]]
        if page["next_cursor"] is None:
            return ids
        query = f"?limit=2&cursor={page['next_cursor']}"


async def test_who_is_linked_after_another_left_is_the_last(api: Api) -> None:
    """COMP-04, CLI-07: the first contact of a company becomes the primary one of the next deal."""
    company = await a_company(api)
    one, two, three, four = [await a_contact(api) for _ in range(4)]
    for contact in (one, two, three):
        await link(api, contact, company)
    await api("DELETE", f"/contacts/{one}/companies/{company}")
    await link(api, four, company)
    assert await people(api, company) == [two, three, four]
    await link(api, one, company)
    assert await people(api, company) == [two, three, four, one]


async def test_those_who_are_linked_at_once_have_one_order(api: Api) -> None:
    """COMP-04: whatever position they got, each list shows them so, and whoever comes later is after all of them."""
    company = await a_company(api)
    contacts = [await a_contact(api) for _ in range(8)]
    await asyncio.gather(*(link(api, contact, company) for contact in contacts))
    order = await people(api, company)
    assert sorted(order) == sorted(contacts)
    assert await people(api, company) == order
    last = await a_contact(api)
    await link(api, last, company)
    assert await people(api, company) == [*order, last]


async def test_all_contacts_of_a_company_are_listed_page_by_page(api: Api) -> None:
    """COMP-04."""
    company = await a_company(api)
    contacts = [await a_contact(api) for _ in range(5)]
    for contact in contacts:
        await link(api, contact, company)
    assert await people(api, company) == contacts
    assert wrong_fields(await api("GET", f"/companies/{company}/contacts?limit=201")) == ["limit"]


async def test_a_cursor_of_another_list_is_refused(api: Api) -> None:
    """COMP-04."""
    company = await a_company(api)
    for _ in range(2):
        await a_contact(api)
    other = (await api.read("/contacts?limit=1"))["next_cursor"]
    for cursor in ("nonsense", other):
        assert wrong_fields(await api("GET", f"/companies/{company}/contacts?cursor={cursor}")) == ["cursor"]


async def test_the_contacts_of_a_merged_company_come_after_those_of_the_survivor(api: Api) -> None:
    """COMP-04, DUP-02: the survivor's main contact stays the first; heard again, nothing changes."""
    title = f"Twin {next(SERIAL)}"
    kept, gone = await a_company(api, title), await a_company(api, title)
    main, second, other, new = [await a_contact(api) for _ in range(4)]
    for contact, company in ((other, gone), (new, gone), (main, kept), (second, kept)):
        await link(api, contact, company)
    assert (await api("POST", f"/companies/{kept}/merge", {"others": [gone]})).status_code == 200
    document = await api.database.collection("companies").get(gone)
    assert document is not None
    replaced = registry.parse(document["outbox"][-1]["headers"], document["outbox"][-1]["value"])
    assert replaced is not None
    for _ in range(2):
        await react(Office(api.database).reactions, replaced)
        assert await people(api, kept) == [main, second, other, new]
        for contact in (other, new):
            await Office(api.database).contacts.forget_causes(contact)
    last = await a_contact(api)
    await link(api, last, kept)
    assert await people(api, kept) == [main, second, other, new, last]


async def test_the_role_of_a_link_is_changed_by_linking_again(api: Api) -> None:
    """CLI-06, CONT-07: nothing that is sent is ignored, and what is absent stays as it is."""
    company, contact = await a_company(api), await a_contact(api)
    first = await link(api, contact, company, role_id=3)
    assert (first["companies"][0]["role_id"], first["company_id"]) == (3, company)
    assert await link(api, contact, company) == first
    assert await link(api, contact, company, role_id=3) == first
    changed = await link(api, contact, company, role_id=5)
    assert (changed["companies"][0]["role_id"], changed["version"]) == (5, first["version"] + 1)
    back = await link(api, contact, company, role_id=0)
    assert back["companies"][0]["role_id"] == 0
    refused = await api("PUT", f"/contacts/{contact}/companies/{company}", {"is_primary": False})
    assert (wrong_fields(refused), refused.json()["code"]) == (["is_primary"], "primary_needed")


async def test_the_primary_company_of_a_contact_is_shown_and_never_given(api: Api) -> None:
    """CONT-07: a mirror, in the record and in its event."""
    acme, bell, contact = await a_company(api), await a_company(api), await a_contact(api)
    assert (await api.read(f"/contacts/{contact}"))["company_id"] is None
    await link(api, contact, acme)
    assert (await link(api, contact, bell, is_primary=True))["company_id"] == bell
    left = await api("DELETE", f"/contacts/{contact}/companies/{bell}")
    assert left.json()["company_id"] == acme
    for method, path in (("POST", "/contacts"), ("PATCH", f"/contacts/{contact}")):
        assert wrong_fields(await api(method, path, {"first_name": "Ada", "company_id": bell})) == ["company_id"]


@pytest.mark.parametrize("over", [0, 1])
async def test_a_contact_works_for_a_bounded_number_of_companies(api: Api, over: int) -> None:
    """CONT-07: or no event about it could be published any more; a merge is refused as well."""
    one, two = await a_contact(api), await a_contact(api)
    half = MAX_COMPANIES // 2
    companies = [await a_company(api) for _ in range(MAX_COMPANIES + over)]
    for place, company in enumerate(companies):
        await link(api, one if place < half else two, company)
    names = {"resolution": {"first_name": one}}
    merged = await api("POST", f"/contacts/{one}/merge", {"others": [two], **names})
    if over:
        assert (merged.status_code, merged.json()["code"]) == (409, "not_mergeable")
        return
    assert merged.status_code == 200, merged.text
    assert len(merged.json()["companies"]) == MAX_COMPANIES
    refused = await api("PUT", f"/contacts/{one}/companies/{await a_company(api)}", {})
    assert (wrong_fields(refused), refused.json()["code"]) == (["company_id"], "too_many_companies")
    assert (await link(api, one, companies[0], role_id=7))["companies"][0]["role_id"] == 7
