"""Clauses about the Client field that no other test shows, over the API of deals; clients answers at once."""

import asyncio
import json
import re
from typing import Any, Final
from uuid import uuid4

from crm_contracts.client_answers import CheckedContact, ElementCompanyRefused, ElementContactsResolved
from crm_contracts.values import ElementRef

from services.deals.deal.domain.deal import Deal
from shared.elements.events.client_field import client_answer_reactions
from tests.architecture.sources import ROOT
from tests.builders.events import an_event, react
from tests.builders.fakes import NobodyLeft
from tests.builders.running import Api
from tests.builders.values import company_ref, contact_ref
from tests.kit.waiting import eventually

PAGE: Final = ROOT / "docs" / "clients.md"


async def set_client(api: Api, deal: dict[str, Any], body: Any, path: str = "/client") -> dict[str, Any]:
    """The Client field after it was set."""
    answer = await api("PUT", f"/deals/{deal['id']}{path}", body)
    assert answer.status_code in {200, 202}, answer.text
    found: dict[str, Any] = (await api.read(f"/deals/{deal['id']}"))["client"]
    return found


async def linked(api: Api, deal: dict[str, Any], company: str, *contacts: str, **more: Any) -> dict[str, Any]:
    """The Client field after a company was linked and clients has told its contacts."""
    asked = await set_client(api, deal, {"company_id": company, **more})
    answer = ElementContactsResolved(
        element=ElementRef(type="deal", id=deal["id"]),
        link_no=asked["link_no"],
        company=company_ref(company),
        contacts=tuple(contact_ref(contact) for contact in contacts),
        checked=tuple(
            CheckedContact(contact_id=link["contact_id"], contact=contact_ref(link["contact_id"]))
            for link in asked["contacts"]
            if link["link_state"] == "pending"
        ),
    )
    owners = {"deal": api.documents(Deal, "deals")}
    await react(client_answer_reactions(owners, removed_clients=NobodyLeft()), an_event(answer, id_=str(uuid4())))
    found: dict[str, Any] = (await api.read(f"/deals/{deal['id']}"))["client"]
    assert found["link_state"] == "done"
    return found


def contacts_of(client: dict[str, Any]) -> list[str]:
    return [link["contact_id"] for link in client["contacts"]]


def primary_of(client: dict[str, Any]) -> list[str]:
    return [link["contact_id"] for link in client["contacts"] if link["is_primary"]]


async def test_a_link_keeps_its_sort_and_its_role(api: Api) -> None:
    """CLI-06."""
    given = [{"contact_id": "ada", "sort": 7, "role_id": 3}, {"contact_id": "bob", "sort": 9, "is_primary": True}]
    client = await set_client(api, await api.made("/deals"), given, "/contacts")
    kept = [
        {name: link[name] for name in ("contact_id", "sort", "is_primary", "role_id")} for link in client["contacts"]
    ]
    assert kept == [
        {"contact_id": "ada", "sort": 7, "is_primary": False, "role_id": 3},
        {"contact_id": "bob", "sort": 9, "is_primary": True, "role_id": 0},
    ]


async def test_without_a_flag_the_first_contact_is_primary(api: Api) -> None:
    """CLI-06: and links are ten apart, in the order given."""
    given = [{"contact_id": id_} for id_ in ("bob", "ada", "eve")]
    for client in (
        (await api.made("/deals", {"contacts": given}))["client"],
        await set_client(api, await api.made("/deals"), {"contacts": given}),
        await set_client(api, await api.made("/deals"), given, "/contacts"),
    ):
        assert [(link["contact_id"], link["sort"]) for link in client["contacts"]] == [
            ("bob", 10),
            ("ada", 20),
            ("eve", 30),
        ]
        assert primary_of(client) == ["bob"]


async def test_a_list_of_contacts_replaces_the_whole_list(api: Api) -> None:
    """CLI-06: one that is named twice is linked once."""
    deal = await api.made("/deals", {"contacts": [{"contact_id": "ada"}, {"contact_id": "bob"}]})
    client = await set_client(
        api, deal, [{"contact_id": "eve"}, {"contact_id": "bob"}, {"contact_id": "eve"}], "/contacts"
    )
    assert (contacts_of(client), primary_of(client)) == (["eve", "bob"], ["eve"])
    assert contacts_of(await set_client(api, deal, [], "/contacts")) == []


async def test_contacts_of_a_company_join_those_that_are_linked(api: Api) -> None:
    """CLI-07: each stands there once, and the primary stays."""
    deal = await api.made("/deals", {"contacts": [{"contact_id": "bob"}, {"contact_id": "eve", "is_primary": True}]})
    client = await linked(api, deal, "acme", "ada", "eve", "dan")
    assert (contacts_of(client), primary_of(client)) == (["bob", "eve", "ada", "dan"], ["eve"])


async def test_when_the_company_changes_touched_contacts_stay(api: Api) -> None:
    """CLI-07: those that were linked by hand, before or after the company brought them."""
    deal = await api.made("/deals", {"contacts": [{"contact_id": "bob"}]})
    await linked(api, deal, "acme", "ada", "eve")
    await set_client(api, deal, [{"contact_id": "bob"}, {"contact_id": "ada"}], "/contacts")
    assert contacts_of(await linked(api, deal, "acme2", "dan")) == ["bob", "ada", "dan"]
    assert contacts_of(await linked(api, deal, "acme3")) == ["bob", "ada"], "dan was not touched"


async def test_clearing_the_company_keeps_its_contacts(api: Api) -> None:
    """CLI-07."""
    deal = await api.made("/deals")
    await linked(api, deal, "acme", "ada", "eve")
    client = await set_client(api, deal, {"company_id": None})
    assert (client["company"], contacts_of(client), primary_of(client)) == (None, ["ada", "eve"], ["ada"])


async def test_whoever_waits_for_a_company_that_is_refused_is_told_that_the_rest_was_stored(api: Api) -> None:
    """CLI-02, CLI-07: a PATCH changes other fields as well, and the refusal comes afterwards."""
    for body, is_said in (({"title": "New"}, True), ({"auto_link_contacts": True}, False)):
        deal = await api.made("/deals")
        path = f"/deals/{deal['id']}"
        call = asyncio.create_task(api("PATCH", path, {"company_id": "nobody", **body}, prefer="wait=20"))

        async def is_asked(path: str = path) -> bool:
            return bool((await api.read(path))["client"]["link_no"] == 1)

        await eventually(is_asked, "the company is asked for")
        element = ElementRef(type="deal", id=deal["id"])
        refusal = ElementCompanyRefused(
            element=element, link_no=1, company=company_ref("nobody"), code="company_not_found"
        )
        owners = {"deal": api.documents(Deal, "deals")}
        await react(client_answer_reactions(owners, removed_clients=NobodyLeft()), an_event(refusal, id_=str(uuid4())))
        answer = await call
        assert (answer.status_code, answer.json()["code"]) == (409, "company_not_found")
        stored = " The other changes of the request were stored." if is_said else ""
        assert answer.json()["detail"] == f"There is no company nobody.{stored}"
        assert (await api.read(path))["title"] == body.get("title", deal["title"])


async def test_a_new_deal_whose_company_does_not_exist_is_created_and_says_so(api: Api) -> None:
    """CLI-02: in the words of docs/clients.md."""
    id_ = str(uuid4())
    body = {"id": id_, "title": "Pumps", "company_id": "nobody"}
    call = asyncio.create_task(api("POST", "/deals", body, prefer="wait=20"))

    async def is_asked() -> bool:
        return (await api("GET", f"/deals/{id_}")).status_code == 200

    await eventually(is_asked, "the company is asked for")
    refusal = ElementCompanyRefused(
        element=ElementRef(type="deal", id=id_), link_no=1, company=company_ref("nobody"), code="company_not_found"
    )
    owners = {"deal": api.documents(Deal, "deals")}
    for _ in range(2):  # told again, it changes nothing
        await react(client_answer_reactions(owners, removed_clients=NobodyLeft()), an_event(refusal, id_=str(uuid4())))
    answer = await call
    (told,) = re.findall(r"```json answer\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert (answer.status_code, answer.json()["title"]) == (201, "Pumps")
    assert answer.json()["client"].items() >= json.loads(told).items()


async def test_switched_off_no_contact_comes_with_the_company(api: Api) -> None:
    """CLI-07."""
    client = await linked(api, await api.made("/deals"), "acme", "ada", auto_link_contacts=False)
    assert (client["company"]["id"], contacts_of(client)) == ("acme", [])
