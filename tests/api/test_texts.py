"""Everything in the documents is described, and every example in them works as it stands."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import httpx
import pytest
from crm_contracts.elements import ELEMENTS, ElementType
from crm_contracts.field_spec import specs_of

from deploy.local.services import SERVICES
from tests.api.documents import body_schema, document_of, operations
from tests.security.conftest import System

_DEFAULT: Final = re.compile(r"Default: `[^`]*`\.$")
"""Says what is sent, and not what it means."""


def undescribed(service: str) -> Iterator[str]:
    document = document_of(service)
    for name, schema in document["components"]["schemas"].items():
        for field, described in schema.get("properties", {}).items():
            if not _DEFAULT.sub("", described.get("description", "")).strip():
                yield f"{name}.{field}"
    for method, path, operation in operations(service):
        for parameter in operation.get("parameters", ()):
            if not parameter.get("description"):
                yield f"{method} {path}: {parameter['name']}"
    for tag in document["tags"]:
        if not tag["description"]:
            yield f"tag {tag['name']}"


@pytest.mark.parametrize("service", SERVICES)
def test_every_field_parameter_and_group_is_described(service: str) -> None:
    """What a name means everywhere is told in shared/elements/texts; what one field means alone, at the field."""
    assert list(undescribed(service)) == []


def test_the_client_that_was_found_or_linked_is_not_described_as_a_client_field() -> None:
    schemas = document_of("leads")["components"]["schemas"] | document_of("clients")["components"]["schemas"]
    texts = [schemas[name]["properties"]["client"]["description"] for name in ("LinkedClient", "ClientMatch")]
    assert all(schemas["LeadOut"]["properties"]["client"]["description"] != text for text in texts)
    assert "there already" in texts[0]


def corrected_lists(service: str) -> Iterator[tuple[str, str]]:
    """The lists in bodies of PATCH and PUT, with their descriptions."""
    for method, path, operation in operations(service):
        for name, field in body_schema(service, operation).get("properties", {}).items():
            types = {choice.get("type") for choice in field.get("anyOf", (field,))}
            if method in {"PATCH", "PUT"} and types <= {"array", "null"}:
                yield f"{method} {path}: {name}", field["description"]


@pytest.mark.parametrize("service", ["leads", "deals", "clients", "catalog"])
def test_every_list_that_a_request_corrects_says_what_becomes_of_the_old_one(service: str) -> None:
    told = dict(corrected_lists(service))
    assert told
    assert {
        place for place, text in told.items() if "replaces the whole list" not in text and "new" not in text
    } == set()


def test_a_field_that_has_a_value_nobody_gave_says_where_it_comes_from() -> None:
    """CONT-05, COMP-02, COMP-03, COMP-06, DICT-03."""
    for schema, names in (
        ("CompanyIn", ("type_id", "industry", "employees")),
        ("ContactIn", ("type_id", "source_id")),
    ):
        fields = document_of("clients")["components"]["schemas"][schema]["properties"]
        for name in names:
            assert "the dictionary's first value" in fields[name]["description"], (schema, name)
    company = document_of("clients")["components"]["schemas"]["CompanyIn"]["properties"]
    assert company["revenue"]["description"].startswith("yearly revenue; 0 ")


@pytest.mark.parametrize("type_", ELEMENTS.values(), ids=ELEMENTS)
def test_a_field_of_a_dictionary_names_the_one_that_there_is(type_: ElementType) -> None:
    """DICT-01."""
    fields = document_of(type_.service)["components"]["schemas"][f"{type_.noun.capitalize()}In"]["properties"]
    named = {name: spec.dictionary for name, spec in specs_of(type_.fields) if spec.dictionary}
    assert {name for name, code in named.items() if f"`{code}`" not in fields[name]["description"]} == set()


@pytest.mark.parametrize("schema", ["ClientIn", "DealPatch", "DealIn"])
def test_a_body_says_what_becomes_of_contacts_where_its_company_is_cleared(schema: str) -> None:
    """CLI-07."""
    company = document_of("deals")["components"]["schemas"][schema]["properties"]["company_id"]
    assert "Null unlinks the company and keeps all contacts" in company["description"]


@pytest.mark.parametrize("schema", ["RowsIn", "DealIn", "DealUpsert"])
def test_an_amount_says_that_the_first_row_replaces_it(schema: str) -> None:
    """ROW-02."""
    fields = document_of("deals")["components"]["schemas"][schema]["properties"]
    assert "replaced by the first row" in fields["amount"]["description"]
    assert "true keeps the `amount`" in fields["is_manual_amount"]["description"]


@pytest.mark.parametrize("service", SERVICES)
def test_the_document_begins_with_what_holds_for_every_operation(service: str) -> None:
    guide = document_of(service)["info"]["description"]
    for topic in ("curl", "next_cursor", "RFC 9457", "Idempotency-Key", "24 hours", "If-Match", "Prefer: wait=N"):
        assert topic in guide


@pytest.mark.parametrize("service", SERVICES)
def test_every_body_has_an_example(service: str) -> None:
    schemas = [(method, path, body_schema(service, operation)) for method, path, operation in operations(service)]
    without = [f"{method} {path}" for method, path, schema in schemas if schema and not schema.get("examples")]
    assert without == []


PARENTS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "/v1/leads/": ("/leads", {"title": "Pumps", "last_name": "Berg"}),
    "/v1/deals/": ("/deals", {}),
    "/v1/contacts/": ("/contacts", {"last_name": "Berg"}),
    "/v1/companies/": ("/companies", {"title": "ACME"}),
}
"""By the beginning of a path: how the record is created that its id names."""

REFUSALS: Final = {"not_found", "company_not_found", "contact_not_found", "invalid"}
"""Codes of the refusals of examples that name records, which do not exist here."""


async def address_of(path: str, service: str, system: System) -> str:
    """The path with ids of records that exist, as far as there can be any."""
    for beginning, (plural, body) in PARENTS.items():
        if path.startswith(f"{beginning}{{"):
            created = (await system.apis[service].call("POST", plural, body)).json()["id"]
            path = f"{beginning}{created}/{path.removeprefix(beginning).partition('/')[2]}"
    return path.removeprefix("/v1").replace("{code}", "source").replace("{event_id}", "none")


async def sent(system: System, service: str, path: str, example: Any) -> httpx.Response:
    api = system.apis[service]
    address = await address_of(path, service, system)
    return await api.call("POST", address, example, token=api.signer.token(roles=["admin"]))


@pytest.mark.parametrize("service", SERVICES)
async def test_every_example_of_a_post_works_as_it_stands(service: str, system: System) -> None:
    tried = 0
    for method, path, operation in operations(service):
        for example in body_schema(service, operation).get("examples", ()) if method == "POST" else ():
            answer = await sent(system, service, path, example)
            tried += 1
            if answer.status_code >= 300:
                assert answer.json()["code"] in REFUSALS, f"{path}: {answer.text}"
            assert str(answer.status_code) in operation["responses"], f"{path}: {answer.text}"
    assert tried


@pytest.mark.parametrize("service", SERVICES)
async def test_answers_have_the_headers_that_are_declared_and_no_others_of_ours(service: str, system: System) -> None:
    ours = {name.lower() for name in document_of(service)["components"]["headers"]} - {"idempotent-replayed"}
    for method, path, operation in operations(service):
        examples = body_schema(service, operation).get("examples", ())
        for example in examples if method == "POST" else ():
            answer = await sent(system, service, path, {**example, **({"code": "FAIR"} if "code" in example else {})})
            declared = operation["responses"][str(answer.status_code)].get("headers", {})
            expected = {name.lower() for name in declared} - {"idempotent-replayed", "preference-applied"}
            assert expected == ours & answer.headers.keys(), f"{path}: {answer.status_code}"


PROBLEM: Final = {"attempt", "candidates", "client", "conflicts", "permissions", "reason", "requisite_link"}


@pytest.mark.parametrize("service", SERVICES)
def test_what_problems_hold_besides_the_usual_members_is_described(service: str) -> None:
    assert document_of(service)["components"]["schemas"]["Problem"]["properties"].keys() >= PROBLEM


@pytest.mark.parametrize("service", SERVICES)
def test_an_error_that_is_not_listed_is_a_problem_as_well(service: str) -> None:
    for method, path, operation in operations(service):
        content = operation["responses"]["default"]["content"]["application/problem+json"]
        assert content["schema"]["$ref"].endswith("/Problem"), f"{method} {path}"
