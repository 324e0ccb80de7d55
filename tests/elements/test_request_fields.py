"""Bodies of requests follow from the contract: a field that it declares is taken, strictly, and nothing else is."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

import pytest
from crm_contracts.deals import DealFields
from crm_contracts.field_spec import FieldSpec
from crm_contracts.values import Fields, Money, Touch, Utm, Value
from pydantic import Field, ValidationError

from shared.elements.schemas.fields import fields_in
from shared.elements.schemas.given_fields import given_fields
from shared.elements.schemas.values import ValueIn
from shared.kit.web.schemas import Input


class Mast(Value):
    height: int


class MastIn(ValueIn):
    height: int

    def value_of(self) -> Mast:
        return Mast(height=self.height)


class BoatFields(Fields):
    name: Annotated[str, FieldSpec(shortest=1, longest=10)] = "Anna"
    port: str | None = None
    sail_no: Annotated[str | None, FieldSpec(shortest=1, is_verbatim=True)] = None
    log: Annotated[str | None, FieldSpec(kind="text")] = None
    berths: Annotated[int | None, FieldSpec(at_least=0, at_most=100)] = None
    length: Annotated[Decimal | None, FieldSpec(at_most=100)] = None
    cost: Decimal | None = None
    price: Money | None = None
    launched_on: Annotated[date | None, FieldSpec(is_past=True)] = None
    sold_on: date | None = None
    seen_at: datetime | None = None
    is_afloat: bool = True
    rig: Annotated[str | None, FieldSpec(dictionary="rig")] = None
    skipper_id: Annotated[str, FieldSpec(kind="user")] = ""
    owner_id: Annotated[str | None, FieldSpec(kind="user")] = None
    crew: Annotated[tuple[str, ...], FieldSpec(kind="user", longest=3)] = ()
    utm: Utm | None = None
    traces: tuple[Touch, ...] = ()
    masts: tuple[Mast, ...] = ()
    built_by: Annotated[str | None, FieldSpec(is_writable=False)] = Field(default=None, description="the yard")


class Described(Input):
    port: Annotated[str | None, Field(max_length=3)] = None


Boat: Any = fields_in(BoatFields, base=Described, values={Mast: MastIn})
NAMES = [name for name in BoatFields.model_fields if name != "built_by"]


def given(**fields: Any) -> dict[str, Any]:
    return given_fields(Boat.model_validate(fields), BoatFields)


def code(name: str, value: Any) -> str:
    """What is wrong with one field."""
    with pytest.raises(ValidationError) as refused:
        Boat.model_validate({name: value})
    (error,) = refused.value.errors()
    assert error["loc"][0] == name
    return error["type"]


def test_a_body_has_the_fields_that_users_edit() -> None:
    assert set(Boat.model_fields) == set(NAMES)
    assert code("built_by", "a yard") == "extra_forbidden"


def test_what_is_absent_is_not_given() -> None:
    assert given() == {}
    assert (Boat().name, Boat().is_afloat, Boat().crew, Boat().skipper_id) == ("Anna", True, [], None)


def test_a_user_who_has_to_be_there_cannot_be_removed_and_another_one_can() -> None:
    """CMN-04."""
    assert given(skipper_id=None, owner_id=None) == {"owner_id": None}


@pytest.mark.parametrize("name", ["name", "is_afloat", "crew", "masts", "traces"])
def test_what_the_contract_has_without_null_cannot_be_null(name: str) -> None:
    assert code(name, None) in {"string_type", "bool_type", "list_type"}


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("name", " Mary ", "Mary"),
        ("sail_no", " G 7 ", " G 7 "),
        ("log", " wet\n", " wet\n"),
        ("berths", 0, 0),
        ("berths", 100.0, 100),
        ("length", "99.5", Decimal("99.5")),
        ("length", 100, Decimal(100)),
        ("cost", "12345678901234.5678", Decimal("12345678901234.5678")),
        ("price", {"value": "5.50", "currency": "EUR"}, Money(value=Decimal("5.50"), currency="EUR")),
        ("launched_on", "2020-02-29", date(2020, 2, 29)),
        ("sold_on", "2199-01-01", date(2199, 1, 1)),
        ("seen_at", "2026-03-31T09:30:00.1234+02:00", datetime(2026, 3, 31, 7, 30, 0, 123_000, tzinfo=UTC)),
        ("is_afloat", False, False),
        ("rig", "SLOOP", "SLOOP"),
        ("skipper_id", "anna", "anna"),
        ("crew", ["anna", "bob", "anna"], ("anna", "bob")),
        ("utm", {"source": "fair"}, Utm(source="fair")),
        ("masts", [{"height": 9}], (Mast(height=9),)),
        ("port", None, None),
    ],
    ids=str,
)
def test_a_value_within_its_bounds_is_taken(name: str, value: Any, kept: Any) -> None:
    assert given(**{name: value}) == {name: kept}


@pytest.mark.parametrize(
    ("name", "value", "wrong"),
    [
        ("name", "", "string_too_short"),
        ("name", "  ", "string_too_short"),
        ("name", "a" * 11, "string_too_long"),
        ("name", 7, "string_type"),
        ("sail_no", "a" * 256, "string_too_long"),
        ("log", "a" * 20_001, "string_too_long"),
        ("berths", -1, "greater_than_equal"),
        ("berths", 101, "less_than_equal"),
        ("berths", 1.5, "int_type"),
        ("berths", True, "int_type"),
        ("berths", "1", "int_type"),
        ("length", "100.1", "decimal"),
        ("length", "-1", "decimal"),
        ("length", 1.5, "decimal"),
        ("cost", "1e5", "decimal"),
        ("price", "5", "model_type"),
        ("launched_on", "2190-01-01", "value_error"),
        ("sold_on", 0, "date_type"),
        ("seen_at", "2026-03-31", "datetime_type"),
        ("is_afloat", "true", "bool_type"),
        ("is_afloat", 1, "bool_type"),
        ("rig", "", "string_too_short"),
        ("rig", "a" * 51, "string_too_long"),
        ("skipper_id", "", "string_too_short"),
        ("crew", ["a", "b", "c", "d"], "too_long"),
        ("masts", [{"height": 9}] * 101, "too_long"),
        ("port", "Kiel", "string_too_long"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_out_of_bounds_or_of_another_type_is_refused(name: str, value: Any, wrong: str) -> None:
    assert code(name, value) == wrong


def test_what_a_body_declares_itself_is_left_to_it() -> None:
    assert given(port="Ulm") == {"port": "Ulm"}
    assert Boat.model_fields["port"].metadata == Described.model_fields["port"].metadata


def test_a_body_describes_a_field_as_the_contract_does() -> None:
    described = fields_in(DealFields, base=Input).model_fields["close_date"].description
    assert described == DealFields.model_fields["close_date"].description
