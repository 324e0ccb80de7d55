"""Many contacts or companies by one request (ADR 0048); what a batch is in general is tested with leads."""

from typing import Any
from uuid import uuid4

import pytest

from tests.builders.running import Api


async def sent(api: Api, path: str, *items: Any, on_existing: str = "refuse", **headers: Any) -> list[dict[str, Any]]:
    answer = await api("POST", f"{path}/batch", {"items": list(items), "on_existing": on_existing}, **headers)
    assert answer.status_code == 207, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def an_origin() -> dict[str, str]:
    return {"originator_id": "old-crm", "origin_id": str(uuid4())}


def outcomes(found: list[dict[str, Any]]) -> list[str]:
    return [item["problem"]["code"] if item["outcome"] == "refused" else item["outcome"] for item in found]


async def test_each_contact_of_a_batch_has_its_result_and_its_employers_in_order(api: Api) -> None:
    """CONT-01, COMP-04: one that names a company which does not exist is not created."""
    acme, other = [(await api.made("/companies", {"title": title}))["id"] for title in ("ACME", "Other")]
    names = ["Amsel", "Berg", "Carl"]
    found = await sent(
        api,
        "/contacts",
        {"last_name": names[0], "company_ids": [acme]},
        {"phones": [{"value": "no digits"}], "last_name": "x"},
        {"last_name": "Lost", "company_ids": [acme, "unknown"]},
        {},
        {"last_name": names[1], "company_ids": [other, acme]},
        {"last_name": names[2], "company_ids": [acme]},
    )
    assert outcomes(found)[0::4] == ["created", "created"]
    assert outcomes(found)[2:4] == ["company_not_found", "name_missing"]
    assert [error["field"] for error in found[1]["problem"]["errors"]] == ["phones.0.value"]
    assert [error["field"] for error in found[2]["problem"]["errors"]] == ["company_ids.1"]
    staff = await api.read(f"/companies/{acme}/contacts")
    assert [contact["last_name"] for contact in staff["items"]] == names
    assert [link["company_id"] for link in staff["items"][1]["companies"]] == [other, acme]


async def test_a_contact_of_a_known_origin_is_corrected_and_joins_the_companies_that_it_lacks(api: Api) -> None:
    """CMN-14, CONT-08, COMP-04."""
    companies = [(await api.made("/companies", {"title": title}))["id"] for title in ("ACME", "Other")]
    item = {"last_name": "Berg", **an_origin(), "origin_version": "1", "company_ids": companies[:1]}
    assert outcomes(await sent(api, "/contacts", item, on_existing="correct")) == ["created"]
    assert outcomes(await sent(api, "/contacts", item, on_existing="correct")) == ["unchanged"]
    more = {**item, "company_ids": companies}
    (found,) = await sent(api, "/contacts", more, on_existing="correct")
    assert (found["outcome"], found["version"]) == ("corrected", 2)
    contact = await api.read(f"/contacts/{found['id']}")
    assert [(link["company_id"], link["is_primary"]) for link in contact["companies"]] == [
        (companies[0], True),
        (companies[1], False),
    ]
    await api("PATCH", f"/contacts/{found['id']}", {"position": "Owner"})
    newer = {**item, "origin_version": "2", "position": "Clerk"}
    (refused,) = await sent(api, "/contacts", newer, on_existing="correct")
    assert (refused["problem"]["code"], refused["status"]) == ("origin_version_conflict", 409)


async def test_a_record_that_was_deleted_is_refused_as_gone(api: Api) -> None:
    """CMN-14, COMP-10."""
    gone, there = {"last_name": "Gone", **an_origin()}, {"last_name": "There", **an_origin()}
    first, _ = await sent(api, "/contacts", gone, there, on_existing="correct")
    await api("DELETE", f"/contacts/{first['id']}")
    refused, kept = await sent(api, "/contacts", gone, there, on_existing="correct")
    assert (refused["status"], refused["problem"]["code"], kept["outcome"]) == (404, "gone", "unchanged")


async def test_each_company_of_a_batch_is_created_with_its_contacts_once(api: Api) -> None:
    """COMP-01, COMP-04: also where the request is sent again with its key."""
    key, staff = str(uuid4()), [{"last_name": "Amsel"}, {"last_name": "Berg"}]
    items = [{"title": "ACME", "contacts": staff}, {"title": ""}, {"title": "Other", "contacts": [{}]}, {"title": "C"}]
    for _ in range(2):
        found = await sent(api, "/companies", *items, idempotency_key=key)
        assert outcomes(found) == ["created", "name_missing", "name_missing", "created"]
        assert found[2]["problem"]["errors"][0]["field"] == "contacts.0.first_name"
        people = await api.read(f"/companies/{found[0]['id']}/contacts")
        assert [contact["last_name"] for contact in people["items"]] == ["Amsel", "Berg"]
        collection = api.database.collection("idempotency")
        for record in await collection.find({"answer": {"$exists": True}}):
            await collection.update({"_id": record["_id"]}, {"$unset": {"answer": ""}})


async def test_a_company_that_may_exist_takes_no_new_contacts(api: Api) -> None:
    """CMN-14, COMP-04."""
    item = {"title": "ACME", **an_origin()}
    (refused,) = await sent(api, "/companies", {**item, "contacts": [{"last_name": "x"}]}, on_existing="correct")
    assert [(error["field"], error["code"]) for error in refused["problem"]["errors"]] == [
        ("contacts", "not_with_correct")
    ]
    assert outcomes(await sent(api, "/companies", item, on_existing="correct")) == ["created"]
    corrected = await sent(api, "/companies", {**item, "title": "ACME GmbH"}, on_existing="correct")
    assert outcomes(corrected) == ["corrected"]


async def test_a_version_of_another_system_belongs_to_an_origin_there(api: Api) -> None:
    """CONT-08."""
    (refused,) = await sent(api, "/companies", {"title": "ACME", "origin_version": "1"})
    assert [(error["field"], error["code"]) for error in refused["problem"]["errors"]] == [
        ("origin_version", "missing_origin")
    ]


async def test_who_may_not_write_the_card_of_one_item_gets_the_others(api: Api) -> None:
    """CLI-05: rights are those of a single request."""
    card = {"type": "lead", "id": str(uuid4())}
    answer = await api("POST", "/contacts", {"last_name": "x", "link_to": card}, roles=["user"])
    assert answer.status_code == 201
    found = await sent(api, "/contacts", {"last_name": "x", "link_to": card}, {"last_name": "y"}, roles=["user"])
    assert outcomes(found) == ["created", "created"]


@pytest.mark.parametrize("path", ["/contacts", "/companies"])
async def test_who_may_not_create_one_may_not_create_many(api: Api, path: str) -> None:
    """The right is that of a single request."""
    answer = await api("POST", f"{path}/batch", {"items": [{"title": "x"}]}, roles=["reader"])
    assert answer.status_code == 403
