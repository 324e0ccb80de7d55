"""Contacts and companies are deleted, and leave nothing behind (COMP-10)."""

from itertools import count
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from crm_contracts.companies import CompanyDeleted
from crm_contracts.contacts import ContactDeleted
from crm_contracts.values import ElementRef

from services.clients.records.domain.company import Company
from tests.builders.causes import ANNA, later
from tests.builders.clients import a_company, a_contact, works_for
from tests.builders.events import an_event, react
from tests.builders.running import Api
from tests.builders.values import a_phone, an_email
from tests.clients.office import Office

PHONES = count(800_000)
BODIES: dict[str, dict[str, Any]] = {"contacts": {"first_name": "Ada"}, "companies": {"title": "ACME"}}


async def company_is_gone(api: Api, company_id: str) -> None:
    """The service hears itself say so."""
    documents = api.database.collection("companies")
    ended = Company.model_validate({**(await documents.get(company_id) or {}), "id": company_id})
    event = CompanyDeleted(company=ElementRef(type="company", id=company_id, title="ACME"), before=ended.state)
    envelope = an_event(event, id_=str(uuid4()), subject=company_id, sequence=2)
    for _ in range(2):
        await react(Office(api.database).reactions, envelope)


def test_the_event_has_all_that_was_known_and_the_record_has_nothing() -> None:
    """COMP-10."""
    contact = a_contact("ada", works_for(), phones=(a_phone(),), emails=(an_email(),), comments="x")
    before = contact.state
    contact.delete(by="user:bob", at=later(5))
    ada = ElementRef(type="contact", id="ada", title="Ada Lovelace")
    assert contact.recorded == (ContactDeleted(contact=ada, before=before),)
    left = (contact.full_name, contact.phones, contact.emails, contact.companies, contact.comments)
    assert left == ("", (), (), (), None)
    assert (contact.search, contact.deleted_at, contact.updated_by) == ([], later(5), "user:bob")
    company = a_company(phones=(a_phone(),))
    company.delete(by=ANNA, at=later(5))
    assert (company.title, company.phones, company.search) == ("", (), [])


@pytest.mark.parametrize("path", BODIES)
async def test_what_is_deleted_is_nowhere_to_be_found(api: Api, path: str) -> None:
    """COMP-10: neither by id, nor in lists, search or duplicates; and it stays so."""
    phone, name = f"+49304{next(PHONES)}", f"Gone{uuid4().hex[:8]}"
    body = {"phones": [{"value": phone}], ("first_name" if path == "contacts" else "title"): name}
    id_ = (await api.made(f"/{path}", body))["id"]
    assert (await api("DELETE", f"/{path}/{id_}")).status_code == 204
    gone = await api("GET", f"/{path}/{id_}")
    assert (gone.status_code, gone.json()["code"]) == (404, "gone")
    assert (await api("DELETE", f"/{path}/{id_}")).status_code == 404
    assert (await api("PATCH", f"/{path}/{id_}", body)).status_code == 404
    assert id_ not in [item["id"] for item in (await api.read(f"/{path}?limit=200"))["items"]]
    assert await api.ids(f"/{path}?{urlencode({'phone': phone})}") == []
    kind = {"contacts": "contact", "companies": "company"}[path]
    assert (await api.read(f"/clients/search?{urlencode({'q': name, 'kind': kind})}"))["items"] == []
    found = (await api("POST", "/duplicates/find", {"kind": "phone", "values": [phone]})).json()
    assert found[kind]["items"] == []
    again = await api("POST", f"/{path}", {**body, "id": id_})
    assert (again.status_code, again.json()["code"]) == (409, "id_taken")


@pytest.mark.parametrize("path", BODIES)
async def test_a_record_that_is_imported_again_after_its_end_stays_gone(api: Api, path: str) -> None:
    """COMP-10, CMN-14."""
    origin = f"/{path}/external/shop/{uuid4()}"
    id_ = (await api("PUT", origin, BODIES[path])).json()["id"]
    await api("DELETE", f"/{path}/{id_}")
    again = await api("PUT", origin, BODIES[path])
    assert (again.status_code, again.json()["code"]) == (404, "gone")


@pytest.mark.parametrize("path", BODIES)
async def test_who_has_an_old_copy_or_no_permission_deletes_nothing(api: Api, path: str) -> None:
    """COMP-10."""
    made = await api.made(f"/{path}", BODIES[path])
    url = f"/{path}/{made['id']}"
    assert (await api("DELETE", url, roles=None)).status_code == 401
    assert (await api("DELETE", url, roles=["reader"])).status_code == 403
    assert (await api("DELETE", url, if_match='"7"')).status_code == 412
    assert await api.read(url) == made
    assert (await api("DELETE", url, if_match='"1"')).status_code == 204


async def test_the_contacts_of_a_company_go_on_without_it(api: Api) -> None:
    """COMP-10, CLI-06: the first remaining company is primary; told again, nothing changes."""
    gone, other = await api.made("/companies", BODIES["companies"]), await api.made("/companies", BODIES["companies"])
    contact = await api.made("/contacts", BODIES["contacts"])
    for company in (gone, other):
        await api("PUT", f"/contacts/{contact['id']}/companies/{company['id']}", {})
    await api("DELETE", f"/companies/{gone['id']}")
    await company_is_gone(api, gone["id"])
    links = (await api.read(f"/contacts/{contact['id']}"))["companies"]
    assert [(link["company_id"], link["is_primary"]) for link in links] == [(other["id"], True)]
    assert (await api.read(f"/contacts/{contact['id']}"))["version"] == 4
    linked = await api("PUT", f"/contacts/{contact['id']}/companies/{gone['id']}", {})
    assert (linked.status_code, linked.json()["code"]) == (409, "company_not_found")
