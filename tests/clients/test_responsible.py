"""Who is responsible for a contact or a company, and lists by that, over HTTP (CMN-04)."""

from typing import Any
from uuid import uuid4

import pytest
from crm_contracts.companies import CompanyResponsibleChanged
from crm_contracts.contacts import ContactResponsibleChanged
from crm_contracts.events import ResponsibleChanged, Updated

from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from tests.builders.running import Api

RECORDS = pytest.mark.parametrize(
    ("plural", "kind", "event", "body"),
    [
        ("contacts", Contact, ContactResponsibleChanged, {"first_name": "Ada"}),
        ("companies", Company, CompanyResponsibleChanged, {"title": "ACME"}),
    ],
)


@RECORDS
async def test_another_responsible_user_is_a_fact_of_its_own(
    api: Api, plural: str, kind: Any, event: type[ResponsibleChanged], body: dict[str, Any]
) -> None:
    """CMN-04: a correction of other fields is none."""
    record = await api.made(f"/{plural}", body)
    path = f"/{plural}/{record['id']}"
    await api("PATCH", path, {"responsible_id": "bob", "comments": "call him"})
    await api("PATCH", path, {"responsible_id": "bob"})
    await api("PATCH", path, {"comments": "called"})
    _, both, new, comment = await api.documents(kind, plural).said(record["id"])
    assert isinstance(both, Updated)
    assert isinstance(new, event)
    assert isinstance(comment, Updated)
    assert {"responsible_id", "comments"} <= both.after.model_fields_set
    assert (new.element.id, new.previous_responsible_id, new.responsible_id) == (record["id"], "anna", "bob")


@RECORDS
async def test_an_import_that_hands_a_record_over_says_so(
    api: Api, plural: str, kind: Any, event: type[ResponsibleChanged], body: dict[str, Any]
) -> None:
    """CMN-04, CMN-14."""
    path = f"/{plural}/external/shop/{uuid4()}"
    record = (await api("PUT", path, body)).json()
    await api("PUT", path, {**body, "responsible_id": "bob"})
    assert isinstance((await api.documents(kind, plural).said(record["id"]))[-1], event)


@RECORDS
async def test_records_are_found_by_who_is_responsible(
    api: Api, plural: str, kind: Any, event: type[ResponsibleChanged], body: dict[str, Any]
) -> None:
    """CMN-04."""
    mine = f"user-{uuid4()}"
    record = await api.made(f"/{plural}", {**body, "responsible_id": mine})
    await api.made(f"/{plural}", body)
    assert await api.ids(f"/{plural}?responsible_id={mine}") == [record["id"]]


async def test_sellers_of_ours_are_found_and_left_out(api: Api) -> None:
    """COMP-08."""
    mine = f"user-{uuid4()}"
    ours = await api.made("/companies", {"title": "We", "responsible_id": mine, "is_my_company": True})
    theirs = await api.made("/companies", {"title": "They", "responsible_id": mine})
    assert await api.ids(f"/companies?responsible_id={mine}&is_my_company=true") == [ours["id"]]
    assert await api.ids(f"/companies?responsible_id={mine}&is_my_company=false") == [theirs["id"]]


async def test_a_merge_that_takes_over_who_is_responsible_says_so(api: Api) -> None:
    """CMN-04, DUP-02."""
    survivor = await api.made("/contacts", {"first_name": "Ada"})
    other = await api.made("/contacts", {"first_name": "Ada", "responsible_id": "bob"})
    body = {"others": [other["id"]], "resolution": {"responsible_id": other["id"]}}
    answer = await api("POST", f"/contacts/{survivor['id']}/merge", body)
    assert answer.status_code == 200, answer.text
    new = (await api.documents(Contact, "contacts").said(survivor["id"]))[-1]
    assert isinstance(new, ContactResponsibleChanged)
    assert (new.previous_responsible_id, new.responsible_id) == ("anna", "bob")
