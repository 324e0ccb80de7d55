"""Read what a caller wants of a list: which records, in which order, which of their fields (DEAL-01, DEAL-02)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from shared.elements.domain.fields import CatalogueField
from shared.elements.domain.filters.errors import InvalidQuery
from shared.elements.domain.filters.nodes import EVERYTHING, All, Condition, Node, Scalar
from shared.elements.domain.filters.operands import WrongOperand
from shared.elements.domain.filters.parsing import ANY_VALUE, Choices, FilterReader, Spelling, unknown
from shared.kit.domain import Wrong, wrong_field

DIRECTIONS: Final = ("asc", "desc")


@dataclass(frozen=True, slots=True)
class Order:
    """By which field a list is ordered; records that have the same value are ordered by id, in the same direction."""

    field: CatalogueField
    is_descending: bool = True


@dataclass(frozen=True, slots=True)
class Query:
    """A list as a caller wants it, of the records that the caller has rights to.

    Attributes:
        sought: what their search keys have to be.
    """

    filter: Node
    order: Order
    allowed: Node = EVERYTHING
    sought: Sequence[Condition] = ()

    @property
    def whole(self) -> Node:
        """The filter, and what is searched for."""
        return All((self.filter, *self.sought)) if self.sought else self.filter


@dataclass(frozen=True, slots=True)
class Listed:
    """What the caller may know of the records of a list.

    Attributes:
        fields: by which it is filtered.
        orders: names of those by which it can be ordered, because an index has their order.
        columns: what an answer shows.
        first_order: the order of a list that is asked for in none.
        own_orders: further ones, by fields that no answer shows.
        spellings: by field, how what callers write becomes what is stored.
        is_searched: whether the records have search keys by which the list can be narrowed.
    """

    fields: Mapping[str, CatalogueField]
    orders: Sequence[str]
    columns: Sequence[str]
    first_order: tuple[str, str] = ("created_at", "desc")
    is_searched: bool = False
    spellings: Mapping[str, Spelling] = field(default_factory=dict)
    own_orders: Mapping[str, CatalogueField] = field(default_factory=dict)

    @property
    def all_orders(self) -> Sequence[str]:
        """Names of all orders that a list may be asked for in."""
        return (*self.orders, *self.own_orders)

    def query(
        self,
        filter_: Mapping[str, Any],
        order: Sequence[Sequence[str]],
        select: Sequence[str] | None,
        *,
        now: datetime,
        equal: Mapping[str, Scalar] = MappingProxyType({}),
        choices: Choices = ANY_VALUE,
    ) -> Query:
        """Read a query, and check the columns that it selects; `now` is what relative dates count from.

        `equal` is what fields have to equal besides; the filter names no other values than `choices` of their fields.

        Raises:
            InvalidQuery: naming everything in it that is not valid.
        """
        wrong: list[Wrong] = []
        node = FilterReader(self.fields, now, wrong, self.spellings, choices).read(filter_, "filter")
        conditions = [
            Condition(self.fields[name], "=", self._spelled(name, value, wrong)) for name, value in equal.items()
        ]
        ordered = self._order(order, wrong)
        wrong += [
            unknown(f"select.{place}", name, self.columns)
            for place, name in enumerate(select or ())
            if name not in self.columns
        ]
        if wrong or ordered is None:
            raise InvalidQuery.of(wrong)
        return Query(All((node, *conditions)) if conditions else node, ordered)

    def _spelled(self, name: str, value: Scalar, wrong: list[Wrong]) -> Scalar:
        """Return a value as it is compared; one that has no such form is wrong."""
        spelling = self.spellings.get(name)
        try:
            return value if spelling is None else spelling.read(value)
        except WrongOperand as error:
            wrong.append(wrong_field(name, "wrong_operand", str(error)))
            return value

    def _order(self, order: Sequence[Sequence[str]], wrong: list[Wrong]) -> Order | None:
        ((name, direction),) = order
        field = self.own_orders.get(name) or self.fields.get(name)
        if direction not in DIRECTIONS:
            wrong.append(wrong_field("order.0.1", "not_orderable", "`asc` or `desc` is needed"))
        if field is None:
            wrong.append(unknown("order.0.0", name, self.all_orders))
        elif name not in self.all_orders:
            message = f"the list cannot be ordered by {name}; it can by {', '.join(self.all_orders)}"
            wrong.append(wrong_field("order.0.0", "not_orderable", message))
        return None if field is None else Order(field, direction == "desc")
