"""Lists, searches and exports hold what their reader may read, and tell of nothing else (PERM-01, CLI-04, DUP-01)."""

from collections.abc import Mapping
from itertools import count
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest

from services.clients.records.domain.contact import Contact
from services.clients.records.store.search import search_clients
from shared.elements.domain.filters.nodes import Condition
from shared.elements.domain.rights.accessed import ACCESS
from shared.elements.domain.search import Query
from tests.builders.fakes import Documents
from tests.builders.running import Api, Explained
from tests.clients.roles import OF_BEN, a_role

KINDS = {"contacts": "contact", "companies": "company"}
OWN = {"contact": {"read": "own"}, "company": {"read": "own"}}
PHONES = count(810_000)


def a_name() -> str:
    """A name that nobody else has."""
    return f"N{uuid4().hex[:10]}"


async def made(api: Api, kind: str, name: str, **fields: Any) -> str:
    named = {"last_name": name} if kind == "contacts" else {"title": name}
    id_: str = (await api.made(f"/{kind}", {**named, **fields}))["id"]
    return id_


async def shown(api: Api, method: str, path: str, body: Any = None, *, roles: list[str]) -> dict[str, Any]:
    answer = await api(method, path, body, roles=roles)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


def ids(page: Mapping[str, Any]) -> list[str]:
    return [item["id"] for item in page["items"]]


@pytest.mark.parametrize("kind", KINDS)
async def test_lists_queries_and_counts_have_the_records_that_may_be_read(api: Api, kind: str) -> None:
    """PERM-01.2, PERM-04: page by page, each as long as is asked for."""
    roles, name = await a_role(api, **OWN), a_name()
    mine = []
    for _ in range(3):
        await made(api, kind, name, **OF_BEN)
        mine.append(await made(api, kind, name))
    field = "last_name" if kind == "contacts" else "title"
    query: dict[str, Any] = {"filter": {field: name}, "limit": 2, "count": "capped"}
    first = await shown(api, "POST", f"/{kind}/query", query, roles=roles)
    rest = await shown(api, "POST", f"/{kind}/query", {**query, "cursor": first["next_cursor"]}, roles=roles)
    assert [ids(first), ids(rest)] == [mine[:0:-1], mine[:1]]
    assert (first["count"], rest["next_cursor"]) == ({"value": 3, "is_exact": True}, None)
    phone = f"+49305{next(PHONES)}"
    seen, _ = [await made(api, kind, name, phones=[{"value": phone}], **of) for of in ({}, OF_BEN)]
    assert ids(await shown(api, "GET", f"/{kind}?{urlencode({'phone': phone})}", roles=roles)) == [seen]
    others = await a_role(api, **{noun: {"read": "all"} for other, noun in KINDS.items() if other != kind})
    nothing = await shown(api, "POST", f"/{kind}/query", query, roles=others)
    assert (ids(nothing), nothing["next_cursor"], nothing["count"]) == ([], None, {"value": 0, "is_exact": True})


async def test_the_contacts_of_a_company_are_those_that_may_be_read_page_by_page(api: Api) -> None:
    """COMP-04, PERM-04."""
    roles, name = await a_role(api, **OWN), a_name()
    company, mine = await made(api, "companies", name), []
    for _ in range(3):
        await made(api, "contacts", name, company_ids=[company], **OF_BEN)
        mine.append(await made(api, "contacts", name, company_ids=[company]))
    path = f"/companies/{company}/contacts?limit=2"
    first = await shown(api, "GET", path, roles=roles)
    rest = await shown(api, "GET", f"{path}&cursor={first['next_cursor']}", roles=roles)
    assert [ids(first), ids(rest), rest["next_cursor"]] == [mine[:2], mine[2:], None]
    assert ids(await shown(api, "GET", f"/contacts?company_id={company}", roles=roles)) == mine[::-1]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_search_shows_20_that_may_be_read_and_tells_of_no_others(api: Api, kind: str) -> None:
    """CLI-03, CLI-04, PERM-04: neither by its matches nor by `has_more`."""
    roles, name = await a_role(api, **OWN), a_name()
    mine = {await made(api, kind, name) for _ in range(2)}
    for _ in range(21):
        await made(api, kind, name, **OF_BEN)
    path = f"/clients/search?type={KINDS[kind]}&q={name}"
    found = await shown(api, "GET", path, roles=roles)
    assert ({item["client"]["id"] for item in found["items"]}, found["has_more"]) == (mine, False)
    everyone = await api.read(path)
    assert (len(everyone["items"]), everyone["has_more"]) == (20, True)


async def test_a_search_looks_at_few_records_of_many_namesakes(api: Api) -> None:
    """CLI-04: who may read few clients does not wait for those that he may not read."""
    name = a_name()
    for _ in range(150):
        await made(api, "contacts", name, **OF_BEN)
    mine = await made(api, "contacts", name, responsible_id=name)
    contacts = Explained(api.database.collection("contacts"))
    allowed = Condition(ACCESS, "in", (f"r:{name}", f"o:{name}"))
    found, has_more = await search_clients(Documents(Contact, contacts), Query.of(name), allowed=allowed)
    assert ([contact.id for contact in found], has_more) == ([mine], False)
    assert max(plan.documents for plan in contacts.plans) <= 10


async def test_duplicates_are_found_among_what_may_be_read(api: Api) -> None:
    """DUP-01, DUP-03: 20 of those, and `has_more` of those alone."""
    roles, number = await a_role(api, **OWN), next(PHONES)
    phone, name = f"+49305{number}", a_name()
    point = {"phones": [{"value": phone}]}
    mine = {kind: await made(api, kind, name, **point) for kind in KINDS}
    for kind in KINDS:
        for _ in range(22):
            await made(api, kind, name, **point, **OF_BEN)
    by_value = {"kind": "phone", "values": [phone]}
    by_card = {"phones": [phone], "last_name": name, "company_title": name}
    found = await shown(api, "POST", "/duplicates/find", by_value, roles=roles)
    alike = await shown(api, "POST", "/duplicates/search", by_card, roles=roles)
    for kind, noun in KINDS.items():
        assert (ids(found[noun]), found[noun]["has_more"]) == ([mine[kind]], False)
        assert ([item["ref"]["id"] for item in alike[noun]["items"]], alike[noun]["has_more"]) == ([mine[kind]], False)
    everyone = (await api("POST", "/duplicates/find", by_value)).json()
    assert [(len(everyone[noun]["items"]), everyone[noun]["has_more"]) for noun in KINDS.values()] == [(20, True)] * 2


async def test_what_has_no_normal_form_is_found_among_what_may_be_read(api: Api) -> None:
    """DUP-01."""
    roles, typed = await a_role(api, **OWN), f"Zimmer {next(PHONES)}"
    mine, _ = [await made(api, "contacts", "Ada", phones=[{"value": typed}], **of) for of in ({}, OF_BEN)]
    found = await shown(api, "POST", "/duplicates/find", {"kind": "phone", "values": [typed]}, roles=roles)
    assert ids(found["contact"]) == [mine]


async def test_an_export_has_what_may_be_exported_and_read(api: Api) -> None:
    """CONT-06, PERM-01.1."""
    mine = await made(api, "contacts", "Ada")
    hidden = await made(api, "contacts", "Bob", **OF_BEN)
    exported = {}
    for read, export in (("all", "all"), ("all", "own"), ("own", "all"), ("all", "none"), ("none", "all")):
        roles = await a_role(api, contact={"read": read, "export": export}, company={"export": "all"})
        page = await shown(api, "GET", "/contacts/export?limit=200", roles=roles)
        exported[read, export] = [each for each in (mine, hidden) if each in ids(page)]
    both: list[str] = [mine, hidden]
    assert exported == {
        ("all", "all"): both,
        ("all", "own"): [mine],
        ("own", "all"): [mine],
        ("all", "none"): [],
        ("none", "all"): [],
    }
    without = await api("GET", "/contacts/export", roles=await a_role(api, contact={"read": "all"}))
    assert without.status_code == 403
