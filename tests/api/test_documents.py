"""What generators of clients and their users read of the services: valid, and safe to generate from."""

import re
from typing import Final

import pytest
from openapi_spec_validator import validate

from deploy.local.services import SERVICES
from tests.api.documents import body_schema, document_of, nodes, operations


@pytest.mark.parametrize("service", SERVICES)
def test_every_document_is_valid_openapi(service: str) -> None:
    validate(document_of(service))


@pytest.mark.parametrize("service", SERVICES)
def test_bounds_are_told_in_the_words_of_json_schema(service: str) -> None:
    foreign = [node for node in nodes(document_of(service)) if node.keys() & {"ge", "le", "gt", "lt"}]
    assert foreign == []


def corrects(method: str, path: str) -> bool:
    """Whether what is absent in the body stays as it is."""
    return method == "PATCH" or (method == "PUT" and "/external/" in path)


@pytest.mark.parametrize("service", SERVICES)
def test_nothing_in_a_body_that_corrects_is_required_or_sent_by_itself(service: str) -> None:
    """A generated client sends defaults along, and a TypeScript one asks for them: they would overwrite the record."""
    for method, path, operation in operations(service):
        if corrects(method, path):
            schema = body_schema(service, operation)
            assert schema["properties"], f"{method} {path} has no body"
            assert "required" not in schema, f"{method} {path}"
            assert [name for name, field in schema["properties"].items() if "default" in field] == []


@pytest.mark.parametrize("service", SERVICES)
def test_no_body_has_a_default_that_a_generator_would_make_mandatory(service: str) -> None:
    for method, path, operation in operations(service):
        fields = body_schema(service, operation).get("properties", {})
        assert [name for name, field in fields.items() if "default" in field] == [], f"{method} {path}"


def test_what_counts_where_a_new_record_leaves_a_field_out_is_told_in_words() -> None:
    schemas = document_of("catalog")["components"]["schemas"]
    assert "Default: `796`" in schemas["ProductIn"]["properties"]["measure_code"]["description"]
    assert "Default" not in schemas["ProductFieldsIn"]["properties"]["measure_code"].get("description", "")


VERBS: Final = {
    "DELETE": {"delete", "remove", "cancel"},
    "GET": {"check", "export", "get", "list", "read", "search"},
    "PATCH": {"update"},
    "PUT": {"set", "upsert"},
}
"""By method, how the name of an operation begins; a POST may do anything, and says what."""


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_has_a_name_of_its_own_that_begins_with_its_verb(service: str) -> None:
    names = [(method, operation["operationId"]) for method, _, operation in operations(service)]
    assert len({name for _, name in names}) == len(names)
    for method, name in names:
        verb = re.match("[a-z]+(?=[A-Z])", name)
        assert verb, name
        assert verb[0] in VERBS.get(method, {verb[0]}), f"{method} is {name}"


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_is_summed_up_in_words_and_not_by_the_name_of_a_function(service: str) -> None:
    for method, path, operation in operations(service):
        assert len(operation["summary"].split()) > 1, f"{method} {path}: {operation['summary']}"


@pytest.mark.parametrize(
    ("service", "method", "path", "name", "summary"),
    [
        ("leads", "POST", "/v1/leads", "createLead", "Create a lead"),
        ("clients", "POST", "/v1/contacts", "createContact", "Create a contact"),
        ("catalog", "PATCH", "/v1/products/{product_id}", "updateProduct", "Update a product"),
        ("deals", "PUT", "/v1/deals/{deal_id}/rows", "setDealRows", "Set product rows"),
        ("deals", "PUT", "/v1/deals/external/{originator}/{origin}", "upsertDeal", None),
        ("leads", "POST", "/v1/leads/{lead_id}/conversion", "convertLead", "Convert the lead"),
        ("clients", "POST", "/v1/companies/{company_id}/merge", "mergeCompany", "Merge other companies into this one"),
        ("catalog", "POST", "/v1/dictionaries/{code}/values", "addDictionaryValue", "Add a value"),
    ],
)
def test_an_operation_is_called_what_a_person_would_call_it(
    service: str, method: str, path: str, name: str, summary: str | None
) -> None:
    operation = document_of(service)["paths"][path][method.lower()]
    assert operation["operationId"] == name
    assert summary in {None, operation["summary"]}


REQUIREMENT: Final = re.compile(r"\b(CLI|CMN|COMP|CONT|DEAL|DICT|DUP|LEAD|PROD|REQ|ROW|TL)-\d")


@pytest.mark.parametrize("service", SERVICES)
def test_no_text_names_a_requirement_that_readers_outside_do_not_know(service: str) -> None:
    texts = [str(node.get("description")) for node in nodes(document_of(service))]
    assert [text for text in texts if REQUIREMENT.search(text)] == []
