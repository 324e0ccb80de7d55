"""The fields of an element type in answers."""

from collections.abc import Sequence
from typing import Final, Self

from crm_contracts.field_spec import Kind
from pydantic import BaseModel, Field

from shared.elements.domain.fields import CatalogueField

_IN_ORDER: Final[Sequence[str]] = ("=", "!=", ">", ">=", "<", "<=", "in", "not in", "like", "not like", "empty")


class FieldOut(BaseModel):
    """A field of an element type, as lists, cards and forms need to know it."""

    name: str = Field(description="as bodies, answers and filters have it")
    title: str = Field(description="for people")
    kind: Kind = Field(
        description="what its values are: a `list` has objects, an `object` parts of its own, such as an address"
    )
    is_list: bool = Field(description="whether it has several values of its kind")
    dictionary: str | None = Field(
        description="id of the dictionary whose codes it takes, for `GET /v1/dictionaries/{code}` of catalog"
    )
    operators: list[str] = Field(
        description="what a condition of a filter may compare, of several values one; empty where lists have no filter"
    )
    is_orderable: bool = Field(description="whether lists can be ordered by it")
    is_writable: bool = Field(description="whether the caller may change it, by PATCH")
    is_personal: bool = Field(description="whether it is data of a person")

    @classmethod
    def of(cls, field: CatalogueField, *, may_write: bool) -> Self:
        """Show a field to a caller, who may write such elements or not."""
        return cls(
            name=field.name,
            title=field.title,
            kind=field.kind,
            is_list=field.is_list,
            dictionary=field.dictionary,
            operators=[each for each in _IN_ORDER if each in field.operators],
            is_orderable=field.is_orderable,
            is_writable=field.is_writable and may_write,
            is_personal=field.is_personal,
        )
