"""Choose for every alternative of a filter the index that finds it, and what is left to be looked at (DEAL-01)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import prod
from typing import Final

from shared.elements.domain.filters.errors import InvalidQuery
from shared.elements.domain.filters.nodes import EVERYTHING, All, AnyOf, Condition, Node, Operator
from shared.elements.domain.filters.normal_form import Branch, branches_of
from shared.elements.domain.filters.query import Order, Query
from shared.elements.domain.rights.accessed import ACCESS, kinds_of, mark_of_responsible
from shared.elements.domain.rights.compiled import NOTHING
from shared.elements.store.index_table import Choices, IndexGroup, IndexTable
from shared.kit.domain import wrong_field

MAX_SCANS: Final = 200
"""Places of an index that MongoDB reads side by side in their common order; with more it would sort in memory."""

_LARGEST: Final = 2**63 - 1
_BOUNDS: Final = frozenset({"=", ">", ">=", "<", "<="})


@dataclass(frozen=True, slots=True)
class PlannedBranch:
    """One alternative of a filter, and how it is found.

    Attributes:
        index: by its name.
        found: the conditions that the index finds.
        rest: the conditions that every record found has to pass besides; None where there are none.
        is_few: whether the index finds few records, in no order.
        keys: the most keys of the index that lead to one record: one for each mark that both it and its reader have.
    """

    index: str
    found: All
    rest: All | None
    is_few: bool
    keys: int = 1

    @property
    def is_looked_for(self) -> bool:
        """Whether records are looked at along the order that may not pass."""
        return self.rest is not None and not self.is_few

    @property
    def scans(self) -> int:
        """Places of the index that are read side by side: each costs a key beside those of its records."""
        parts = [node for node in self.found.parts if isinstance(node, Condition) and node.operator in {"=", "in"}]
        return prod(len(node.values) for node in parts)

    @property
    def whole(self) -> All:
        """All conditions."""
        return All((*self.found.parts, *(self.rest.parts if self.rest else ())))


def planned(query: Query, table: IndexTable) -> list[PlannedBranch]:
    """Plan every alternative of a filter; one that nothing passes has none.

    Rights that are alternatives themselves are looked at record by record: they never make a filter too wide.

    Raises:
        FilterTooWide: there are more than 8.
        InvalidQuery: it does not name what the order needs.
    """
    allowed, order, node = query.allowed, query.order, query.whole
    if allowed == NOTHING:
        return []
    if isinstance(allowed, AnyOf):
        return [_behind(each, allowed) for each in planned(replace(query, allowed=EVERYTHING), table)]
    whole = node if allowed == EVERYTHING else All((node, allowed))
    branches = possible_branches(whole, table)
    if order.field.name in table.collated and branches:
        # Texts in the order of people cannot be merged here: all alternatives are looked for along the one index.
        return [_planned([whole] if [] not in branches else [], order, table)]
    return _joined([_planned(branch, order, table) for branch in branches])


def _joined(branches: Sequence[PlannedBranch]) -> list[PlannedBranch]:
    """Make one of all alternatives that are looked for along the same keys, so that no record is looked at twice."""
    alike: dict[tuple[str, All], list[PlannedBranch]] = {}
    for each in branches:
        alike.setdefault((each.index, each.found), []).append(each)
    return [_either(each) if len(each) > 1 else each[0] for each in alike.values()]


def _either(branches: Sequence[PlannedBranch]) -> PlannedBranch:
    rests = [each.rest for each in branches if each.rest is not None]
    rest = All((AnyOf(tuple(rests)),)) if len(rests) == len(branches) else None
    return replace(branches[0], rest=rest)


def possible_branches(node: Node, table: IndexTable) -> list[list[Node]]:
    """Return the alternatives of a filter that any record can pass, by conditions that indexes have values for.

    Raises:
        FilterTooWide: there are more than 8.
    """
    nodes = [_as_indexed(branch, table) for branch in branches_of(node)]
    return [each for each in nodes if _is_possible(each)]


def _planned(nodes: Sequence[Node], order: Order, table: IndexTable) -> PlannedBranch:
    named = equalities(nodes)
    equal = {**table.choices.beside(named), **named}
    is_collated = order.field.name in table.collated
    group = next(
        (
            group
            for group in (*table.groups, *table.within)
            if _has_order(group, equal, order)
            and (group.order or not is_collated)
            and (not group.fields or named.keys() & group.fields)
        ),
        None,
    )
    if group is None:
        needed = next(" or ".join(each.fields) for each in table.within if each.order == order.field.name)
        message = f"the list has the order of {order.field.name} only where its filter names {needed}"
        raise InvalidQuery.of([wrong_field("order.0.0", "not_orderable", message)])
    found: list[Node] = [equal[name] for name in group.fields]
    if group.order is not None:
        found += [node for node in nodes if bounds(node, group.order) and node not in found]
    # Under a collation the index finds what people take for the same: letter by letter that is looked at once more.
    rest = [node for node in nodes if is_collated or node not in found]
    along = All(tuple(bound for node in found for bound in _as_range(node, group.order)))
    keys = keys_of([equal[name] for name in group.fields])
    return PlannedBranch(group.index, along, All(tuple(rest)) if rest else None, group.order is None, keys)


def keys_of(conditions: Sequence[Condition]) -> int:
    """Return the most keys of an index by which conditions find one record: one for each mark that it has of them."""
    marks = [str(mark) for each in conditions if each.field.path == ACCESS.path for mark in each.values]
    return max(1, kinds_of(marks))


def _behind(branch: PlannedBranch, allowed: Node) -> PlannedBranch:
    """Look at what an alternative finds for whether the caller has rights to it."""
    return replace(branch, rest=All((*(branch.rest.parts if branch.rest else ()), allowed)))


def _as_range(node: Node, order: str | None) -> Sequence[Node]:
    """Turn what bounds the order into bounds that leave out their ends.

    Several places of an index are merged in their order along a range of it. Where a range has one value alone, MongoDB
    takes it for a place, and sorts.
    """
    if not (order and isinstance(node, Condition) and bounds(node, order)):
        return [node]
    value = node.operand
    if isinstance(value, tuple) or not isinstance(value, (datetime, int)):
        return [node]
    sides: dict[str, tuple[tuple[Operator, int], ...]] = {
        "=": ((">", -1), ("<", 1)),
        ">=": ((">", -1),),
        "<=": (("<", 1),),
    }
    try:
        ends = [(side, next_to(value, steps)) for side, steps in sides.get(node.operator, ())]
    except OverflowError:  # the first or the last value that there is
        return [node]
    return [Condition(node.field, side, end) for side, end in ends] or [node]


def next_to(value: datetime | int, steps: int) -> datetime | int:
    """Return the stored value that is so many steps further: of a time a millisecond each, of a number 1.

    Raises:
        OverflowError: there is none, or no number of the database.
    """
    if isinstance(value, datetime):
        return value + timedelta(milliseconds=steps)
    if abs(value) >= _LARGEST:
        raise OverflowError
    return value + steps


def equalities(nodes: Sequence[Node]) -> dict[str, Condition]:
    """By field, the condition that names fewest values."""
    found: dict[str, Condition] = {}
    for node in nodes:
        if isinstance(node, Condition) and node.operator in {"=", "in"}:
            known = found.get(node.field.name)
            if known is None or len(node.values) < len(known.values):
                found[node.field.name] = node
    return found


def _has_order(group: IndexGroup, equal: Mapping[str, Condition], order: Order) -> bool:
    if group.order not in {None, order.field.name} or not serves(group, equal):
        return False
    return not group.is_single or all(len(equal[name].values) == 1 for name in group.fields)


def serves(group: IndexGroup, equal: Mapping[str, Condition]) -> bool:
    """Return whether an index finds what has these values."""
    if not set(group.fields) <= equal.keys():
        return False
    conditions = [equal[name] for name in group.fields]
    if group.is_partial and not all(each.operator == "=" and each.operand for each in conditions):
        return False
    return prod(len(each.values) for each in conditions) <= MAX_SCANS


def bounds(node: Node, name: str) -> bool:
    """Return whether a condition bounds the order of this name."""
    return isinstance(node, Condition) and node.field.name == name and node.operator in _BOUNDS


def _as_indexed(branch: Branch, table: IndexTable) -> list[Node]:
    """Turn conditions into those that say the same and that indexes have values for, one for a field of one value."""
    nodes: dict[str | Node, Node] = {}
    for node in branch:
        each = _as_mark(_of_the_rest(node, table.choices), table)
        if isinstance(each, Condition) and each.operator in {"=", "in"} and not each.field.is_list:
            known = nodes.get(each.field.name)
            nodes[each.field.name] = _both(known, each) if isinstance(known, Condition) else each
        else:
            nodes[each] = each
    return list(nodes.values())


def _both(one: Condition, other: Condition) -> Condition:
    """Join two conditions that name values of one field, which has one of them at most."""
    values = tuple(each for each in one.values if each in other.values)
    return Condition(one.field, "=", values[0]) if len(values) == 1 else Condition(one.field, "in", values)


def _is_possible(nodes: Sequence[Node]) -> bool:
    """Return whether no condition is left without any value."""
    return all(not isinstance(node, Condition) or node.values for node in nodes)


def _as_mark(node: Node, table: IndexTable) -> Node:
    """Turn who is responsible into the mark of that, where the index of marks serves for both."""
    if not isinstance(node, Condition) or node.field.name != "responsible_id" or node.operator not in {"=", "in"}:
        return node
    if any(node.field.name in group.fields for group in table.groups) or not all(node.values):
        return node  # it has an index of its own; of no user there is no mark
    return Condition(ACCESS, "in", tuple(mark_of_responsible(str(each)) for each in node.values))


def _of_the_rest(node: Node, choices: Choices) -> Node:
    """Turn what a field is not into what it may be, where that is known."""
    if isinstance(node, Condition) and node.operator in {"!=", "not in"} and choices.values(node.field.name):
        rest = tuple(each for each in choices.values(node.field.name) if each not in node.values)
        return Condition(node.field, "in", rest)
    return node
