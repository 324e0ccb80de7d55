"""Both ends of a link have rights of their own: names, employment, merges and cards (COMP-04, DUP-02, CLI-05)."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import pytest
from crm_contracts.client_field import Client

from tests.builders.running import Api
from tests.clients.roles import OF_BEN, a_role
from tests.clients.test_elements import deal_created, hears, lead_created

BODIES: dict[str, dict[str, Any]] = {"contacts": {"first_name": "Ada"}, "companies": {"title": "ACME"}}
ADA = BODIES["contacts"]
SAME = {"x_correlation_id": "c"}
"""What makes two answers comparable."""
NOUNS = {"contacts": "contact", "companies": "company"}
ALL = {"read": "all", "update": "all", "delete": "all", "add": "all"}
ELEMENTS: Mapping[str, Any] = {"lead": {"update": "all"}, "deal": {"update": "all"}}


async def made(api: Api, kind: str, **fields: Any) -> str:
    id_: str = (await api.made(f"/{kind}", {**BODIES[kind], **fields}))["id"]
    return id_


async def test_a_company_that_may_not_be_read_is_shown_by_its_id_alone(api: Api) -> None:
    """COMP-04, PERM-04: wherever a contact is shown; who may read it sees its name."""
    word = f"W{uuid4().hex[:8]}"
    hidden, mine = await made(api, "companies", title=f"Secret {word}", **OF_BEN), await made(api, "companies")
    contact = await made(api, "contacts", last_name=word, company_ids=[hidden, mine])
    roles = await a_role(api, contact={**ALL, "export": "all"}, company={"read": "own"})
    path = f"/contacts/{contact}"
    answers = [
        await api("GET", path, roles=roles),
        await api("GET", f"/contacts?company_id={hidden}", roles=roles),
        await api("POST", "/contacts/query", {"filter": {"last_name": word}}, roles=roles),
        await api("GET", f"/companies/{mine}/contacts", roles=roles),
        await api("GET", "/contacts/export?limit=200", roles=roles),
        await api("GET", f"/clients/search?type=contact&q={word}", roles=roles),
        await api("PATCH", path, {"comments": "called"}, roles=roles),
        await api("PUT", f"{path}/companies/{mine}", {"role_id": 2}, roles=roles),
        await api("POST", f"{path}/merge", {"others": [await made(api, "contacts")]}, roles=await with_elements(api)),
    ]
    for answer in answers:
        assert answer.status_code == 200, answer.text
        assert hidden in answer.text
        assert "Secret" not in answer.text
    links = {link["company_id"]: link["title"] for link in answers[0].json()["companies"]}
    assert links == {hidden: None, mine: "ACME"}
    seen = await api("GET", path)
    assert [link["title"] for link in seen.json()["companies"]] == [f"Secret {word}", "ACME"]
    assert seen.headers["etag"] != (await api("GET", path, roles=roles)).headers["etag"], "they are other answers"


async def with_elements(api: Api) -> list[str]:
    return await a_role(api, contact=ALL, company={"read": "own"}, **ELEMENTS)


async def test_a_company_that_may_not_be_read_cannot_be_linked(api: Api) -> None:
    """COMP-04, PERM-04: it is refused as one that there is not; an own link to it may be taken away."""
    roles = await a_role(api, contact=ALL, company={"read": "own"})
    hidden, absent = await made(api, "companies", **OF_BEN), str(uuid4())
    contact = await made(api, "contacts")
    refused = [
        await api(method, path.format(id_), {**body, **({"company_ids": [id_]} if body else {})}, roles=roles, **SAME)
        for method, path, body in (("PUT", f"/contacts/{contact}/companies/{{}}", {}), ("POST", "/contacts", ADA))
        for id_ in (hidden, absent)
    ]
    texts = [answer.text.replace(hidden, "ID").replace(absent, "ID") for answer in refused]
    assert {answer.status_code for answer in refused} == {409}
    assert (texts[0], texts[2]) == (texts[1], texts[3])
    await api("PUT", f"/contacts/{contact}/companies/{hidden}", {})
    unlinked = await api("DELETE", f"/contacts/{contact}/companies/{hidden}", roles=roles)
    assert (unlinked.status_code, unlinked.json()["companies"]) == (200, [])


async def test_who_links_a_contact_has_to_have_the_right_to_update_it(api: Api) -> None:
    """COMP-04, PERM-01.1."""
    roles = await a_role(api, contact={"read": "all", "update": "own"}, company={"read": "all"})
    company, contact = await made(api, "companies"), await made(api, "contacts", **OF_BEN)
    path = f"/contacts/{contact}/companies/{company}"
    for method, body in (("PUT", {}), ("DELETE", None)):
        refused = await api(method, path, body, roles=roles)
        assert (refused.status_code, refused.json()["code"]) == (403, "right_missing")


@pytest.mark.parametrize("kind", BODIES)
async def test_a_merge_needs_update_of_the_survivor_and_deletion_of_the_others(api: Api, kind: str) -> None:
    """DUP-02.12."""
    survivor, other = await made(api, kind), await made(api, kind)
    wanted, merge = {"others": [other]}, f"/{kind}/{survivor}/merge"
    for missing in ("update", "delete"):
        levels = {name: level for name, level in ALL.items() if name != missing}
        refused = await api("POST", merge, wanted, roles=await a_role(api, **{NOUNS[kind]: levels}, **ELEMENTS))
        assert (refused.status_code, refused.json()["action"]) == (403, missing)
    assert {(await api("GET", f"/{kind}/{id_}")).json()["version"] for id_ in (survivor, other)} == {1}
    enough = {"read": "all", "update": "own", "delete": "own"}
    merged = await api("POST", merge, wanted, roles=await a_role(api, **{NOUNS[kind]: enough}, **ELEMENTS))
    assert merged.status_code == 200, merged.text
    assert (await api("GET", f"/{kind}/{other}")).json()["merged_into"] == survivor


@pytest.mark.parametrize("kind", BODIES)
async def test_a_record_that_may_not_be_read_is_merged_as_one_that_there_is_not(api: Api, kind: str) -> None:
    """DUP-02.12, PERM-04: no conflict shows what is in it."""
    roles = await a_role(api, **{NOUNS[kind]: {**ALL, "read": "own"}}, **ELEMENTS)
    survivor = await made(api, kind, comments="mine")
    hidden, gone = await made(api, kind, comments="secret", **OF_BEN), await made(api, kind)
    await api("POST", f"/{kind}/{await made(api, kind)}/merge", {"others": [gone]})
    answers = [
        (await api("POST", f"/{kind}/{survivor}/merge", {"others": [id_]}, roles=roles, **SAME)).text.replace(id_, "ID")
        for id_ in (hidden, str(uuid4()), gone)
    ]
    assert answers[0] == answers[1] == answers[2]
    assert '"others.0"' in answers[0]
    assert "not_found" in answers[0]


@pytest.mark.parametrize("kind", BODIES)
async def test_a_client_is_created_for_a_card_that_the_caller_may_update(api: Api, kind: str) -> None:
    """CLI-05, PERM-01.1: as far as clients knows the card; another one is judged by its own service."""
    lead, deal = str(uuid4()), str(uuid4())
    await hears(api, lead_created(lead, Client(), **OF_BEN), deal_created(deal, Client(), **OF_BEN))
    may_read = await a_role(api, **{NOUNS[kind]: ALL}, lead={"read": "all", "update": "own"}, deal={"update": "all"})
    expected = {("lead", lead): 403, ("deal", deal): 404, ("lead", str(uuid4())): 201}
    for (type_, id_), status in expected.items():
        body = {**BODIES[kind], "link_to": {"type": type_, "id": id_}}
        single = await api("POST", f"/{kind}", body, roles=may_read)
        assert single.status_code == status, single.text
    may_update = await a_role(api, **{NOUNS[kind]: ALL}, lead={"read": "all", "update": "all"})
    body = {**BODIES[kind], "link_to": {"type": "lead", "id": lead}}
    assert (await api("POST", f"/{kind}", body, roles=may_update)).json()["link_state"] == "pending"
