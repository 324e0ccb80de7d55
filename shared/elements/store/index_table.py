"""Say which indexes a collection has, for the plans of its filtered lists (DEAL-01)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from crm_contracts.elements import ElementType

from shared.elements.domain.fields import CatalogueField, filterable_fields
from shared.elements.domain.filters.nodes import Condition, Node


@dataclass(frozen=True, slots=True)
class IndexGroup:
    """An index that has equality of these fields first, and then the order.

    Attributes:
        order: the field that comes next, before the id; None where the fields alone find so few records that these are
            ordered here.
        is_partial: whether records without a value are missing in it, so that it serves one given value alone.
        is_single: whether it serves one value of each field alone, because places after several have no common order.
    """

    index: str
    fields: tuple[str, ...] = ()
    order: str | None = "created_at"
    is_partial: bool = False
    is_single: bool = False


@dataclass(frozen=True, slots=True)
class Choices:
    """All values that some fields may have, where these always have one of few.

    Attributes:
        rows: the values that occur together, one of each field.
    """

    fields: Mapping[str, CatalogueField] = field(default_factory=dict)
    rows: Sequence[Mapping[str, str]] = ()

    @classmethod
    def of(cls, type_: ElementType, rows: Iterable[Mapping[str, str]]) -> Self:
        """Make the choices of fields of a type; each row has the same fields."""
        rows, fields = tuple(rows), filterable_fields(type_)
        return cls({name: fields[name] for name in (rows[0] if rows else ())}, rows)

    def values(self, name: str) -> Sequence[str]:
        """Return the values that a field may have; none where that is not known."""
        return _of(self.rows, name) if name in self.fields else ()

    def beside(self, named: Mapping[str, Condition]) -> Mapping[str, Condition]:
        """Say what the other fields may be of a record that passes these conditions, by name.

        Nothing is said where a condition names a value that is not known.
        """
        rows = self.rows
        for name in self.fields.keys() & named.keys():
            if not set(named[name].values) <= set(_of(self.rows, name)):
                return {}
            rows = [row for row in rows if row[name] in named[name].values]
        left = self.fields.keys() - named.keys()
        return {name: Condition(self.fields[name], "in", _of(rows, name)) for name in left if rows}


def _of(rows: Iterable[Mapping[str, str]], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row[name] for row in rows))


@dataclass(frozen=True, slots=True)
class IndexTable:
    """The indexes of a collection, those that find fewest records first.

    Attributes:
        within: those with an order that no index has for all records: a filter has to name one of their fields.
        own_orders: the fields of such orders that no record shows.
        choices: where fields always have one of few values, "not this one" is "one of the rest", and one that is not
            named may be any of them.
        always: what a record has to be beside what is asked for, such as not deleted.
        by_default: by field, what a record has to be unless the filter names that field, such as no template.
        unique: fields whose values no two records share, so that an index in their order needs no id after them.
        then: paths by which an order goes on where its field is the same, before the id.
        collated: orders that are those of people, and no alternative has another index for.
        nullable: orders whose fields may have no value; that comes before all values.
        first_order: the order of a list that is asked for in none.
        searched_by: the index of search keys; None where the list is not searched.
    """

    groups: Sequence[IndexGroup]
    within: Sequence[IndexGroup] = ()
    own_orders: Mapping[str, CatalogueField] = field(default_factory=dict)
    choices: Choices = field(default_factory=Choices)
    always: Sequence[Node] = ()
    by_default: Mapping[str, Node] = field(default_factory=dict)
    unique: frozenset[str] = frozenset({"number"})
    then: Mapping[str, Sequence[str]] = field(default_factory=dict)
    collated: frozenset[str] = frozenset()
    nullable: frozenset[str] = frozenset()
    first_order: tuple[str, str] = ("created_at", "desc")
    searched_by: str | None = None

    @property
    def orders(self) -> tuple[str, ...]:
        """Names of the fields that the whole collection can be ordered by."""
        return tuple(group.order for group in self.groups if group.order is not None and not group.fields)


NOT_DELETED: Final = Condition(CatalogueField.unlisted("deleted_at", "datetime", "empty"), "empty", operand=True)
"""What every record of a type whose tombstones stay in its collection has to be."""
