"""A contact is created in its companies, a company with its contacts, in one request each (COMP-04)."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.builders.running import Api, wrong_fields
from tests.clients.test_cards import a_card, heard, linking
from tests.kit.waiting import eventually


async def a_company(api: Api, title: str = "ACME") -> str:
    return str((await api.made("/companies", {"title": title}))["id"])


async def people_of(api: Api, company: str) -> list[str]:
    page = await api.read(f"/companies/{company}/contacts")
    return [contact["last_name"] for contact in page["items"]]


async def test_a_contact_is_created_in_the_companies_that_it_belongs_to(api: Api) -> None:
    first, second = await a_company(api), await a_company(api, "Engines")
    contact = await api.made("/contacts", {"last_name": "Berg", "company_ids": [first, second, first]})
    assert [(link["company_id"], link["is_primary"]) for link in contact["companies"]] == [
        (first, True),
        (second, False),
    ]
    assert await people_of(api, first) == await people_of(api, second) == ["Berg"]
    assert contact["version"] == 1, "all of it is one write"


def refusal_of(answer: httpx.Response) -> tuple[str, list[tuple[str, str, str]]]:
    """The code of a refused link, and its fields, as leads and deals name them, too (`check_linked`)."""
    assert answer.status_code == 409, answer.text
    problem = answer.json()
    assert problem["detail"] == " ".join(error["message"] for error in problem["errors"])
    return problem["code"], [(error["field"], error["code"], error["message"]) for error in problem["errors"]]


@pytest.mark.parametrize("kind", ["unknown", "deleted", "merged"])
async def test_a_contact_is_linked_to_no_company_that_is_not_there_and_every_route_says_so_alike(
    api: Api, kind: str
) -> None:
    """COMP-04, CLI-07: the same status, code and sentence, whether the company is in the path or in the body."""
    contact, lost, survivor = await api.made("/contacts", {"last_name": "Berg"}), "nada", None
    if kind != "unknown":
        lost = await a_company(api)
    if kind == "deleted":
        assert (await api("DELETE", f"/companies/{lost}")).status_code == 204
    if kind == "merged":
        survivor = await a_company(api)
        assert (await api("POST", f"/companies/{survivor}/merge", {"others": [lost]})).status_code == 200
    by_path = await api("PUT", f"/contacts/{contact['id']}/companies/{lost}", {})
    by_body = await api("POST", "/contacts", {"last_name": "Berg", "company_ids": [lost]})
    batch = await api("POST", "/contacts/batch", {"items": [{"last_name": "Berg", "company_ids": [lost]}]})
    said = ("company_not_found", f"There is no company {lost}.")
    assert refusal_of(by_path) == (said[0], [("company_id", *said)])
    assert refusal_of(by_body) == (said[0], [("company_ids.0", *said)])
    item = batch.json()["items"][0]
    assert (item["status"], item["problem"]["errors"]) == (409, by_body.json()["errors"])
    assert by_path.json().get("merged_into") == survivor


async def test_a_company_that_does_not_exist_leaves_no_contact(api: Api) -> None:
    known, id_ = await a_company(api), str(uuid4())
    body = {"id": id_, "last_name": "Berg", "company_ids": [known, "nada"]}
    refused = await api("POST", "/contacts", body)
    assert refusal_of(refused) == (
        "company_not_found",
        [("company_ids.1", "company_not_found", "There is no company nada.")],
    )
    assert (await api("GET", f"/contacts/{id_}")).status_code == 404


PEOPLE = [{"first_name": "Carla", "last_name": "Berg"}, {"last_name": "Tal", "phones": [{"value": "030 901820"}]}]


async def test_a_company_is_created_with_new_contacts_in_their_order(api: Api) -> None:
    answer = await api("POST", "/companies", {"title": "ACME", "contacts": [*PEOPLE, {"last_name": "Au"}]})
    assert answer.status_code == 201, answer.text
    assert [ref["title"] for ref in answer.json()["contacts"]] == ["Carla Berg", "Tal", "Au"]
    assert await people_of(api, answer.json()["id"]) == ["Berg", "Tal", "Au"]


async def test_the_contacts_are_there_before_the_card_has_linked_the_company(api: Api) -> None:
    """CLI-05, CLI-07: they do not wait for the card, which takes the contacts of the company."""
    card, id_ = a_card(), str(uuid4())
    body = {"id": id_, "title": "ACME", "contacts": PEOPLE, "link_to": card}
    waiting = asyncio.create_task(api("POST", "/companies", body, prefer="wait=60"))

    async def are_there() -> bool:
        assert not waiting.done()
        answer = await api("GET", f"/companies/{id_}/contacts")
        return answer.status_code == 200 and len(answer.json()["items"]) == len(PEOPLE)

    await eventually(are_there, "the contacts were created")
    await heard(api, card, linking("companies", id_))
    answer = await waiting
    assert (answer.status_code, answer.json()["link_state"]) == (201, "done")


async def test_wrong_fields_of_the_contacts_are_named_and_nothing_is_created(api: Api) -> None:
    wrong: list[tuple[dict[str, Any], list[str]]] = [
        ({"phones": [{"value": "nada"}], "last_name": "Au"}, ["contacts.1.phones.0.value"]),
        ({"comments": "nobody"}, ["contacts.1.first_name", "contacts.1.last_name"]),
        ({"last_name": "Au", "type_id": "NADA"}, ["contacts.1.type_id"]),
        ({"last_name": "Au", "titel": "x"}, ["contacts.1.titel"]),
    ]
    for person, fields in wrong:
        id_ = str(uuid4())
        assert (
            wrong_fields(await api("POST", "/companies", {"id": id_, "title": "ACME", "contacts": [PEOPLE[0], person]}))
            == fields
        )
        assert (await api("GET", f"/companies/{id_}")).status_code == 404


async def test_a_repeated_request_creates_no_contact_twice(api: Api) -> None:
    body, key = {"title": "ACME", "contacts": PEOPLE}, str(uuid4())
    first = (await api("POST", "/companies", body, idempotency_key=key)).json()
    # The answer was lost, and so was what came after the first contact.
    keys = api.database.collection("idempotency")
    await keys.update_each([({"_id": each["_id"]}, {"$unset": {"answer": ""}}) async for each in keys.walk()])
    await api.database.collection("contacts").delete({"_id": first["contacts"][1]["id"]})
    again = await api("POST", "/companies", body, idempotency_key=key)
    assert again.status_code == 201, again.text
    assert again.json()["contacts"] == first["contacts"]
    assert await people_of(api, first["id"]) == ["Berg", "Tal"]
