"""Read a field of an element from its one declaration, the contract's model: its kind, whether it is a list.

What is declared nowhere follows from type and name. Request bodies and the catalogue of fields are derived from this.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from crm_contracts.field_spec import FieldSpec, Kind, spec_in, specs_of
from crm_contracts.values import Money
from pydantic import BaseModel

_KINDS: Final[dict[Any, Kind]] = {
    str: "string",
    int: "integer",
    Decimal: "decimal",
    Money: "money",
    date: "date",
    datetime: "datetime",
    bool: "boolean",
}


@dataclass(frozen=True)
class Shape:
    """A type without what surrounds it.

    Attributes:
        type: of a value; of a list, that of its entries.
    """

    type: Any
    is_list: bool = False
    is_nullable: bool = False

    @classmethod
    def of(cls, annotation: Any) -> "Shape":
        """Take null, a list and annotations from a type."""
        origin, inner = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            return cls.of(inner[0])
        if origin in {Union, UnionType}:
            shape = cls.of(next(each for each in inner if each is not NoneType))
            return cls(shape.type, shape.is_list, NoneType in inner)
        if origin in {tuple, list}:
            return cls(cls.of(inner[0]).type, is_list=True)
        return cls(str) if origin is Literal else cls(annotation)

    def kind(self, spec: FieldSpec) -> Kind:
        """Return the declared kind, or the one that follows from dictionary and type."""
        if spec.kind is not None:
            return spec.kind
        if spec.dictionary is not None and self.type is str:
            return "dictionary"
        return _KINDS.get(self.type, "list" if self.is_list else "object")


@dataclass(frozen=True)
class DeclaredField:
    """A field of an element, as its contract declares it."""

    name: str
    spec: FieldSpec
    shape: Shape
    default: Any = None
    description: str | None = None

    @property
    def kind(self) -> Kind:
        """What its values are; of a list of plain values, what each is."""
        return self.shape.kind(self.spec)


def declared_fields(model: type[BaseModel]) -> Iterator[DeclaredField]:
    """Yield the fields of a model, then those that are computed from them."""
    for name, spec in specs_of(model):
        field = model.model_fields[name]
        shape = Shape.of(field.annotation)
        yield DeclaredField(name, spec, shape, field.get_default(call_default_factory=False), field.description)
    for name, computed in model.model_computed_fields.items():
        returned = computed.return_type
        yield DeclaredField(name, spec_in(get_args(returned)), Shape.of(returned), description=computed.description)


def shape_at(type_: type[BaseModel], path: str) -> Shape:
    """Return the shape of a part of a value, by the path to it: a list where any step of the path is one."""
    first, _, rest = path.partition(".")
    shape = Shape.of(type_.model_fields[first].annotation)
    if not rest:
        return shape
    inner = shape_at(shape.type, rest)
    return Shape(inner.type, shape.is_list or inner.is_list, is_nullable=True)
