"""The catalogue of fields follows from the contract, which declares each field once."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from crm_contracts.elements import COMPANY, CONTACT, DEAL, ELEMENTS, LEAD, PRODUCT, ElementType
from crm_contracts.field_spec import FieldSpec, specs_of
from crm_contracts.values import Fields, FileRef, Money

from shared.elements.domain.fields import OPERATORS, CatalogueField, catalogue_of

TYPES = pytest.mark.parametrize("type_", ELEMENTS.values(), ids=ELEMENTS)
LIKE, EMPTY = {"like", "not like"}, {"empty"}
EQUALITY = {"=", "!=", "in", "not in", "empty"}
ORDER = EQUALITY | {">", ">=", "<", "<="}


class BoatFields(Fields):
    name: str = ""
    log: Annotated[str | None, FieldSpec(kind="text")] = None
    length: Decimal | None = None
    berths: int | None = None
    price: Money | None = None
    launched_on: date | None = None
    seen_at: datetime | None = None
    is_afloat: bool = True
    rig: Annotated[str | None, FieldSpec(dictionary="rig")] = None
    owner_ids: Annotated[tuple[str, ...], FieldSpec(kind="user")] = ()
    sail: Literal["up", "down"] = "down"
    papers: FileRef | None = None
    photos: tuple[FileRef, ...] = ()
    hull: Annotated[str, FieldSpec(title="Hull number", is_writable=False, is_personal=True, is_filterable=False)] = ""


class BoatState(BoatFields):
    id: str
    lead_id: Annotated[str | None, FieldSpec(kind="element")] = None


BOAT = ElementType("boat", "boats", "boats", BoatState, BoatFields)


def boat(name: str) -> CatalogueField:
    return catalogue_of(BOAT)[name]


def names(model: type[Fields]) -> set[str]:
    return {*model.model_fields, *model.model_computed_fields}


def inside(schema: dict[str, Any], node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The properties of a node of a JSON Schema, through references, lists and null."""
    for each in (node, *node.get("anyOf", ()), node.get("items", {})):
        if "$ref" in each:
            yield from inside(schema, schema["$defs"][each["$ref"].rpartition("/")[2]])
        if "properties" in each:
            yield each["properties"]


def is_in(schema: dict[str, Any], node: dict[str, Any], path: str) -> bool:
    first, _, rest = path.partition(".")
    return any(
        first in properties and (not rest or is_in(schema, properties[first], rest))
        for properties in inside(schema, node)
    )


@TYPES
def test_every_field_that_an_element_shows_is_in_its_catalogue(type_: ElementType) -> None:
    assert set(catalogue_of(type_)) >= names(type_.state)


@TYPES
def test_every_field_is_where_the_catalogue_says(type_: ElementType) -> None:
    schema = type_.state.model_json_schema(mode="serialization")
    for name, field in catalogue_of(type_).items():
        assert field.name == name
        assert field.path == "_id" if name == "id" else is_in(schema, schema, field.path), name


@TYPES
def test_what_users_edit_is_what_the_contract_calls_its_fields(type_: ElementType) -> None:
    """CMN-10, DEAL-08: neither what follows from other fields nor what an import is judged by (CONT-08)."""
    written = {name for name, field in catalogue_of(type_).items() if field.is_writable}
    kept = {"origin_version", "edited_here"}
    client = {"company_id"} if "client" in type_.has else set()
    assert written == (set(type_.fields.model_fields) - kept) | client


@TYPES
def test_every_field_has_a_title_of_its_own(type_: ElementType) -> None:
    titles = [field.title for field in catalogue_of(type_).values()]
    assert all(title[0].isupper() and "_" not in title for title in titles)
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize(
    ("kind", "operators"),
    [
        ("string", EQUALITY | LIKE),
        ("text", LIKE | EMPTY),
        *((kind, ORDER) for kind in ("integer", "decimal", "money", "date", "datetime")),
        *((kind, EQUALITY) for kind in ("boolean", "dictionary", "stage", "user", "element")),
        *((kind, EMPTY) for kind in ("list", "object")),
    ],
)
def test_what_can_be_compared_follows_from_the_kind(kind: Any, operators: set[str]) -> None:
    """DEAL-01."""
    assert OPERATORS[kind] == operators


def test_the_kind_follows_from_the_type_unless_it_is_declared() -> None:
    kinds = {name: field.kind for name, field in catalogue_of(BOAT).items()}
    assert kinds == {
        "name": "string",
        "log": "text",
        "length": "decimal",
        "berths": "integer",
        "price": "money",
        "launched_on": "date",
        "seen_at": "datetime",
        "is_afloat": "boolean",
        "rig": "dictionary",
        "owner_ids": "user",
        "sail": "string",
        "papers": "object",
        "photos": "list",
        "hull": "string",
        "id": "string",
        "lead_id": "element",
    }
    assert [name for name, field in catalogue_of(BOAT).items() if field.is_list] == ["owner_ids", "photos"]


def test_the_title_follows_from_the_name_unless_it_is_declared() -> None:
    assert [boat(name).title for name in ("launched_on", "is_afloat", "lead_id", "owner_ids", "hull")] == [
        "Launched on",
        "Afloat",
        "Lead",
        "Owners",
        "Hull number",
    ]


def test_what_is_declared_goes_before_what_follows() -> None:
    assert boat("name").is_writable
    assert boat("name").operators
    assert not boat("hull").is_writable
    assert not boat("hull").operators
    assert boat("hull").is_personal
    assert boat("rig").dictionary == "rig"


def test_money_is_compared_by_its_value() -> None:
    assert boat("price").path == "price.value"


@TYPES
def test_lists_are_ordered_by_what_an_index_has_in_order(type_: ElementType) -> None:
    """DEAL-02."""
    orders = {name for name, field in catalogue_of(type_).items() if field.is_orderable}
    own = {DEAL: {"title", "amount"}, LEAD: {"title", "amount"}, CONTACT: {"last_name"}, COMPANY: {"title"}}
    assert orders == {"number"} | ({"sort", "name"} if type_ is PRODUCT else {"created_at", *own[type_]})


def test_lists_are_not_filtered_by_what_follows_from_others_in_records_that_lack_it() -> None:
    """CONT-03, PROD-08: that they lack it would look like a value."""
    unasked = {
        name for type_ in ELEMENTS.values() for name, field in catalogue_of(type_).items() if not field.operators
    }
    assert unasked == {"has_phone", "has_email", "has_imol", "available"}
    later = {name: each.missing for type_ in ELEMENTS.values() for name, each in catalogue_of(type_).items()}
    assert {name for name, missing in later.items() if missing is not None} == {
        "is_new",
        "is_recurring",
        "converted_elsewhere",
    }


def test_elements_are_found_by_what_is_inside_of_their_fields() -> None:
    """CLI-06, COMP-04, ROW-01, CMN-07: under the names that lists have for it."""
    assert catalogue_of(DEAL)["company_id"].path == "client.company.id"
    assert catalogue_of(LEAD)["contact_id"].path == "client.contacts.contact_id"
    assert catalogue_of(LEAD)["contact_id"].is_list
    assert catalogue_of(DEAL)["product_id"].path == "rows.product_id"
    assert catalogue_of(DEAL)["utm_source"].path == "utm.source"
    assert catalogue_of(CONTACT)["phone"].path == "phones.normalized"


def test_a_contact_is_found_by_each_of_its_companies_and_not_by_the_primary_alone() -> None:
    """COMP-04."""
    company = catalogue_of(CONTACT)["company_id"]
    assert (company.path, company.is_list, company.kind) == ("companies.company_id", True, "element")


def test_a_number_of_a_dictionary_is_compared_as_a_number() -> None:
    """PROD-01."""
    measure = catalogue_of(PRODUCT)["measure_code"]
    assert (measure.kind, measure.dictionary) == ("integer", "measure")


def test_names_and_contact_data_are_personal() -> None:
    personal = {name for name, field in catalogue_of(CONTACT).items() if field.is_personal}
    assert personal >= {"first_name", "last_name", "birth_date", "phones", "phone", "emails", "email", "photo"}
    assert not personal & {"source_id", "responsible_id", "number"}


def test_a_stage_may_require_the_fields_of_the_card_that_people_fill() -> None:
    """UF-09."""
    of_all = {"title", "responsible_id", "comments"}
    of_sales = of_all | {"amount", "client", "source_id", "rows"}
    for type_, wanted in (
        (DEAL, of_sales | {"begin_date", "close_date", "type_id"}),
        (LEAD, of_sales | {"phones", "emails"}),
        (COMPANY, of_all | {"type_id", "phones", "emails"}),
    ):
        assert {name for name, spec in specs_of(type_.state) if spec.is_requirable} == wanted


def test_the_catalogue_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        catalogue_of(DEAL)["title"] = boat("name")  # type: ignore[index]
