"""Codes of contacts and companies are those of the catalog's dictionaries, as far as clients has heard of them.

The service knows at start what catalog has published; what a test publishes besides has the numbers after that.
"""

from collections.abc import AsyncIterator, Sequence
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from crm_contracts import registry
from crm_contracts.companies import CompanyFields
from crm_contracts.contacts import ContactFields
from crm_contracts.dictionaries import (
    DictionaryValue,
    DictionaryValueCreated,
    DictionaryValueDeleted,
    DictionaryValueUpdated,
)
from crm_contracts.envelope import Envelope, Event
from crm_contracts.field_spec import dictionary_fields
from crm_contracts.values import ElementRef

from shared.elements.domain.dictionary_codes import DictionaryCodes, UnknownValue
from tests.builders.clients import a_company, a_contact
from tests.builders.events import an_event, react
from tests.builders.running import Api, wrong_fields
from tests.clients.office import Office, asking
from tests.kit.topics import Record

CONTACT_CODES, COMPANY_CODES = dictionary_fields(ContactFields), dictionary_fields(CompanyFields)
ADA, ACME = {"first_name": "Ada"}, {"title": "ACME"}
UNHEARD = {"contacts": {"type_id": "ODD", "salutation": "SIR"}, "companies": {"type_id": "ODD", "industry": "X"}}


def created(dictionary: str, code: str, *codes: str, sequence: int) -> Envelope[Event]:
    ref = ElementRef(type="dictionary", id=dictionary)
    value = DictionaryValue(code=code, name=code, default_name=code)
    return an_event(
        DictionaryValueCreated(dictionary=ref, value=value, codes=codes), id_=str(uuid4()), sequence=sequence
    )


def updated(dictionary: str, code: str, *codes: str, sequence: int) -> Envelope[Event]:
    value = DictionaryValue(code=code, name=code, default_name=code)
    said = {"dictionary": {"type": "dictionary", "id": dictionary}, "before": {"sort": 10}, "after": {"sort": 90}}
    event = DictionaryValueUpdated.model_validate({**said, "value": value, "codes": codes})
    return an_event(event, id_=str(uuid4()), sequence=sequence)


def deleted(dictionary: str, code: str, *codes: str, sequence: int) -> Envelope[Event]:
    ref = ElementRef(type="dictionary", id=dictionary)
    before = DictionaryValue(code=code, name=code, default_name=code)
    return an_event(
        DictionaryValueDeleted(dictionary=ref, before=before, codes=codes), id_=str(uuid4()), sequence=sequence
    )


async def hears(api: Api, *envelopes: Envelope[Event]) -> None:
    for envelope in envelopes:
        await react(Office(api.database).reactions, envelope)


@pytest_asyncio.fixture(loop_scope="session")
async def heard(api: Api) -> AsyncIterator[Api]:
    """Clients has heard of all dictionaries; afterwards it knows what it knew before."""
    dictionaries = api.database.collection("dictionaries")
    known = await dictionaries.find({})
    assert {each["_id"] for each in known} >= {spec.dictionary for spec in COMPANY_CODES.values()}
    yield api
    await dictionaries.delete({})
    await dictionaries.insert_missing(known)


@pytest_asyncio.fixture(loop_scope="session")
async def unheard(heard: Api) -> Api:
    """Clients has heard of none yet."""
    await heard.database.collection("dictionaries").delete({})
    return heard


@pytest.mark.parametrize(("kind", "body"), [("contacts", ADA), ("companies", ACME)])
async def test_a_code_that_no_dictionary_has_is_refused_and_every_field_named(
    heard: Api, kind: str, body: dict[str, str]
) -> None:
    """DICT-01, CONT-02, CONT-05, COMP-02, COMP-06: on create, correction and upsert."""
    wrong = {"contacts": {"type_id": "X", "salutation": "Y"}, "companies": {"type_id": "X", "industry": "Y"}}[kind]
    if kind == "companies":
        wrong["employees"] = "2467"
    known = await heard.made(f"/{kind}", body)
    for method, path in (
        ("POST", f"/{kind}"),
        ("PATCH", f"/{kind}/{known['id']}"),
        ("PUT", f"/{kind}/external/shop/{uuid4()}"),
    ):
        answer = await heard(method, path, {**body, **wrong})
        assert wrong_fields(answer) == list(wrong)
        assert answer.json()["code"] == "unknown_value"
        assert {error["code"] for error in answer.json()["errors"]} == {"unknown_value"}
        assert all("if it was created just now" in error["message"] for error in answer.json()["errors"])
    assert await heard.read(f"/{kind}/{known['id']}") == known


async def test_codes_of_the_dictionaries_are_taken(heard: Api) -> None:
    """CONT-02, CONT-05, COMP-02, COMP-06."""
    contact = {**ADA, "type_id": "SUPPLIER", "salutation": "MS"}
    company = {**ACME, "type_id": "SUPPLIER", "industry": "IT", "employees": "EMPLOYEES_2"}
    for path, body in (("/contacts", contact), ("/companies", company)):
        made = await heard.made(path, body)
        assert {name: made[name] for name in body} == body


async def test_a_new_record_has_the_first_values_and_null_stays_null(heard: Api) -> None:
    """CONT-05, COMP-02, COMP-06: nobody has a salutation by default (CONT-02)."""
    contact = await heard.made("/contacts", ADA)
    assert (contact["type_id"], contact["salutation"]) == ("CLIENT", None)
    company = await heard.made("/companies", ACME)
    assert [company[name] for name in COMPANY_CODES] == ["CLIENT", "MANUFACTURING", "EMPLOYEES_1"]
    nothing = await heard.made("/companies", {**ACME, **dict.fromkeys(COMPANY_CODES)})
    assert [nothing[name] for name in COMPANY_CODES] == [None, None, None]
    origin = f"/companies/external/shop/{uuid4()}"
    assert (await heard("PUT", origin, ACME)).json()["industry"] == "MANUFACTURING"
    await heard("PUT", origin, {"industry": None})
    assert (await heard("PUT", origin, ACME)).json()["industry"] is None, "a correction sets no defaults"


async def test_customer_is_another_word_for_client_among_companies(heard: Api) -> None:
    """CONT-05."""
    origin = f"/companies/external/shop/{uuid4()}"
    first = (await heard("PUT", origin, {**ACME, "type_id": "CUSTOMER"})).json()
    again = (await heard("PUT", origin, {**ACME, "type_id": "CUSTOMER"})).json()
    assert (first["type_id"], again["version"]) == ("CLIENT", first["version"])
    assert wrong_fields(await heard("POST", "/contacts", {**ADA, "type_id": "CUSTOMER"})) == ["type_id"]


async def test_what_stands_in_a_record_may_stay_when_its_value_is_deleted(heard: Api) -> None:
    """DICT-02."""
    company = await heard.made("/companies", {**ACME, "industry": "IT"})
    await hears(heard, deleted("industry", "IT", "MANUFACTURING", sequence=103))
    path = f"/companies/{company['id']}"
    kept = await heard("PATCH", path, {"title": "ACME Ltd", "industry": "IT"})
    assert (kept.json()["title"], kept.json()["industry"]) == ("ACME Ltd", "IT")
    assert (await heard("PATCH", path, {"industry": "MANUFACTURING"})).json()["industry"] == "MANUFACTURING"
    assert wrong_fields(await heard("PATCH", path, {"industry": "IT"})) == ["industry"]
    await hears(heard, created("industry", "IT", "MANUFACTURING", "IT", sequence=104))
    assert (await heard("PATCH", path, {"industry": "IT"})).status_code == 200


@pytest.mark.parametrize(("kind", "body"), [("contacts", ADA), ("companies", ACME)])
async def test_as_long_as_nothing_was_heard_any_code_is_taken(unheard: Api, kind: str, body: dict[str, str]) -> None:
    """DICT-01: and nothing is filled in."""
    odd = UNHEARD[kind]
    made = await unheard.made(f"/{kind}", {**body, **odd})
    assert {name: made[name] for name in odd} == odd
    plain = await unheard.made(f"/{kind}", body)
    assert plain["type_id"] is None


async def test_the_order_of_the_values_decides_what_a_new_record_has(heard: Api) -> None:
    """DICT-02."""
    await hears(heard, updated("contact_type", "CLIENT", "SUPPLIER", "CLIENT", sequence=103))
    assert (await heard.made("/contacts", ADA))["type_id"] == "SUPPLIER"
    await hears(heard, deleted("contact_type", "CLIENT", sequence=104))
    assert (await heard.made("/contacts", ADA))["type_id"] is None, "there is no value left"
    assert wrong_fields(await heard("POST", "/contacts", {**ADA, "type_id": "CLIENT"})) == ["type_id"]


async def test_what_is_heard_again_late_or_out_of_order_undoes_nothing(api: Api) -> None:
    """DICT-01, DICT-02: the newest event decides, in whatever order all of them come, and however often."""
    for number, order in enumerate(permutations(range(3))):
        dictionary = f"d{number}-{uuid4()}"
        events = (
            created(dictionary, "B", "A", "B", sequence=5),
            updated(dictionary, "A", "B", "A", sequence=6),
            deleted(dictionary, "B", "A", sequence=7),
        )
        await hears(api, *(events[place] for place in order), *events, events[order[0]])
        stored = await api.database.collection("dictionaries").get(dictionary)
        assert stored == {"_id": dictionary, "codes": ["A"], "told": 7}


async def test_no_conversion_fails_because_of_a_code(office: Office, dictionaries: Sequence[Record], name: str) -> None:
    """CONT-02, CONT-05, COMP-02, COMP-06, LEAD-12: the salutation is taken as it is, the rest has its first value."""
    for record in dictionaries:
        envelope = registry.parse(record.headers, record.value)
        assert envelope is not None
        await react(office.reactions, envelope)
    asked = asking(name, "contact", "company", salutation="MAJESTY")
    await office.resolve(asked)
    await office.resolve(asked)
    answer = await office.resolved(asked)
    assert answer.contact is not None
    assert answer.company is not None
    contact = await office.contacts.get(answer.contact.id)
    company = await office.companies.get(answer.company.id)
    assert (contact.type_id, contact.salutation) == ("CLIENT", "MAJESTY")
    assert [getattr(company, field) for field in COMPANY_CODES] == ["CLIENT", "MANUFACTURING", "EMPLOYEES_1"]
    await office.database.collection("dictionaries").delete({})


def test_a_deleted_meaning_of_an_alias_may_stay_as_well() -> None:
    """CONT-05, DICT-02."""
    codes = DictionaryCodes(COMPANY_CODES, {"company_type": ["PARTNER"]})
    given: dict[str, Any] = {"type_id": "CUSTOMER"}
    assert codes.for_existing(given, a_company(type_id="CLIENT")) == {"type_id": "CLIENT"}
    assert codes.for_existing(given, a_company(type_id="CUSTOMER")) == given
    with pytest.raises(UnknownValue):
        codes.for_existing(given, a_company(type_id="PARTNER"))
    assert DictionaryCodes(COMPANY_CODES, {}).for_new(given) == {"type_id": "CLIENT"}
    assert DictionaryCodes(COMPANY_CODES, {"company_type": ["CLIENT", "CUSTOMER"]}).for_new(given) == given


def test_only_fields_with_a_dictionary_are_looked_at() -> None:
    """DICT-01."""
    given = {"first_name": "ODD", "type_id": None}
    assert DictionaryCodes(CONTACT_CODES, {"contact_type": ["CLIENT"]}).for_existing(given, a_contact()) == given
