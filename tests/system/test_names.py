"""A client that is renamed has its new name on everything that shows it, and nothing is written for that."""

from functools import partial

import pytest

from tests.system.crm import Crm, Json, a_phone, until

PLURALS = ("leads", "deals")


async def a_linked_card(crm: Crm, plural: str, company: str) -> str:
    """A lead or deal that links the company, once its contacts are attached."""
    new = crm.new_deal if plural == "deals" else crm.new_lead
    card = f"/{plural}/{await new(title='Shows names')}"
    linked = await crm.call("PUT", plural, f"{card}/client", {"company_id": company}, Prefer="wait=60")
    assert linked.status_code == 200, linked.text
    return card


async def rename(crm: Crm, path: str, **fields: str) -> None:
    answer = await crm.call("PATCH", "clients", path, fields)
    assert answer.status_code == 200, answer.text


async def etag(crm: Crm, service: str, path: str) -> str:
    """Of an answer that shows the record."""
    return (await crm.call("GET", service, path)).headers["etag"]


def names(card: Json) -> list[str | None]:
    """Of the linked company, then of the contacts."""
    client = card["client"]
    return [client["company"] and client["company"]["title"], *(link["title"] for link in client["contacts"])]


@pytest.mark.parametrize("plural", PLURALS)
async def test_a_renamed_client_has_its_new_name_on_every_card_and_no_card_is_written(crm: Crm, plural: str) -> None:
    """CLI-01, CLI-06: alone, in lists, in the answer to a write; the version stays as it was."""
    company, (ada, bob) = await crm.new_company("Old name GmbH", "Byron", "Bob")
    card = await a_linked_card(crm, plural, company)
    before = await crm.get(plural, card)
    assert names(before) == ["Old name GmbH", "Byron", "Bob"]
    first_tag = await etag(crm, plural, card)

    await rename(crm, f"/companies/{company}", title="New name AG")
    await rename(crm, f"/contacts/{ada}", first_name="Ada", last_name="Lovelace")

    expected = ["New name AG", "Ada Lovelace", "Bob"]
    found = await until(partial(crm.get, plural, card), lambda found: names(found) == expected)
    for filter_ in (f"company_id={company}", f"contact_id={ada}", f"contact_id={bob}"):
        page = await crm.get(plural, f"/{plural}?{filter_}")
        assert [names(item) for item in page["items"]] == [expected], filter_
    assert (found["version"], found["updated_at"]) == (before["version"], before["updated_at"])
    seen = await etag(crm, plural, card)
    assert seen != first_tag, "a reader who has the answer from before has the old names"
    assert seen == await etag(crm, plural, card)
    written = await crm.call("PATCH", plural, card, {"comments": "Called them"}, If_Match=seen)
    assert names(written.json()) == expected
    assert written.headers["etag"] == await etag(crm, plural, card)
    moved = await crm.call("PUT", plural, f"{card}/rows", {"amount": {"value": "10", "currency": "EUR"}})
    assert names(moved.json()) == expected
    assert moved.headers["etag"] == await etag(crm, plural, card)
    await crm.settle()
    told = [entry["type"] for entry in await crm.timeline(f"{plural[:-1]}:{card.split('/')[-1]}")]
    assert not [type_ for type_ in told if "client" in type_ or "attached" in type_][2:], told


@pytest.mark.parametrize("plural", PLURALS)
async def test_a_contact_that_is_linked_by_hand_shows_its_name_at_once(crm: Crm, plural: str) -> None:
    """CLI-06: also while it waits for the answer of clients."""
    _, (ada,) = await crm.new_company("Hand GmbH", "Lovelace")
    await crm.settle()
    new = crm.new_deal if plural == "deals" else crm.new_lead
    card = await new(title="By hand")

    added = await crm.call("POST", plural, f"/{plural}/{card}/contacts", {"contact_id": ada})

    assert added.json()[plural[:-1]]["client"]["contacts"][0]["title"] == "Lovelace"
    created = await crm.call("POST", plural, f"/{plural}", {"contacts": [{"contact_id": ada}]})
    assert names(created.json()) == [None, "Lovelace"]


@pytest.mark.parametrize("plural", PLURALS)
async def test_whoever_has_the_answer_to_a_write_reads_it_no_second_time(crm: Crm, plural: str) -> None:
    """CLI-01: every answer that shows a record has the same ETag, whatever names it shows."""
    company, (ada,) = await crm.new_company("Tags GmbH", "Lovelace")
    await rename(crm, f"/companies/{company}", title="Tags AG")
    await crm.settle()
    link: Json = {"contacts": [{"contact_id": ada}]}
    created = await crm.call("POST", plural, f"/{plural}", link, Prefer="wait=60")
    card = created.headers["location"].removeprefix("/v1")
    writes: list[tuple[str, str, str, Json]] = [
        (plural, "PATCH", card, {"comments": "Called her"}),
        (plural, "PUT", f"{card}/client", {"company_id": company}),
        (plural, "POST", f"{card}/contacts", {"contact_id": ada}),
        (plural, "PUT", f"/{plural}/external/erp/{company}", {**link, "title": "Of another system"}),
        ("clients", "PUT", f"/contacts/{ada}/companies/{company}", {"role_id": 2}),
        ("clients", "PATCH", f"/contacts/{ada}", {"position": "Owner"}),
    ]
    for service, method, path, body in writes:
        waits = {} if service == "clients" else {"Prefer": "wait=60"}
        answer = await crm.call(method, service, path, body, **waits)
        assert answer.status_code in {200, 201}, answer.text
        shown = answer.json().get(plural[:-1], answer.json())
        record = f"/contacts/{ada}" if service == "clients" else f"/{plural}/{shown['id']}"
        again = await crm.call("GET", service, record, If_None_Match=answer.headers["etag"])
        assert again.status_code == 304, (method, path, answer.headers["etag"], again.headers["etag"])


async def test_a_conversion_shows_the_names_that_its_results_have_now(crm: Crm) -> None:
    """LEAD-14."""
    lead = await crm.new_lead(last_name="Converted", company_title="Result Ltd", phones=[{"value": a_phone()}])
    done = (await crm.convert(lead, targets=["contact", "company", "deal"])).json()
    assert (done["contact"]["title"], done["company"]["title"]) == ("Converted", "Result Ltd")
    first_tag = await etag(crm, "leads", f"/leads/{lead}/conversion")

    await rename(crm, f"/contacts/{done['contact']['id']}", last_name="Renamed")
    await rename(crm, f"/companies/{done['company']['id']}", title="Renamed Ltd")

    def is_renamed(conversion: Json) -> bool:
        return (conversion["contact"]["title"], conversion["company"]["title"]) == ("Renamed", "Renamed Ltd")

    await until(partial(crm.conversion, lead), is_renamed)
    seen = await etag(crm, "leads", f"/leads/{lead}/conversion")
    assert seen != first_tag, "a reader who has the answer from before has the old names"
    deal = await crm.get("deals", f"/deals/{done['deal']['id']}")
    assert names(deal) == ["Renamed Ltd", "Renamed"]


async def test_what_was_merged_shows_the_name_of_its_survivor(crm: Crm) -> None:
    """DUP-02: and a later name of the survivor."""
    company, (kept, lost) = await crm.new_company("Merging GmbH", "Kept", "Lost")
    card = await a_linked_card(crm, "deals", company)
    merged = await crm.call(
        "POST", "clients", f"/contacts/{kept}/merge", {"others": [lost], "resolution": {"last_name": kept}}
    )
    assert merged.status_code == 200, merged.text
    await rename(crm, f"/contacts/{kept}", last_name="Survivor")

    await until(partial(crm.get, "deals", card), lambda found: names(found) == ["Merging GmbH", "Survivor"])


async def test_every_event_delivered_again_and_shuffled_leaves_the_newest_name(crm: Crm) -> None:
    """Old names come late and twice, the newest one stays."""
    company, (ada,) = await crm.new_company("Name 0", "Person 0")
    card = await a_linked_card(crm, "deals", company)
    for number in (1, 2, 3):
        await rename(crm, f"/companies/{company}", title=f"Name {number}")
        await rename(crm, f"/contacts/{ada}", last_name=f"Person {number}")
    expected = ["Name 3", "Person 3"]
    found = await until(partial(crm.get, "deals", card), lambda found: names(found) == expected)
    await crm.settle()

    told = [record for record in await crm.log() if record.key in {company.encode(), ada.encode()}]
    await crm.deliver([*reversed(told), *told[:-1]])
    await crm.settle()

    assert await crm.get("deals", card) == found


async def test_a_contact_shows_the_name_that_its_company_has_now(crm: Crm) -> None:
    """CONT-07, COMP-04: alone, in lists, among the people of the company; no contact is written."""
    company, (ada,) = await crm.new_company("Employer Old", "Employed")
    before = await crm.get("clients", f"/contacts/{ada}")
    first_tag = await etag(crm, "clients", f"/contacts/{ada}")

    await rename(crm, f"/companies/{company}", title="Employer New")

    found = await crm.get("clients", f"/contacts/{ada}")
    assert [link["title"] for link in found["companies"]] == ["Employer New"]
    assert found["version"] == before["version"]
    for path in (f"/contacts?company_id={company}", f"/companies/{company}/contacts"):
        (item,) = (await crm.get("clients", path))["items"]
        assert [link["title"] for link in item["companies"]] == ["Employer New"], path
    seen = await etag(crm, "clients", f"/contacts/{ada}")
    assert seen != first_tag
    written = await crm.call("PATCH", "clients", f"/contacts/{ada}", {"comments": "Called"}, If_Match=seen)
    assert [link["title"] for link in written.json()["companies"]] == ["Employer New"]
