"""`expand` tells more of what records name, from the views of the service that has them (DEAL-02, CLI-01)."""

from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from tests.system.crm import Crm, until


@pytest.mark.parametrize("noun", ["lead", "deal"])
async def test_an_element_is_shown_with_its_client_and_its_responsible_user(crm: Crm, noun: str) -> None:
    """DEAL-02: read alone, in a list and in a query; with the titles of now."""
    user, department = f"user-{uuid4().hex[:8]}", f"d{uuid4().hex[:8]}"
    members = {"name": "Berlin", "member_ids": [user]}
    assert (await crm.call("PUT", "catalog", f"/departments/{department}", members)).is_success
    company, (ada,) = await crm.new_company("Expands GmbH", "Lovelace")
    new = crm.new_deal if noun == "deal" else crm.new_lead
    id_ = await new(title="Expanded", responsible_id=user)
    linked = await crm.call("PUT", f"{noun}s", f"/{noun}s/{id_}/client", {"company_id": company}, Prefer="wait=60")
    assert linked.status_code == 200, linked.text
    await crm.call("PATCH", "clients", f"/companies/{company}", {"title": "Renamed AG", "responsible_id": "ben"})
    read = partial(crm.get, f"{noun}s", f"/{noun}s/{id_}?expand=client,responsible")
    expected: dict[str, Any] = {
        "client": [
            {"type": "company", "id": company, "title": "Renamed AG", "responsible_id": "ben"},
            {"type": "contact", "id": ada, "title": "Lovelace", "responsible_id": linked.json()["created_by"][5:]},
        ],
        "responsible": {"id": user, "departments": [{"id": department, "name": "Berlin"}]},
    }

    found = await until(read, lambda found: found["expanded"] == expected)

    assert found["expanded"] == expected
    (listed,) = (await crm.get(f"{noun}s", f"/{noun}s?company_id={company}&expand=client,responsible"))["items"]
    assert listed["expanded"] == expected
    query = {"filter": {"company_id": company}, "select": ["id"], "expand": ["responsible"]}
    (queried,) = (await crm.call("POST", f"{noun}s", f"/{noun}s/query", query)).json()["items"]
    assert queried == {"id": id_, "expanded": {"responsible": expected["responsible"]}}
    assert "expanded" not in await crm.get(f"{noun}s", f"/{noun}s/{id_}")


async def test_a_contact_is_shown_with_its_responsible_user(crm: Crm) -> None:
    """DEAL-02: it links no client that could be told of."""
    _, (ada,) = await crm.new_company("Expands too GmbH", "Lovelace")
    found = await crm.get("clients", f"/contacts/{ada}?expand=responsible")
    assert found["expanded"]["responsible"]["id"] == found["responsible_id"]
    refused = await crm.call("GET", "clients", f"/contacts/{ada}?expand=client")
    assert [each["field"] for each in refused.json()["errors"]] == ["expand"]


@pytest.mark.parametrize("expand", ["last_activity", "client,unknown", "client,,responsible"])
async def test_what_cannot_be_expanded_is_refused_by_name(crm: Crm, expand: str) -> None:
    """DEAL-02: in the address and in the body."""
    refused = await crm.call("GET", "deals", f"/deals?expand={expand}")
    assert (refused.status_code, [each["field"] for each in refused.json()["errors"]]) == (422, ["expand"])
    body = await crm.call("POST", "deals", "/deals/query", {"expand": expand.split(",")})
    assert body.status_code == 422
    assert all(each["field"].startswith("expand.") for each in body.json()["errors"])
