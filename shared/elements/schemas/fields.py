"""Derive the fields of request bodies from the contract: a strict type by the kind of each, within its bounds.

A body declares itself only what no contract does, such as phones, whose kinds differ from those of e-mails.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Annotated, Any, Final, TypeAlias, TypeVar

from crm_contracts.field_spec import FieldSpec, Kind
from crm_contracts.values import Address, Fields, FileRef, Money, Touch, Utm, Value
from pydantic import Field, StrictBool, StringConstraints, create_model

from shared.elements.domain.declared_fields import DeclaredField, declared_fields
from shared.elements.domain.room import MAX_ENTRIES
from shared.elements.schemas.address import AddressIn
from shared.elements.schemas.files import FileIn
from shared.elements.schemas.money import MoneyIn
from shared.elements.schemas.scalars import Code, ElementId, Moment, PastDate, UserId
from shared.elements.schemas.strict_types import WHOLE, StrictDate, StrictDecimal
from shared.elements.schemas.tracking import TouchIn, UtmIn
from shared.elements.schemas.values import ValueIn
from shared.kit.web.schemas import Input

Body = TypeVar("Body", bound=Input)

MAX_STRING: Final = 255
MAX_TEXT: Final = 20_000

Values: TypeAlias = Mapping[type[Value], type[ValueIn]]
"""How requests give the values that have parts."""

_VALUES: Final[Values] = {
    Address: AddressIn,
    FileRef: FileIn,
    Money: MoneyIn,
    Touch: TouchIn,
    Utm: UtmIn,
}


def fields_in(contract: type[Fields], *, base: type[Body], values: Values | None = None) -> type[Body]:
    """Make the base class of a request body from the fields of a contract that users edit.

    What `base` declares already is left to it. `values` are the inputs of values that this contract alone has.
    """
    known, left = {**_VALUES, **(values or {})}, contract.model_fields.keys() - base.model_fields
    inputs = {
        each.name: _declaration(each, known)
        for each in declared_fields(contract)
        if each.name in left and each.spec.is_writable is not False
    }
    return create_model(f"{contract.__name__}Base", __base__=base, **inputs)  # type: ignore[call-overload,no-any-return]


def _declaration(declared: DeclaredField, values: Values) -> tuple[Any, Any]:
    type_ = values[declared.shape.type] if declared.shape.type in values else _KINDS[declared.kind](declared.spec)
    if declared.shape.is_list:
        most = MAX_ENTRIES if declared.spec.longest is None else declared.spec.longest
        entries = Annotated[list[type_], Field(max_length=most)]  # type: ignore[valid-type]
        return entries, Field(default=[], description=declared.description)
    # A user who has to be there cannot be removed: null counts as absent.
    is_nullable, is_user = declared.shape.is_nullable, declared.kind == "user"
    default = None if is_user else declared.default
    return type_ | None if is_nullable or is_user else type_, Field(default=default, description=declared.description)


def _string(spec: FieldSpec) -> Any:
    bounds = StringConstraints(
        min_length=spec.shortest,
        max_length=MAX_STRING if spec.longest is None else spec.longest,
        strip_whitespace=None if spec.is_verbatim else True,
    )
    return Annotated[str, bounds]


def _text(spec: FieldSpec) -> Any:
    return Annotated[str, StringConstraints(max_length=MAX_TEXT if spec.longest is None else spec.longest)]


def _integer(spec: FieldSpec) -> Any:
    return Annotated[int, Field(ge=spec.at_least, le=spec.at_most), WHOLE]


def _decimal(spec: FieldSpec) -> Any:
    whole = 14 if spec.at_most is None else len(str(spec.at_most))
    return Annotated[Decimal, StrictDecimal(whole=whole, places=4, most=spec.at_most)]


_KINDS: Final[Mapping[Kind, Callable[[FieldSpec], Any]]] = {
    "string": _string,
    "text": _text,
    "integer": _integer,
    "decimal": _decimal,
    "date": lambda spec: PastDate if spec.is_past else StrictDate,
    "datetime": lambda _: Moment,
    "boolean": lambda _: StrictBool,
    "dictionary": lambda _: Code,
    "stage": lambda _: Code,
    "user": lambda _: UserId,
    "element": lambda _: ElementId,
}
