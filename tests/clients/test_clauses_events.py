"""Clauses about what is published of contacts and companies, and about merging, over the API."""

from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from crm_contracts.companies import CompanyMerged
from crm_contracts.contacts import ContactLinked, ContactMerged, ContactUnlinked
from crm_contracts.envelope import Event

from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from services.clients.records.events import reactions
from services.clients.records.store.views import ClientViews
from tests.builders.events import an_event, react
from tests.builders.running import Api

BODIES: dict[str, dict[str, Any]] = {"contacts": {"first_name": "Ada"}, "companies": {"title": "ACME"}}
NOUNS = {"contacts": "contact", "companies": "company"}
PHONES = count(330_000)


async def told(api: Api, path: str, id_: str) -> list[Event]:
    """The events of a record, oldest first."""
    if path == "contacts":
        return await api.documents(Contact, path).said(id_)
    return await api.documents(Company, path).said(id_)


async def merged(api: Api, path: str, survivor: str, other: str) -> dict[str, Any]:
    """The survivor of a merge."""
    answer = await api("POST", f"/{path}/{survivor}/merge", {"others": [other]})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = await api.read(f"/{path}/{survivor}")
    return found


@pytest.mark.parametrize("path", BODIES)
async def test_what_happens_to_a_client_is_told(api: Api, path: str) -> None:
    """COMP-10: each fact once, in its order."""
    made = await api.made(f"/{path}", BODIES[path])
    for _ in range(2):
        await api("PATCH", f"/{path}/{made['id']}", {"comments": "likes tea"})
    assert (await api("DELETE", f"/{path}/{made['id']}")).status_code == 204
    assert [event.ce_type for event in await told(api, path, made["id"])] == [
        f"crm.{NOUNS[path]}.{what}.v1" for what in ("created", "updated", "deleted")
    ]


async def test_a_link_to_a_company_is_told_when_it_comes_and_when_it_goes(api: Api) -> None:
    """COMP-10."""
    contact, company = (
        await api.made("/contacts", BODIES["contacts"]),
        await api.made("/companies", BODIES["companies"]),
    )
    for method, body in (("PUT", {}), ("DELETE", None)):
        for _ in range(2):
            answer = await api(method, f"/contacts/{contact['id']}/companies/{company['id']}", body)
            assert answer.status_code == 200, answer.text
    _, linked, unlinked = await told(api, "contacts", contact["id"])
    assert isinstance(linked, ContactLinked)
    assert isinstance(unlinked, ContactUnlinked)
    assert (linked.company.id, [link.company_id for link in linked.companies]) == (company["id"], [company["id"]])
    assert (unlinked.company.id, unlinked.companies) == (company["id"], ())


@pytest.mark.parametrize("path", BODIES)
async def test_a_merge_is_told(api: Api, path: str) -> None:
    """COMP-10, DUP-02: by the survivor, which names those whom it took over."""
    one, two = await api.made(f"/{path}", BODIES[path]), await api.made(f"/{path}", BODIES[path])
    await merged(api, path, one["id"], two["id"])
    said = (await told(api, path, one["id"]))[-1]
    assert isinstance(said, ContactMerged if path == "contacts" else CompanyMerged)
    assert (said.element.id, [ref.id for ref in said.removed]) == (one["id"], [two["id"]])
    assert (await told(api, path, two["id"]))[-1].ce_type == f"crm.{NOUNS[path]}.replaced.v1"


@pytest.mark.parametrize("path", BODIES)
async def test_a_merge_fills_empty_fields_and_joins_lists(api: Api, path: str) -> None:
    """DUP-02: what the survivor has stays."""
    first, second = ({"kind": "WORK", "value": f"030 4{next(PHONES)}"} for _ in range(2))
    mail = {"kind": "WORK", "value": f"{uuid4()}@acme.example"}
    one = await api.made(f"/{path}", {**BODIES[path], "phones": [first], "comments": None, "observers": ["eve"]})
    others = {"phones": [first, second], "emails": [mail], "comments": "likes tea", "utm": {"source": "letter"}}
    two = await api.made(f"/{path}", {**BODIES[path], **others})
    survivor = await merged(api, path, one["id"], two["id"])
    assert (survivor["comments"], survivor["utm"]["source"]) == ("likes tea", "letter")
    assert [point["value"] for point in survivor["phones"]] == [first["value"], second["value"]]
    assert [point["value"] for point in survivor["emails"]] == [mail["value"]]
    assert survivor["observers"] == ["eve"]


async def test_contacts_of_a_merged_company_work_for_the_survivor(api: Api) -> None:
    """DUP-02: when the service hears its own event."""
    old, new = await api.made("/companies", BODIES["companies"]), await api.made("/companies", BODIES["companies"])
    contact = await api.made("/contacts", BODIES["contacts"])
    await api("PUT", f"/contacts/{contact['id']}/companies/{old['id']}", {})
    await merged(api, "companies", new["id"], old["id"])
    people, firms = api.documents(Contact, "contacts"), api.documents(Company, "companies")
    own = reactions(contacts=people, companies=firms, views=ClientViews(people, firms))
    said = (await told(api, "companies", old["id"]))[-1]
    for _ in range(2):
        await react(own, an_event(said, id_=f"replaced-{old['id']}", subject=old["id"]))
    links = (await api.read(f"/contacts/{contact['id']}"))["companies"]
    assert [(link["company_id"], link["is_primary"]) for link in links] == [(new["id"], True)]
