"""A client is created from the card of an element and is linked to it: two services, nobody asks anybody (CLI-05)."""

from functools import partial

import pytest

from tests.system.crm import Crm, until


@pytest.mark.parametrize("kind", ["lead", "deal"])
async def test_one_call_creates_a_client_and_links_it_to_the_card(crm: Crm, kind: str) -> None:
    """CLI-02, CLI-05, CLI-07: and the card's timeline tells of it."""
    card = await (crm.new_deal if kind == "deal" else crm.new_lead)(title="Who is it?")
    link_to = {"link_to": {"type": kind, "id": card}}
    made = {}
    for path, body in (("/contacts", {"last_name": "Lovelace"}), ("/companies", {"title": "Carded GmbH"})):
        answer = await crm.call("POST", "clients", path, {**body, **link_to}, Prefer="wait=60")
        assert (answer.status_code, answer.json()["link_state"]) == (201, "done"), answer.text
        made[path] = answer.json()["id"]

    found = await until(
        lambda: crm.get(f"{kind}s", f"/{kind}s/{card}"), lambda found: found["client"]["link_state"] == "done"
    )
    client = found["client"]
    assert [(link["contact_id"], link["is_primary"]) for link in client["contacts"]] == [(made["/contacts"], True)]
    assert client["company"]["id"] == made["/companies"]
    told = f"crm.{kind}.client_changed.v1"
    for element in (f"{kind}:{card}", f"contact:{made['/contacts']}", f"company:{made['/companies']}"):
        await until(partial(crm.timeline, element), lambda entries: any(each["type"] == told for each in entries))


@pytest.mark.parametrize("kind", ["lead", "deal"])
async def test_a_client_that_is_created_for_no_such_card_remains(crm: Crm, kind: str) -> None:
    """CLI-05: whoever waits is told why it is not linked; nothing is parked, and whoever comes after it is linked."""
    card = await crm.new_deal(title="The one that is there")
    for path, named in (("/companies", {"title": "Nowhere Ltd"}), ("/contacts", {"last_name": "Nemo"})):
        body = {**named, "link_to": {"type": kind, "id": "nowhere"}}
        alone = await crm.call("POST", "clients", path, body, Prefer="wait=60")
        assert alone.status_code == 201, alone.text
        assert (alone.json()["link_state"], alone.json()["link_refusal"]) == ("refused", "not_found"), alone.text
    body = {"last_name": "Ned", "link_to": {"type": "deal", "id": card}}
    linked = await crm.call("POST", "clients", "/contacts", body, Prefer="wait=60")
    assert linked.json()["link_state"] == "done"
    found = await crm.get("clients", f"/contacts/{alone.json()['id']}")
    assert (found["last_name"], (await crm.get("clients", f"/contacts/{found['id']}/elements"))["items"]) == (
        "Nemo",
        [],
    )
    parked = await crm.get(f"{kind}s", "/dead-letters")
    assert not [each for each in parked["items"] if found["id"] in str(each)]
